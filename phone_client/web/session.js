// One phone without a page: the engine's messages become events, the shopper's acts become messages.
//
// The browser's version of the terminal phone's session, with the same rules. What the shopper does while there is no
// connection is kept and goes out after the next welcome. A choice holds here from the moment it is made, and is said again
// until a welcome has answered it: a lost "stop" is worse than a repeated one. Positions are never kept: an old one is a lie.

/** What each act makes of an offer; an act that is missing changes nothing and sends nothing. */
const ACTS = {
  shown: { opened: "opened", accepted: "accepted", dismissed: "dismissed", not_for_me: "not_for_me" },
  opened: { accepted: "accepted", dismissed: "dismissed", not_for_me: "not_for_me" },
  accepted: { not_for_me: "not_for_me" },
};
const CHOICES = new Set(["mute", "unmute", "consent"]);
const HOUR_MS = 3_600_000;

/** `muted_until` when offers are off for good: the end of the year 9999. */
export const ALWAYS_MS = 253_402_300_799_999;

/**
 * A phone for the shopper in `memory`. `transmit(message)` sends one message and says whether it went; `on` has
 * `offers(cards)`, `arrived(offer)`, `choices(choices)`, `here(zone)`, `explained(id)` and `refused()`.
 */
export function createSession(memory, transmit, on) {
  let isReady = false; // welcomed on the present connection
  let offsetMs = 0; // the engine's clock minus this phone's
  let lastTs = 0;
  let outbox = [];
  let unanswered = []; // choices sent, but no welcome since
  let waiting = []; // offers that came while the page was hidden
  let choices = { location: false, basket: false, history: false, muted_until: null, muted_categories: [] };
  let cards = memory.offers; // [{offer, state, why}], oldest first

  const now = () => Date.now() + offsetMs;

  /** The next timestamp: the engine's clock, and never twice the same or backwards. */
  function stamp() {
    lastTs = Math.max(lastTs + 1, Math.round(now()));
    return lastTs;
  }

  function say(message) {
    outbox.push(message);
    flush();
  }

  function flush() {
    while (isReady && outbox.length && transmit(outbox[0])) {
      const sent = outbox.shift();
      if (CHOICES.has(sent.type)) unanswered.push(sent);
    }
  }

  function keep() {
    memory.offers = cards;
    memory.save();
    on.offers(cards);
  }

  function choose(message) {
    if (message.type === "unmute") choices = { ...choices, muted_until: null, muted_categories: [] };
    if (message.scope === "hour") choices = { ...choices, muted_until: Math.max(choices.muted_until ?? 0, now() + HOUR_MS) };
    if (message.scope === "always") choices = { ...choices, muted_until: ALWAYS_MS };
    if (message.scope === "category") {
      const category = cards.find((card) => card.offer.id === message.offer)?.offer.category;
      if (category) choices = { ...choices, muted_categories: [...new Set([...choices.muted_categories, category])] };
    }
    for (const name of ["location", "basket", "history"]) if (name in message) choices = { ...choices, [name]: message[name] };
    say({ ...message, ts: stamp() });
    on.choices(choices);
  }

  const isMuted = () => choices.muted_until !== null && choices.muted_until > now();
  const isWanted = (offer) =>
    !isMuted() && !choices.muted_categories.includes(offer.category) && offer.signals.every((signal) => choices[signal]);

  function welcomed(welcome) {
    offsetMs = welcome.ts - Date.now();
    if (isReady) unanswered.shift(); // each choice is answered by one welcome, in order
    isReady = true;
    if (!unanswered.length && !outbox.some((message) => CHOICES.has(message.type))) {
      const { location, basket, history, muted_until = null, muted_categories = [] } = welcome;
      choices = { location, basket, history, muted_until, muted_categories };
    }
    flush();
    on.choices(choices);
  }

  function received(offer) {
    if (offer.ts > now()) offsetMs = offer.ts - Date.now(); // a store's day may run faster than ours
    const isKnown = [...cards.map((card) => card.offer), ...waiting].some((known) => known.id === offer.id);
    if (isKnown || offer.id === memory.lastOffer) return;
    memory.lastOffer = offer.id;
    memory.save();
    if (document.hidden) waiting.push(offer);
    else show(offer);
  }

  function show(offer) {
    if (now() > offer.expires_at) {
      say({ type: "receipt", offer: offer.id, event: "expired", ts: stamp() });
    } else if (isWanted(offer)) {
      cards = [...cards, { offer, state: "shown", why: null }];
      say({ type: "receipt", offer: offer.id, event: "shown", ts: stamp() });
      keep();
      on.arrived(offer);
    }
  }

  const handlers = {
    welcome: welcomed,
    offer: received,
    here(here) {
      if (here.ts > now()) offsetMs = here.ts - Date.now();
      on.here(here);
    },
    explanation(explanation) {
      cards = cards.map((card) => (card.offer.id === explanation.offer ? { ...card, why: explanation } : card));
      keep();
      on.explained(explanation.offer);
    },
    refused(refused) {
      unanswered = []; // an answer of its own kind: what was refused once is not said again
      if (refused.reason === "token") on.refused();
    },
    bye() {},
  };

  return {
    now,
    /** A socket is open: what to say first. */
    hello: () => ({ type: "hello", shopper: memory.shopper, token: memory.token, last_offer: memory.lastOffer }),
    /** One message of the engine. */
    receive: (message) => handlers[message.type]?.(message),
    /** The connection is gone: choices that were not answered will be said again. */
    disconnected() {
      isReady = false;
      outbox = [...unanswered, ...outbox];
      unanswered = [];
    },
    /** The shopper did something with an offer: opened, accepted, dismissed or not_for_me. */
    act(id, event) {
      const card = cards.find((candidate) => candidate.offer.id === id);
      const next = card && ACTS[card.state]?.[event];
      if (!next) return;
      cards = cards.map((candidate) => (candidate === card ? { ...card, state: next } : candidate));
      say({ type: "receipt", offer: id, event, ts: stamp() });
      keep();
    },
    /** Asks for the reasons behind an offer. */
    why: (id) => say({ type: "why", offer: id }),
    /** Changes what the store may use: `{location?, basket?, history?}`. */
    consent: (change) => choose({ type: "consent", ...change }),
    mute: (scope, offer = null) => choose(offer ? { type: "mute", scope, offer } : { type: "mute", scope }),
    unmute: () => choose({ type: "unmute" }),
    choices: () => choices,
    /** Whether the engine has heard and answered every choice made here. */
    isSettled: () => isReady && !unanswered.length && !outbox.some((message) => CHOICES.has(message.type)),
    isMuted,
    /** Tells where the dot is; said now or never. */
    moved(x, y) {
      if (isReady && choices.location) transmit({ type: "moved", ts: stamp(), x, y });
    },
    /** Tells the whole cart; only the latest is kept while there is no connection. */
    cart(rev, items) {
      outbox = outbox.filter((message) => message.type !== "cart");
      if (choices.basket) say({ type: "cart", ts: stamp(), rev, items });
    },
    /** Time passes: offers past their time vanish, and what waited for the page is shown. */
    tick() {
      const alive = cards.filter((card) => now() <= card.offer.expires_at && card.state !== "dismissed");
      if (alive.length !== cards.length) {
        cards = alive;
        keep();
      }
      if (document.hidden) return;
      for (const offer of waiting.splice(0)) show(offer);
    },
    /** The shopper puts a finished card away. */
    putAway(id) {
      cards = cards.filter((card) => card.offer.id !== id);
      keep();
    },
    cards: () => cards,
  };
}
