// The cart sheet: products of a zone to take, what is in the cart, and the whole cart told to the store after each change.

import { byId, make } from "/static/page.js";

/**
 * The cart kept in `memory`. `tell(rev, items)` sends it; `money` writes cents; `isAllowed()` is whether the store may see it;
 * `zoneHere()` is the key of the zone the shopper stands in, or "".
 */
export function createCart(map, memory, { tell, money, isAllowed, zoneHere }) {
  const sheet = byId("sheet");
  const zones = map.zones.filter((zone) => zone.kind !== "service");
  byId("shelf-zone").append(...zones.map((zone) => make("option", { value: zone.key }, zone.label)));

  const pieces = () => memory.cart.reduce((sum, line) => sum + line.qty, 0);

  function change(product, by) {
    const line = memory.cart.find((candidate) => candidate.sku === product.sku);
    if (line) line.qty += by;
    else if (by > 0) memory.cart.push({ sku: product.sku, name: product.name, price_cents: product.price_cents, qty: by });
    memory.cart = memory.cart.filter((candidate) => candidate.qty > 0);
    changed();
  }

  function changed() {
    memory.rev += 1;
    memory.save();
    report();
    draw();
  }

  function report() {
    tell(memory.rev, memory.cart.map(({ sku, qty }) => ({ sku, qty })));
  }

  function drawLine(line) {
    const less = make("button.button.round", { type: "button", "aria-label": `One ${line.name} less`, onclick: () => change(line, -1) }, "−");
    const more = make("button.button.round", { type: "button", "aria-label": `One more ${line.name}`, onclick: () => change(line, 1) }, "+");
    return make("li", {}, make("span.grow", {}, line.name, make("small", {}, money(line.price_cents * line.qty))), less, make("output", {}, String(line.qty)), more);
  }

  function draw() {
    byId("cart-count").textContent = pieces() ? `· ${pieces()}` : "";
    byId("cart-lines").replaceChildren(...memory.cart.map(drawLine));
    byId("cart-empty").hidden = memory.cart.length > 0;
    byId("cart-clear").hidden = memory.cart.length === 0;
    const total = memory.cart.reduce((sum, line) => sum + line.qty * line.price_cents, 0);
    byId("cart-total").textContent = memory.cart.length ? `Together ${money(total)}` : "";
    byId("cart-private").hidden = isAllowed();
  }

  async function drawShelf() {
    const zone = byId("shelf-zone").value;
    const shelf = byId("shelf");
    shelf.replaceChildren(make("li.muted", {}, "Looking…"));
    let products;
    try {
      const answer = await fetch(`/api/products?zone=${encodeURIComponent(zone)}`);
      products = answer.ok ? await answer.json() : null;
    } catch {
      products = null;
    }
    if (zone !== byId("shelf-zone").value) return; // another shelf was asked for meanwhile
    if (!products) shelf.replaceChildren(make("li.warning", {}, "The store does not answer. ", make("button.link", { type: "button", onclick: drawShelf }, "Try again")));
    else if (!products.length) shelf.replaceChildren(make("li.muted", {}, "Nothing is sold here."));
    else shelf.replaceChildren(...products.map(drawProduct));
  }

  function drawProduct(product) {
    const take = make("button.button.small", { type: "button", "aria-label": `Take ${product.name}`, onclick: () => change(product, 1) }, "Take");
    return make("li", {}, make("span.grow", {}, product.name, make("small", {}, money(product.price_cents))), take);
  }

  byId("shelf-zone").addEventListener("change", drawShelf);
  byId("sheet-close").addEventListener("click", () => sheet.close());
  byId("cart-clear").addEventListener("click", () => {
    memory.cart = [];
    changed();
  });
  sheet.addEventListener("click", (event) => {
    if (event.target === sheet) sheet.close(); // the backdrop
  });
  byId("open-cart").addEventListener("click", () => {
    const here = zoneHere();
    if (zones.some((zone) => zone.key === here)) byId("shelf-zone").value = here;
    draw();
    drawShelf();
    sheet.showModal();
  });
  draw();

  return {
    draw,
    /** Says the cart again, for instance after the store was allowed to see it; an untouched cart is not worth a word. */
    retell() {
      if (memory.rev) report();
    },
  };
}
