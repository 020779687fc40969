// The engine's statistics turned into the header's numbers, the legend's count and the engine card.

import { byId, count } from "./page.js";

const HEADER = ["in_store", "sharing", "sent", "opened", "accepted", "redeemed", "silent"];

function put(id, text) {
  const element = byId(id);
  if (element.textContent !== text) element.textContent = text;
}

/** The numbers; `clock` writes event times. */
export function createNumbers(clock) {
  return {
    /** Once a second: what the engine counted. */
    stats(stats) {
      for (const name of HEADER) put(`n-${name}`, count(stats[name] ?? 0));
      put("n-latency", stats.sent && stats.latency_p95_ms !== null ? `${count(stats.latency_p95_ms)} ms` : "–");
      put("e-positions", count(stats.positions_per_s ?? 0));
      put("e-broker", stats.broker);
      byId("e-broker").className = stats.broker === "connected" ? "is-good" : "is-warn";
      const refused = Object.entries(stats.refused ?? {}).filter(([, times]) => times > 0);
      put("e-refused", refused.length ? refused.map(([reason, times]) => `${count(times)} ${reason.replace("_", " ")}`).join(", ") : "none");
      const problems = stats.rule_problems ?? [];
      const paused = Object.entries(stats.rules_paused ?? {}).map(([rule, why]) => `${rule} has paused itself: ${why}`);
      const said = [...problems, ...paused];
      const short = problems.length ? "new ones refused" : `${paused.length} paused`;
      put("e-rules", said.length ? short : (stats.rules_version ?? "–"));
      byId("e-rules").className = said.length ? "is-warn" : "";
      put("e-problems", said.join("\n"));
      byId("e-problems").hidden = said.length === 0;
      const unseen = (stats.in_store ?? 0) - (stats.sharing ?? 0);
      put("counted", unseen > 0 ? `${count(unseen)} more ${unseen === 1 ? "is" : "are"} counted, never drawn` : "");
    },
    /** The store's own clock, from event time. */
    clock(ts) {
      put("clock", clock.seconds(ts));
    },
  };
}
