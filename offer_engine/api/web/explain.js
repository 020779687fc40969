// One decision turned into a checklist: every check in the order it was made, with what it found.
//
// The latest decision is explained by itself, but never so fast that nobody can read it: each stays for a while, an offer
// longer than a silence, a followed shopper's longest. A decision that somebody picked stays until they let go.

import { subjectOf, toneOf } from "./decisions.js";
import { byId, make } from "./page.js";

const STAYS_MS = { silent: 4000, holdout: 4000, offer: 12_000 };
const FOLLOWED_STAYS_MS = 25_000;
const MARKS = new Map([[true, ["✓", "passed", "yes"]], [false, ["✗", "failed", "no"]], [null, ["–", "skipped", "not asked"]]]);

/** The explanation panel; `onShow(id)` says which decision is on it. */
export function createExplanation(onShow) {
  let shown = null;
  let isPicked = false;
  let staysUntil = 0; // performance.now() ms
  let latest = null;

  function draw(decision) {
    shown = decision;
    const subject = subjectOf(decision);
    const place = decision.zone_label ? ` in ${decision.zone_label}` : "";
    byId("why-title").textContent = `${decision.label}${place}${subject ? `: ${subject}` : ""}`;
    byId("why-title").title = byId("why-title").textContent;
    drawVerdict();
    byId("why-sentence").textContent = decision.sentence;
    byId("why-checks").replaceChildren(...decision.checks.map(drawCheck));
    byId("why-empty").hidden = true;
    onShow(decision.id);
  }

  function drawVerdict() {
    const verdict = byId("why-verdict");
    verdict.textContent = shown.verdict;
    verdict.className = toneOf(shown);
  }

  function drawCheck({ ok, label, detail }) {
    const [mark, name, spoken] = MARKS.get(ok);
    return make("li", { class: name },
      make("span.mark", { "aria-hidden": "true" }, mark),
      make("span", {}, make("span.out-of-sight", {}, `${spoken}: `), label),
      make("span.detail", {}, detail));
  }

  function settle(decision, isFollowed) {
    staysUntil = performance.now() + (isFollowed ? FOLLOWED_STAYS_MS : STAYS_MS[decision.outcome]);
    draw(decision);
  }

  byId("why-latest").addEventListener("click", () => {
    isPicked = false;
    byId("why-latest").hidden = true;
    if (latest) settle(latest, false);
  });

  return {
    /** A new decision: explained at once if the present one has been up long enough, or matters less. */
    offer(decision, isFollowed) {
      latest = decision;
      if (isPicked) return;
      const outranks = decision.outcome === "offer" && (isFollowed || shown?.outcome !== "offer");
      if (!shown || outranks || performance.now() > staysUntil) settle(decision, isFollowed);
    },
    /** Somebody asked for this one. */
    pick(decision) {
      isPicked = true;
      byId("why-latest").hidden = false;
      draw(decision);
    },
    /** The verdict of the decision on show may have changed. */
    refresh(decision) {
      if (shown && decision?.id === shown.id) drawVerdict();
    },
    /** Starts over with the newest of these decisions (newest first), if there is any. */
    reset(decisions) {
      latest = decisions[0] ?? null;
      if (isPicked) return;
      const newest = decisions.find((decision) => decision.outcome === "offer") ?? latest;
      if (newest) settle(newest, false);
    },
  };
}
