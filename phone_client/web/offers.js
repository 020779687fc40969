// Offers turned into cards: the product, the benefit, the reason, and every way to answer, "not for me" included.
//
// The reason names the personal data it rests on, each with its own off-switch, so that a shopper who minds can say so where
// they mind.

import { byId, isReminder, make } from "/static/page.js";

const SIGNALS = { location: "where you are", basket: "your cart", history: "what you bought before" };
const LISTED = new Intl.ListFormat("en-GB"); // a, b and c

/** The cards; `words` has {money, now, category(key)}, `session` takes what the shopper does. */
export function createOffers(session, words) {
  const parent = byId("offers");
  let open = new Set(); // offers whose reasons are unfolded
  let drawn = new Set(); // offers already on the page: only a new one slides in

  function timeLeft(offer) {
    const seconds = Math.max(0, Math.round((offer.expires_at - words.now()) / 1000));
    return seconds >= 90 ? `for ${Math.round(seconds / 60)} more minutes` : `for ${seconds} more seconds`;
  }

  function drawPrice(offer) {
    if (offer.offer_price_cents >= offer.price_cents) return make("p.price", {}, words.money(offer.price_cents));
    return make("p.price", {}, make("s", {}, words.money(offer.price_cents)), " ", make("strong", {}, words.money(offer.offer_price_cents)));
  }

  function button(text, action, style = "button") {
    return make(style, { type: "button", onclick: action }, text);
  }

  function drawAnswers({ offer, state }) {
    const show = button(isReminder(offer) ? "Thanks, I will get it" : "Show my code", () => accept(offer.id), "button.button.primary.wide");
    const why = make("button.button", { type: "button", "aria-expanded": String(open.has(offer.id)), onclick: () => toggleWhy(offer.id) }, "Why this?");
    const no = button("Not for me", () => session.act(offer.id, "not_for_me"), "button.button");
    return make("div.answers", {}, state === "accepted" ? null : show, why, no);
  }

  function accept(id) {
    session.act(id, "accepted");
    reveal(id);
  }

  /** Brings a card that has grown back into sight. */
  function reveal(id) {
    parent.querySelector(`[data-offer="${id}"]`)?.scrollIntoView({ block: "nearest" });
  }

  function toggleWhy(id) {
    if (open.has(id)) open.delete(id);
    else {
      open.add(id);
      session.act(id, "opened");
      session.why(id);
    }
    draw(session.cards());
    reveal(id);
  }

  function drawWhy({ offer, why }) {
    const because = why ? why.because.map((line) => make("li", {}, line)) : [make("li.muted", {}, "Asking the store…")];
    const switches = offer.signals
      .filter((signal) => session.choices()[signal])
      .map((signal) => button(`Don't use ${SIGNALS[signal]}`, () => session.consent({ [signal]: false }), "button.button.small"));
    const rests = LISTED.format(offer.signals.map((signal) => SIGNALS[signal]));
    return make("div.why", {}, make("p", {}, "You see this because:"), make("ul", {}, ...because), make("p.muted", {}, `It rests on ${rests}.`), make("div.buttons", {}, ...switches));
  }

  function drawRefusal({ offer }) {
    const category = words.category(offer.category);
    return make("article.card.pad.offer.over", {},
      make("h3", {}, "Not for you, noted"),
      make("p.muted", {}, `You will not get this offer of ${offer.title} again.`),
      make("div.buttons", {},
        button(`No more ${category}`, () => {
          session.mute("category", offer.id);
          session.putAway(offer.id);
        }, "button.button"),
        button("Close", () => session.putAway(offer.id), "button.button")));
  }

  function drawCard(card) {
    const { offer, state } = card;
    if (state === "not_for_me") return drawRefusal(card);
    const close = make("button.close", { type: "button", "aria-label": `Dismiss ${offer.title}`, onclick: () => session.act(offer.id, "dismissed") }, "×");
    const element = make("article.card.pad.offer", { "data-offer": offer.id, "data-state": state, "aria-label": `Offer: ${offer.title}` },
      state === "accepted" ? null : close,
      make("h3", {}, offer.title),
      offer.benefit ? make("p.benefit", {}, offer.benefit) : null,
      drawPrice(offer),
      make("p", {}, offer.reason));
    if (state === "accepted" && isReminder(offer)) {
      element.append(make("p.muted", {}, "Noted. There is nothing to show at the till."));
    } else if (state === "accepted") {
      element.append(make("p.muted", {}, "Show this code at the till"), make("p.code", { "aria-label": `Code ${[...offer.code].join(" ")}` }, offer.code));
    }
    element.append(drawAnswers(card));
    if (open.has(offer.id)) element.append(drawWhy(card));
    element.append(make("p.muted.left", {}, `${offer.zone_label} · ${timeLeft(offer)}`));
    return element;
  }

  function draw(cards) {
    const focused = parent.contains(document.activeElement) ? document.activeElement.textContent : null;
    const shown = cards.filter((card) => card.state !== "dismissed").reverse();
    open = new Set([...open].filter((id) => shown.some((card) => card.offer.id === id)));
    parent.replaceChildren(...shown.map(drawCard));
    for (const { offer } of shown) if (!drawn.has(offer.id)) parent.querySelector(`[data-offer="${offer.id}"]`)?.classList.add("new");
    drawn = new Set(shown.map((card) => card.offer.id));
    byId("no-offers").hidden = shown.length > 0;
    if (focused) [...parent.querySelectorAll("button")].find((candidate) => candidate.textContent === focused)?.focus();
  }

  return {
    draw,
    /** A second passed: the remaining times are written again, nothing else is touched. */
    tick() {
      for (const { offer } of session.cards()) {
        const left = parent.querySelector(`[data-offer="${offer.id}"] .left`);
        if (left) left.textContent = `${offer.zone_label} · ${timeLeft(offer)}`;
      }
    },
    /** The card of an offer, if it is on the page. */
    element: (id) => parent.querySelector(`[data-offer="${id}"]`),
  };
}
