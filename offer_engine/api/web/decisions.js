// Decisions turned into a log: newest on top, offers only or all, each row a button that explains its decision.
//
// Rows do not move under the pointer or the keyboard: while somebody is in the list, new decisions wait, and a word beside the
// title says how many. Many decisions in one frame are drawn together.

import { byId, make } from "./page.js";

const KEPT = 120; // rows; older ones are in the ledger

/** How an outcome is coloured: kept in words too, so colour is never the only sign. */
export const toneOf = (decision) => ({ offer: "is-good", holdout: "is-control" })[decision.outcome] ?? "is-warn";

/** What a decision was about, in one line. */
export function subjectOf(decision) {
  if (!decision.title) return "";
  return decision.benefit ? `${decision.title}, ${decision.benefit}` : decision.title;
}

/** The log; `onPick(decision)` is called when somebody asks for one to be explained. */
export function createLog(clock, onPick) {
  const box = byId("log-box");
  const list = byId("log");
  const empty = byId("log-empty");
  const heldCount = byId("log-held");
  const rows = new Map(); // decision id -> {decision, item, button, verdict}, oldest first
  let held = []; // decisions that wait until nobody is in the list
  let fresh = []; // decisions to draw in the next frame
  let offersOnly = false;
  let colourOf = () => -1;
  let currentId = null;

  function draw(decision) {
    const who = make("span.who", {}, decision.label);
    const colour = colourOf(decision.shopper);
    if (colour >= 0) who.classList.add(`who-${colour % 3}`);
    const subject = subjectOf(decision);
    const verdict = make("span", { class: `verdict ${toneOf(decision)}` }, decision.verdict);
    const button = make("button", { type: "button", class: subject ? null : "bare", onclick: () => onPick(decision) },
      make("span.quiet", {}, clock.seconds(decision.ts)),
      who,
      make("span", {}, decision.zone_label),
      subject ? make("span.title", { title: subject }, subject) : null,
      verdict);
    const item = make("li", { hidden: offersOnly && decision.outcome !== "offer" }, button);
    if (decision.id === currentId) button.setAttribute("aria-current", "true");
    return { decision, item, button, verdict };
  }

  function flush() {
    const batch = fresh.slice(-KEPT);
    fresh = [];
    for (const decision of batch) {
      if (rows.has(decision.id)) continue;
      const row = draw(decision);
      rows.set(decision.id, row);
      list.prepend(row.item);
    }
    for (const [id, row] of rows) {
      if (rows.size <= KEPT) break;
      row.item.remove();
      rows.delete(id);
    }
    showEmptiness();
  }

  function showEmptiness() {
    const isListed = [...rows.values()].some((row) => !row.item.hidden);
    empty.hidden = isListed;
    empty.textContent = rows.size ? "No offer among the latest decisions." : "Nothing decided yet.";
  }

  function release() {
    fresh.push(...held);
    held = [];
    heldCount.hidden = true;
    flush();
  }

  const canHover = matchMedia("(hover: hover)"); // on a touch screen the last tap would seem to hover for ever
  const isOccupied = () => (canHover.matches && box.matches(":hover")) || box.querySelector(":focus-visible") !== null;
  box.addEventListener("pointerleave", () => isOccupied() || release());
  box.addEventListener("focusout", () => requestAnimationFrame(() => isOccupied() || release()));
  box.addEventListener("keydown", (event) => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (!step) return;
    const buttons = [...list.querySelectorAll("li:not([hidden]) button")];
    buttons[buttons.indexOf(document.activeElement) + step]?.focus();
    event.preventDefault();
  });
  for (const [id, only] of [["log-all", false], ["log-offers", true]]) {
    byId(id).addEventListener("click", () => {
      offersOnly = only;
      byId("log-all").setAttribute("aria-pressed", String(!only));
      byId("log-offers").setAttribute("aria-pressed", String(only));
      for (const { decision, item } of rows.values()) item.hidden = only && decision.outcome !== "offer";
      showEmptiness();
    });
  }

  return {
    /** Starts over with these decisions, newest first; `colours(shopper)` is 0, 1, 2 for a followed one, else -1. */
    reset(decisions, colours) {
      colourOf = colours;
      rows.clear();
      list.replaceChildren();
      held = [];
      heldCount.hidden = true;
      fresh = [...decisions].reverse();
      flush();
    },
    /** One more decision. */
    add(decision) {
      if (isOccupied()) {
        held = [...held, decision].slice(-KEPT);
        heldCount.textContent = `${held.length} new, held while you look`;
        heldCount.hidden = false;
        return;
      }
      if (!fresh.length) requestAnimationFrame(flush);
      fresh.push(decision);
    },
    /** An offer left for its phone: its row says how fast. Returns the decision, or undefined when it is not kept. */
    sent(id, verdict) {
      const row = rows.get(id);
      const decision = row?.decision ?? [...fresh, ...held].find((waiting) => waiting.id === id);
      if (decision) decision.verdict = verdict;
      if (row) row.verdict.textContent = verdict;
      return decision;
    },
    /** Marks the row whose decision is being explained. */
    mark(id) {
      rows.get(currentId)?.button.removeAttribute("aria-current");
      currentId = id;
      rows.get(id)?.button.setAttribute("aria-current", "true");
    },
  };
}
