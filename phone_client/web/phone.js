// The phone page: asks first, then walks, shops and answers offers.
//
// Start here. Before the shopper has agreed to anything there is no shopper: `POST /api/phones` is sent by the start button.
// After that `session.js` holds what is known, and this file hands its events to the parts of the page.
// `?shopper=dave` on the demo's own machine makes this Dave's phone.

import { openFeed } from "/static/feed.js";
import { byId, clockWriter, make, moneyWriter, wantsStillness } from "/static/page.js";
import { createBuzzer } from "/p/static/buzz.js";
import { createCart } from "/p/static/cart.js";
import { openMemory } from "/p/static/memory.js";
import { createOffers } from "/p/static/offers.js";
import { createPrivacy } from "/p/static/privacy.js";
import { createSession } from "/p/static/session.js";
import { createWalk } from "/p/static/walk.js";

const asked = new URLSearchParams(location.search).get("shopper");
const memory = openMemory(asked);
const buzzer = createBuzzer(memory);
const map = await fetchMap();

byId("store").textContent = map.label;
byId("start-store").textContent = map.label;
document.title = `${map.label} · offers while you shop`;
if (memory.shopper) open();
else askFirst(history.state?.note);

async function fetchMap() {
  for (let wait = 500; ; wait = Math.min(8000, wait * 2)) {
    try {
      const answer = await fetch("/api/map");
      if (answer.ok) return await answer.json();
    } catch {
      // the engine may not be up yet
    }
    say("lost", "no connection", "The store does not answer. Trying again…");
    await new Promise((resolve) => setTimeout(resolve, wait));
  }
}

/** The word in the header, and the line below it when something is wrong. */
function say(state, word, banner = "") {
  byId("connection").dataset.state = state;
  byId("connection-text").textContent = word;
  byId("banner").textContent = banner;
  byId("banner").hidden = !banner;
}

function askFirst(note = "") {
  const form = byId("start-form");
  say("connecting", "not started");
  byId("start").hidden = false;
  byId("start-note").textContent = note;
  byId("start-note").hidden = !note;
  const ticked = () => ["location", "basket", "history"].filter((name) => form.elements[name].checked);
  form.addEventListener("change", () => {
    const n = ticked().length;
    byId("start-chosen").textContent = n ? `Start with ${n === 3 ? "these three" : n === 1 ? "this one" : "these two"}` : "Start without sharing";
  });
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const isAll = event.submitter?.value === "all";
    buzzer.prepare();
    join(Object.fromEntries(["location", "basket", "history"].map((name) => [name, isAll || form.elements[name].checked])));
  });
}

async function join(consents) {
  say("connecting", "joining");
  const options = { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(asked ? { shopper: asked } : {}) };
  try {
    const answer = await fetch("/api/phones", options);
    if (!answer.ok) throw new Error(answer.status === 403 ? "Only the demo's own machine can be somebody by name." : `The store answered ${answer.status}.`);
    Object.assign(memory, await answer.json());
  } catch (error) {
    say("lost", "no connection", `Could not join. ${error instanceof TypeError ? "The store does not answer." : error.message}`);
    return;
  }
  memory.save();
  byId("start").hidden = true;
  open(consents);
}

/** Connects and brings the page to life; `consents` is what was just agreed to, if anything. */
function open(consents = null) {
  const money = moneyWriter(map.currency);
  const clock = clockWriter(map.timezone);
  const labels = new Map(map.categories.map(({ key, label }) => [key, label]));
  const words = { money, now: () => session.now(), minutes: clock.minutes, category: (key) => labels.get(key) ?? key };
  let zone = "";

  const session = createSession(memory, (message) => feed.send(message), {
    offers: (cards) => offers.draw(cards),
    choices() {
      if (isForgetting && session.isSettled()) {
        feed.send({ type: "bye" });
        startOver();
        return;
      }
      privacy.draw();
      cart.draw();
      walk.redraw();
      offers.draw(session.cards());
      const { location: isShared, basket } = session.choices();
      byId("not-sharing").hidden = isShared;
      if (basket && !sawBasket) cart.retell();
      sawBasket = basket;
    },
    arrived(offer) {
      showTab("walk");
      byId("sheet").close();
      const card = offers.element(offer.id);
      card?.scrollIntoView({ block: "nearest", behavior: wantsStillness() ? "auto" : "smooth" });
      buzzer.buzz(offer.vibrate, card);
      byId("spoken").textContent = `Offer: ${offer.title}. ${offer.benefit}. ${offer.reason}`;
    },
    here(here) {
      zone = here.zone;
      byId("place").textContent = zone ? `In ${here.zone_label}` : "Between the departments";
    },
    explained: () => {},
    refused: () => startOver("This store does not know this phone any more. Please start again."),
  });
  let sawBasket = false;
  let isForgetting = false;
  const offers = createOffers(session, words);
  const cart = createCart(map, memory, { tell: session.cart, money, isAllowed: () => session.choices().basket, zoneHere: () => zone });
  const walk = createWalk(byId("map"), map, memory, { tell: session.moved, isShared: () => session.choices().location });
  const privacy = createPrivacy(session, memory, buzzer, words, () => {
    isForgetting = true; // and is done once the store has answered: a withdrawal that was never heard is none
    session.consent({ location: false, basket: false, history: false });
  });

  const feed = openFeed("/ws/phone", {
    onOpen: () => feed.send(session.hello()),
    onMessage: session.receive,
    onState({ state }) {
      if (state === "live") say("live", "connected");
      if (state === "connecting") say("connecting", "connecting");
      if (state !== "lost") return;
      session.disconnected();
      say("lost", "offline", "No connection to the store. Trying again by itself; what you do here is kept.");
    },
  });

  function startOver(note = "") {
    feed.close();
    memory.forget();
    history.replaceState({ note }, ""); // outlives the reload, and nothing else
    location.reload();
  }

  wirePage(feed, session, offers, walk);
  if (consents) session.consent(consents);
  offers.draw(session.cards());
  privacy.draw();
}

function wirePage(feed, session, offers, walk) {
  const zones = map.zones.filter((zone) => zone.kind !== "service").sort((a, b) => a.label.localeCompare(b.label));
  byId("go-to").append(...zones.map((zone) => make("option", { value: zone.key }, zone.label)));
  byId("go-to").addEventListener("change", (event) => {
    const ring = map.zones.find((zone) => zone.key === event.target.value)?.polygons[0];
    if (ring) walk.goTo(...middle(ring));
    event.target.value = "";
  });
  byId("share-now").addEventListener("click", () => session.consent({ location: true }));
  for (const name of ["walk", "privacy"]) byId(`tab-${name}`).addEventListener("click", () => showTab(name));
  byId("tabs").hidden = false;
  showTab("walk");
  setInterval(() => {
    session.tick();
    offers.tick();
  }, 1000);
  document.addEventListener("visibilitychange", () => {
    session.tick();
    if (!document.hidden && byId("connection").dataset.state === "lost") feed.retry();
  });
  addEventListener("online", () => feed.retry());
}

function showTab(name) {
  for (const other of ["walk", "privacy"]) {
    byId(other).hidden = other !== name;
    if (other === name) byId(`tab-${other}`).setAttribute("aria-current", "page");
    else byId(`tab-${other}`).removeAttribute("aria-current");
  }
}

/** A point well inside a ring's box; the walk takes the nearest free place to it. */
function middle(ring) {
  const xs = ring.map((point) => point[0]);
  const ys = ring.map((point) => point[1]);
  return [(Math.min(...xs) + Math.max(...xs)) / 2, (Math.min(...ys) + Math.max(...ys)) / 2];
}
