// The privacy tab: consents, pauses and muted categories as switches and buttons, and forgetting this phone.

import { byId, make } from "/static/page.js";
import { ALWAYS_MS } from "/p/static/session.js";

const CONSENTS = ["location", "basket", "history"];

/** The tab; `words` has {minutes(ts), category(key)}, `onForget()` is called once the shopper is sure. */
export function createPrivacy(session, memory, buzzer, words, onForget) {
  let isSure = false;

  for (const name of CONSENTS) {
    byId(`consent-${name}`).addEventListener("change", (event) => session.consent({ [name]: event.target.checked }));
  }
  byId("mute-hour").addEventListener("click", () => session.mute("hour"));
  byId("mute-always").addEventListener("click", () => session.mute("always"));
  byId("unmute").addEventListener("click", () => session.unmute());
  for (const name of ["buzz", "sound"]) {
    byId(`use-${name}`).checked = memory[name];
    byId(`use-${name}`).addEventListener("change", (event) => {
      memory[name] = event.target.checked;
      memory.save();
      buzzer.prepare();
      if (event.target.checked) buzzer.buzz([120], null);
    });
  }
  if (!buzzer.canVibrate()) byId("buzz-note").textContent = "This browser cannot vibrate; the card shakes instead.";
  byId("forget").addEventListener("click", () => {
    if (isSure) {
      byId("forget").disabled = true;
      byId("forget-note").textContent = "Telling the store. This page forgets as soon as the store has answered.";
      onForget();
      return;
    }
    isSure = true;
    byId("forget").textContent = "Yes, forget this phone";
  });
  byId("forget").addEventListener("blur", () => {
    isSure = false;
    byId("forget").textContent = "Forget this phone";
  });

  function muteText(choices) {
    const parts = [];
    if (choices.muted_until === ALWAYS_MS) parts.push("Offers are off for good.");
    else if (session.isMuted()) parts.push(`Offers are paused until ${words.minutes(choices.muted_until)}.`);
    if (choices.muted_categories.length) parts.push(`Muted: ${choices.muted_categories.map(words.category).join(", ")}.`);
    return parts.join(" ") || "Offers are on.";
  }

  /** One button for each category that was offered lately and is not muted yet. */
  function drawCategories(choices) {
    const latest = new Map(session.cards().map((card) => [card.offer.category, card.offer.id]));
    const rows = [...latest].filter(([category]) => !choices.muted_categories.includes(category));
    byId("categories").replaceChildren(...rows.map(([category, offer]) =>
      make("li", {}, make("button.button", { type: "button", onclick: () => session.mute("category", offer) }, `No more ${words.category(category)}`))));
  }

  return {
    draw() {
      const choices = session.choices();
      for (const name of CONSENTS) byId(`consent-${name}`).checked = choices[name];
      byId("mute-state").textContent = muteText(choices);
      const isAnyMuted = session.isMuted() || choices.muted_categories.length > 0;
      byId("unmute").hidden = !isAnyMuted;
      byId("mute-hour").hidden = session.isMuted();
      byId("mute-always").hidden = choices.muted_until === ALWAYS_MS;
      byId("who").textContent = memory.shopper ?? "";
      drawCategories(choices);
    },
  };
}
