// The floor plan drawn once: walls, zones tinted by what stands in them, shelves, doors and labels that fit.
//
// Used by the live page and, smaller, by the phone page. Metres with y north become pixels with y down; the drawing is kept
// as a picture and copied under the dots, so a frame costs one copy however many shelves a store has.

import { placeLabel } from "./labels.js";
import { boxOf, isInside } from "./shapes.js";

/** Reads the floor's colours from the stylesheet's tokens, for the theme in force. */
export function readInks() {
  const style = getComputedStyle(document.documentElement);
  const ink = (name) => style.getPropertyValue(name).trim();
  const names = ["fresh", "cold", "counter", "rack", "dept", "aisle", "promo", "service"];
  return {
    floor: ink("--floor"),
    wall: ink("--floor-wall"),
    shelf: ink("--floor-shelf"),
    label: ink("--floor-label"),
    edge: ink("--floor-edge"),
    dot: ink("--floor-dot"),
    rim: ink("--floor-dot-rim"),
    pulse: ink("--pulse"),
    accent: ink("--accent"),
    page: ink("--card"),
    who: [ink("--who-0"), ink("--who-1"), ink("--who-2")],
    onWho: ink("--on-who"),
    zones: Object.fromEntries(names.map((name) => [name, ink(`--zone-${name}`)])),
  };
}

/** The zone a point is in, the most telling first (a promo stands before the aisle behind it); null outside all. */
export function zoneAt(map, x, y) {
  const rank = ["promo", "aisle", "dept", "service"];
  const hits = map.zones.filter((zone) => zone.polygons.some((ring) => isInside(ring, x, y)));
  return hits.sort((a, b) => rank.indexOf(a.kind) - rank.indexOf(b.kind))[0] ?? null;
}

const TINT_BY_FIXTURE = { cooler: "cold", freezer: "cold", counter: "counter", rack: "rack", table: "fresh" };

/** A department takes the tint of what stands in or beside it; every other zone that of its kind. */
function tintOf(zone, fixtures) {
  if (zone.kind !== "dept") return zone.kind;
  const reach = 1.2; // metres: a wall of coolers stands beside its zone, not in it
  const votes = new Map();
  for (const ring of zone.polygons) {
    const [west, south, east, north] = boxOf(ring);
    for (const fixture of fixtures) {
      const [fw, fs, fe, fn] = boxOf(fixture.ring);
      const wide = Math.min(east + reach, fe) - Math.max(west - reach, fw);
      const deep = Math.min(north + reach, fn) - Math.max(south - reach, fs);
      const tint = TINT_BY_FIXTURE[fixture.kind];
      if (tint && wide > 0 && deep > 0) votes.set(tint, (votes.get(tint) ?? 0) + wide * deep);
    }
  }
  return [...votes].sort((a, b) => b[1] - a[1])[0]?.[0] ?? "dept";
}

/** Adds a ring to the present path. */
export function trace(context, view, ring) {
  ring.forEach(([x, y], i) => {
    if (i) context.lineTo(view.x(x), view.y(y));
    else context.moveTo(view.x(x), view.y(y));
  });
  context.closePath();
}

function fill(context, view, rings, colour) {
  context.beginPath();
  for (const ring of rings) trace(context, view, ring);
  context.fillStyle = colour;
  context.fill();
}

function outline(context, view, rings, colour, width) {
  context.beginPath();
  for (const ring of rings) trace(context, view, ring);
  context.strokeStyle = colour;
  context.lineWidth = width;
  context.lineJoin = "round";
  context.stroke();
}

function drawOpenings(context, map, view, inks) {
  context.lineCap = "round";
  for (const opening of map.openings) {
    const [[ax, ay], [bx, by]] = opening.line;
    context.beginPath();
    context.moveTo(view.x(ax), view.y(ay));
    context.lineTo(view.x(bx), view.y(by));
    context.strokeStyle = inks.accent;
    context.lineWidth = Math.max(4, view.scale * 0.35);
    context.stroke();
  }
  context.lineCap = "butt";
}

/** A door whose name no zone bears already gets its own label beside the wall, on the inner side. */
function doorLabels(map, view) {
  const spoken = new Set(map.zones.map((zone) => zone.label.toLowerCase()));
  const [west, south, east, north] = map.bounds;
  return map.openings
    .filter((opening) => !spoken.has(opening.label.toLowerCase()))
    .map((opening) => {
      const [[ax, ay], [bx, by]] = opening.line;
      const x = (ax + bx) / 2;
      const y = (ay + by) / 2;
      const inward = [Math.sign((west + east) / 2 - x), Math.sign((south + north) / 2 - y)];
      const upright = Math.abs(bx - ax) < Math.abs(by - ay);
      return { text: opening.label, x: view.x(x) + (upright ? inward[0] * 34 : 0), y: view.y(y) - (upright ? 0 : inward[1] * 14) };
    });
}

function drawLabels(context, map, view, inks) {
  context.fillStyle = inks.label;
  context.textAlign = "center";
  context.textBaseline = "middle";
  const shelves = map.fixtures.map((fixture) => fixture.ring);
  const taken = [];
  for (const zone of [...map.zones].sort((a, b) => (a.kind === "aisle") - (b.kind === "aisle"))) {
    for (const ring of zone.polygons) {
      const label = placeLabel(context, { ring, text: zone.label, kind: zone.kind }, [...shelves, ...taken], view);
      if (!label) continue;
      taken.push(label.ring);
      context.save();
      context.translate(label.x, label.y);
      if (label.upright) context.rotate(-Math.PI / 2);
      context.font = label.font;
      label.lines.forEach((line, i) => context.fillText(line, 0, (i - (label.lines.length - 1) / 2) * label.leading));
      context.restore();
    }
  }
  context.font = "600 12px system-ui, sans-serif";
  for (const door of doorLabels(map, view)) context.fillText(door.text, door.x, door.y);
}

/** Draws the whole plan into `context`, whose unit is the CSS pixel. */
export function drawPlan(context, map, view, inks) {
  fill(context, view, [map.level], inks.floor);
  const order = ["service", "dept", "aisle", "promo"];
  for (const zone of [...map.zones].sort((a, b) => order.indexOf(a.kind) - order.indexOf(b.kind))) {
    fill(context, view, zone.polygons, inks.zones[tintOf(zone, map.fixtures)]);
    outline(context, view, zone.polygons, inks.edge, 1);
  }
  for (const fixture of map.fixtures) fill(context, view, [fixture.ring], inks.shelf);
  outline(context, view, [map.level], inks.wall, Math.max(2, view.scale * 0.18));
  drawOpenings(context, map, view, inks);
  drawLabels(context, map, view, inks);
}
