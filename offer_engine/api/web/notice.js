// Every state the floor can be in, in words: loading, empty, connection lost, broker lost, paused.
//
// One notice over the floor and one short word in the header; the floor is dimmed when what it shows may be old, but
// not when paused: somebody wants to point at it.

import { byId } from "./page.js";

const EMPTY_AFTER_TICKS = 8; // two seconds without a dot before the store is called empty

/** The notices of the live page. */
export function createNotice() {
  const box = byId("notice");
  const stage = box.parentElement;
  let link = { state: "connecting", attempt: 0, retryAt: 0 };
  let broker = "connected";
  let emptyTicks = 0;
  let inStore = 0;
  let countdown = 0;
  let retry = () => {};

  function show(title, text, { dimmed = true, canRetry = false, aside = false } = {}) {
    box.hidden = !title;
    byId("notice-title").textContent = title;
    byId("notice-text").textContent = text;
    byId("notice-text").hidden = !text;
    byId("notice-retry").hidden = !canRetry;
    box.classList.toggle("aside", aside);
    stage.classList.toggle("dimmed", Boolean(title) && dimmed);
  }

  function word(state, text) {
    byId("connection").dataset.state = state;
    if (byId("connection-text").textContent !== text) byId("connection-text").textContent = text;
  }

  function lostText() {
    const left = Math.ceil((link.retryAt - performance.now()) / 1000);
    return link.retryAt && left > 0 ? `The engine does not answer. Trying again in ${left} s.` : "Trying to reach the engine…";
  }

  function draw() {
    clearInterval(countdown);
    if (link.state === "lost") {
      word("lost", "connection lost");
      show("Connection lost", lostText(), { canRetry: true });
      countdown = setInterval(() => {
        byId("notice-text").textContent = lostText();
      }, 500);
    } else if (link.state === "closed") {
      word("paused", "paused");
      show("Paused", "The store goes on; Resume shows it as it is then.", { dimmed: false, aside: true });
    } else if (link.state === "connecting") {
      word("connecting", "connecting");
      show("Connecting to the store…", "");
    } else if (broker !== "connected") {
      word("broker-lost", "broker lost");
      show("The broker is gone", "No positions arrive. The engine keeps trying to connect.");
    } else if (emptyTicks >= EMPTY_AFTER_TICKS) {
      word("live", "live");
      const others = inStore ? `${inStore} in the store, but nobody shares a location.` : "Nobody is here yet.";
      show(inStore ? "Nobody to draw" : "The store is empty", `${others} Scan the code and walk in yourself.`, { dimmed: false });
    } else {
      word("live", "live");
      show("", "");
    }
  }

  byId("notice-retry").addEventListener("click", () => retry());

  return {
    /** The floor plan could not be fetched. */
    loadFailed(text, attempt) {
      word("lost", "no floor plan");
      show("The floor plan is not here yet", `${text} Trying again (attempt ${attempt + 1}).`, { canRetry: true });
    },
    /** Resolves after `waitMs`, or as soon as somebody presses the button. */
    nextTry(waitMs) {
      return new Promise((resolve) => {
        retry = resolve;
        setTimeout(resolve, waitMs);
      });
    },
    /** What the button does from now on. */
    onRetry(action) {
      retry = action;
    },
    /** The feed's state changed. */
    connection(next) {
      link = next;
      emptyTicks = 0;
      draw();
    },
    /** The engine's own connection to the broker: "connected" or "lost". */
    broker(next) {
      if (next === broker) return;
      broker = next;
      draw();
    },
    /** How many dots the last tick had. */
    crowd(dots) {
      const was = emptyTicks;
      emptyTicks = dots ? 0 : Math.min(EMPTY_AFTER_TICKS, emptyTicks + 1);
      if ((was >= EMPTY_AFTER_TICKS) !== (emptyTicks >= EMPTY_AFTER_TICKS)) draw();
    },
    /** How many are in the store, drawn or not. */
    inStore(people) {
      if (people === inStore) return;
      inStore = people;
      if (emptyTicks >= EMPTY_AFTER_TICKS) draw();
    },
  };
}
