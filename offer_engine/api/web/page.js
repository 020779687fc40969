// Small words of the pages: making elements, and writing times, money and counts the way people read them.
//
// Text always goes in as text nodes, never as HTML, so nothing that a store or a shopper is called can become markup.

/**
 * Makes an element: `make("p.reason", {title: "…"}, "text", child)`.
 * Attributes that are null, undefined or false are left out; `true` gives an empty attribute.
 */
export function make(tagAndClasses, attributes = {}, ...children) {
  const [tag, ...classes] = tagAndClasses.split(".");
  const element = document.createElement(tag);
  if (classes.length) element.className = classes.join(" ");
  for (const [name, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else element.setAttribute(name, value === true ? "" : String(value));
  }
  element.append(...children.filter((child) => child !== null && child !== undefined && child !== ""));
  return element;
}

/** The element with this id; a page without it is a mistake of ours, so it fails loudly. */
export function byId(id) {
  const element = document.getElementById(id);
  if (!element) throw new Error(`the page lacks #${id}`);
  return element;
}

/** Writes money in `currency` (ISO 4217), given cents. */
export function moneyWriter(currency) {
  const format = new Intl.NumberFormat("en", { style: "currency", currency });
  return (cents) => format.format(cents / 100);
}

/** Writes event times (ms since the epoch) as the store's clock shows them; without a zone, as this browser's does. */
export function clockWriter(timeZone) {
  const zone = timeZone ? { timeZone } : {};
  const writer = (options) => {
    const format = new Intl.DateTimeFormat("en-GB", { ...zone, ...options });
    return (ts) => format.format(ts);
  };
  return {
    seconds: writer({ hour: "2-digit", minute: "2-digit", second: "2-digit" }),
    minutes: writer({ hour: "2-digit", minute: "2-digit" }),
    day: writer({ weekday: "long", day: "numeric", month: "long" }),
  };
}

/** Whether an offer only reminds: nothing is off its price, so there is no code to show at the till. */
export const isReminder = (offer) => !offer.benefit && offer.offer_price_cents >= offer.price_cents;

/** 1234 as "1,234". */
export const count = new Intl.NumberFormat("en", { maximumFractionDigits: 0 }).format;

/** Whether the visitor asked for less motion; asked each time, because the answer may change. */
export const wantsStillness = () => matchMedia("(prefers-reduced-motion: reduce)").matches;
