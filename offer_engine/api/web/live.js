// The live page: the feed's messages handed to the floor, the phones, the log and the numbers.
//
// Start here. `/api/map` is fetched once; then everything comes over one websocket, and each message type has one line in
// the table below. Pausing closes the feed, so that nothing piles up; resuming opens it again and gets a new snapshot.

import { createLog } from "./decisions.js";
import { createExplanation } from "./explain.js";
import { openFeed } from "./feed.js";
import { createFloor } from "./floor.js";
import { createNotice } from "./notice.js";
import { createNumbers } from "./numbers.js";
import { byId, clockWriter, moneyWriter } from "./page.js";
import { createPhones } from "./phones.js";
import { zoneAt } from "./plan.js";

const SILENCE_MS = 8000; // the feed ticks four times a second: this long without a word is a lost connection

const notice = createNotice();
const map = await fetchMap();
const clock = clockWriter(map.timezone);
const floor = createFloor(byId("floor"));
const numbers = createNumbers(clock);
const explanation = createExplanation((id) => log.mark(id));
const log = createLog(clock, explanation.pick);
const words = { store: () => map.label, money: moneyWriter(map.currency), clock };
const phones = createPhones(byId("phones"), words, (text) => {
  byId("spoken").textContent = text;
});
let followed = [];

function showStore() {
  document.title = `${map.label} · live store`;
  byId("store").textContent = map.label;
  byId("floor").setAttribute("aria-label", `Floor plan of ${map.label} with a dot for every shopper who shares a location`);
  byId("qr").src = "/api/qr.svg";
  byId("join-url").href = map.join_url;
  byId("join-url").textContent = map.join_url.replace(/^https?:\/\//, "");
  byId("join-note").hidden = !/^https?:\/\/(127\.|localhost|\[::1\])/.test(map.join_url);
  floor.setMap(map);
}

/** Fetches the floor plan, and keeps trying: the page may be open before the engine is up. */
async function fetchMap() {
  for (let attempt = 1; ; attempt += 1) {
    try {
      const answer = await fetch("/api/map");
      if (answer.ok) return await answer.json();
      notice.loadFailed(`The engine answered ${answer.status}.`, attempt);
    } catch {
      notice.loadFailed("The engine does not answer.", attempt);
    }
    await notice.nextTry(Math.min(8000, 500 * 2 ** attempt));
  }
}

const isFollowed = (shopper) => followed.some((person) => person.shopper === shopper);

function placeOf(shopper) {
  const seen = floor.placeOf(shopper);
  if (!seen) return "not on the floor";
  const zone = zoneAt(map, ...seen);
  return zone ? `in ${zone.label}` : "between zones";
}

const handlers = {
  snapshot(message) {
    floor.clear();
    handlers.followed(message);
    phones.clock(message.ts);
    log.reset(message.decisions, (shopper) => followed.findIndex((person) => person.shopper === shopper));
    explanation.reset(message.decisions);
    numbers.stats({ ...message.stats, broker: message.broker });
    notice.broker(message.broker);
    numbers.clock(message.ts);
  },
  followed(message) {
    followed = message.followed.slice(0, 3);
    floor.follow(followed);
    phones.reset(followed, message.phones);
  },
  tick(message) {
    floor.tick(message);
    numbers.clock(message.ts);
    phones.clock(message.ts);
    phones.places(placeOf);
    notice.crowd(message.dots.length);
  },
  stats(message) {
    numbers.stats(message);
    notice.broker(message.broker);
    notice.inStore(message.in_store);
    phones.notes(message.notes ?? {});
  },
  decision(message) {
    log.add(message);
    explanation.offer(message, isFollowed(message.shopper));
    if (message.outcome === "offer") floor.pulse(message.n, message.zone);
  },
  sent(message) {
    explanation.refresh(log.sent(message.decision, `Sent in ${Math.max(1, Math.round(message.latency_ms))} ms`));
  },
  phone: phones.update,
};

showStore();
const feed = openFeed("/ws/live", {
  onMessage: (message) => handlers[message.type]?.(message),
  onState: notice.connection,
  silenceMs: SILENCE_MS,
});
notice.onRetry(feed.retry);

let isPaused = false;
byId("pause").addEventListener("click", () => {
  isPaused = !isPaused;
  byId("pause").setAttribute("aria-pressed", String(isPaused));
  byId("pause").textContent = isPaused ? "Resume" : "Pause";
  if (isPaused) feed.close();
  else feed.reopen();
});
