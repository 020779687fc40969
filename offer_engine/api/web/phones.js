// What happens to offers turned into three phones: a card slides in, the phone shakes, and the card tells how it ended.
//
// The phones are pictures of somebody else's: the buttons on them are drawn, not pressed. The reason is always on the card,
// because an offer that cannot say why it is here should not be.

import { isReminder, make, wantsStillness } from "./page.js";

const FAREWELL_MS = 7000; // how long a card that came to nothing stays to be read
const OVER = new Set(["dismissed", "not_for_me", "expired"]);
const OUTCOMES = {
  sent: "Sent, not shown yet",
  opened: "Opened",
  accepted: "Accepted: shown at the till",
  dismissed: "Swiped away",
  not_for_me: "Not for me. Not shown again.",
  expired: "Expired, gone from the phone",
  redeemed: "✓ Used at the till",
};
const REMINDED = { accepted: "Accepted: on the way to the shelf", redeemed: "✓ Bought" }; // a reminder has no code to use

/**
 * The phones inside `parent`. `words` gives {store, money(cents), clock}; `speak(text)` says what happened to one of them.
 */
export function createPhones(parent, words, speak) {
  let people = new Map(); // shopper -> {person, parts, cards: Map(offer id -> {offer, state, element})}

  function drawPerson({ shopper, label, note }, i) {
    const time = make("div.lock-time");
    const day = make("div.lock-day");
    const cards = make("div.cards");
    const place = make("span.place");
    const footer = make("p.footer", {}, note);
    const phone = make("div.phone", {}, make("div.screen", {}, time, day, cards, footer));
    const letter = make("span.letter", { "aria-hidden": "true" }, label.slice(0, 1).toUpperCase());
    letter.style.background = `var(--who-${i % 3})`;
    const name = make("h3", {}, letter, make("span", {}, label), place);
    parent.append(make("article.person", { "aria-label": `${label}'s phone` }, name, phone));
    return { label, phone, time, day, cards, place, footer, offers: new Map() };
  }

  function drawCard(offer, state) {
    const benefit = make("div.benefit", {}, offer.benefit || words.money(offer.price_cents));
    if (offer.offer_price_cents < offer.price_cents) {
      const before = make("s", {}, words.money(offer.price_cents));
      benefit.append(make("span.price", {}, before, words.money(offer.offer_price_cents)));
    }
    const card = make("div.ticket", { "data-state": state });
    card.append(
      make("div.from", {}, make("span", {}, words.store()), make("span", {}, words.clock.minutes(offer.ts))),
      make("div.title", {}, offer.title),
      benefit,
      make("div.reason", {}, offer.reason),
    );
    if (state === "shown" || state === "opened") card.append(drawActions(offer, state));
    const outcome = isReminder(offer) && state in REMINDED ? REMINDED[state] : OUTCOMES[state];
    if ((state === "accepted" || state === "redeemed") && !isReminder(offer)) card.append(make("div.code", {}, offer.code));
    if (outcome && state !== "opened") card.append(make("div.outcome", {}, outcome));
    if (OVER.has(state)) card.classList.add("over");
    return card;
  }

  function drawActions(offer, state) {
    const yes = isReminder(offer) ? "Thanks, I will get it" : "Show my code";
    const first = make("span.main", {}, state === "opened" ? `Opened · ${yes[0].toLowerCase()}${yes.slice(1)}` : yes);
    return make("div.acts", { "aria-hidden": "true" }, first, make("span", {}, "Why this?"), make("span", {}, "Not for me"));
  }

  function show(person, offer, state) {
    const known = person.offers.get(offer.id);
    const card = drawCard(offer, state);
    if (known) {
      clearTimeout(known.timer);
      card.style.animation = "none"; // it is already on the screen
      known.element.replaceWith(card);
    } else {
      person.cards.prepend(card);
    }
    const entry = { offer, state, element: card, timer: 0 };
    if (OVER.has(state)) entry.timer = setTimeout(() => remove(person, offer.id), FAREWELL_MS);
    person.offers.set(offer.id, entry);
    for (const id of [...person.offers.keys()].slice(0, -1)) if (id !== offer.id) remove(person, id);
  }

  function remove(person, id) {
    const entry = person.offers.get(id);
    if (!entry) return;
    clearTimeout(entry.timer);
    person.offers.delete(id);
    if (wantsStillness() || !entry.element.isConnected || person.offers.size) entry.element.remove();
    else {
      entry.element.classList.add("leaving");
      entry.element.addEventListener("transitionend", () => entry.element.remove(), { once: true });
      setTimeout(() => entry.element.remove(), 1000); // a hidden tab runs no transitions
    }
  }

  /** Shakes a phone through its vibration pattern (ms on, off, on, …), drawn to last long enough to be seen. */
  function buzz(phone, pattern) {
    if (wantsStillness() || !phone.animate) return;
    const shown = pattern.length ? pattern : [200];
    const total = shown.reduce((sum, ms) => sum + ms, 0);
    const stretch = Math.max(1, 900 / total);
    const frames = [];
    let at = 0;
    shown.forEach((ms, i) => {
      const steps = i % 2 ? 1 : Math.max(2, Math.round((ms * stretch) / 45));
      for (let k = 0; k < steps; k += 1) {
        const way = i % 2 ? 0 : k % 2 ? 1 : -1;
        frames.push({ offset: (at + (ms * k) / steps) / total, transform: `translateX(${way * 4}px) rotate(${way * 0.9}deg)` });
      }
      at += ms;
    });
    frames.push({ offset: 1, transform: "none" });
    phone.classList.add("buzzing");
    phone.animate(frames, { duration: total * stretch }).onfinish = () => phone.classList.remove("buzzing");
  }

  return {
    /** Whose phones they are, at most three, and what is on them; replaces what was there. */
    reset(followed, offers) {
      for (const person of people.values()) for (const { timer } of person.offers.values()) clearTimeout(timer);
      parent.replaceChildren();
      const shown = followed.slice(0, 3);
      people = new Map(shown.map((person, i) => [person.shopper, drawPerson(person, i)]));
      if (!people.size) parent.append(make("p.empty", {}, "Nobody is followed on a phone in this store."));
      for (const { shopper, offer, state } of offers) {
        const person = people.get(shopper);
        if (person && !OVER.has(state)) show(person, offer, state);
      }
    },
    /** What each of them shares by now: `{shopper: text}`. */
    notes(texts) {
      for (const [shopper, text] of Object.entries(texts)) {
        const person = people.get(shopper);
        if (person && person.footer.textContent !== text) person.footer.textContent = text;
      }
    },
    /** What just became of an offer on somebody's phone. */
    update({ shopper, offer, state }) {
      const person = people.get(shopper);
      if (!person) return;
      const isNew = !person.offers.has(offer.id);
      if (isNew && OVER.has(state)) return;
      show(person, offer, state);
      if (!isNew) return;
      buzz(person.phone, offer.vibrate);
      speak(`${person.label}: ${offer.title}. ${offer.benefit}. ${offer.reason}`);
    },
    /** The store's clock moved on: lock screens show it, and cards past their time say so. */
    clock(ts) {
      for (const person of people.values()) {
        person.time.textContent = words.clock.minutes(ts);
        person.day.textContent = words.clock.day(ts);
        for (const { offer, state } of [...person.offers.values()]) {
          const isOpen = state === "sent" || state === "shown" || state === "opened" || state === "accepted";
          if (isOpen && ts > offer.expires_at) show(person, offer, "expired");
        }
      }
    },
    /** Where each is: `placeOf(shopper)` gives a zone's name, or a word for being elsewhere. */
    places(placeOf) {
      for (const [shopper, person] of people) {
        const text = placeOf(shopper);
        if (person.place.textContent !== text) person.place.textContent = text;
      }
    },
  };
}
