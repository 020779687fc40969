// A zone's outline and its name turned into a place for the name: inside the zone, off the shelves, as large as fits.
//
// Tried in order: sizes from large to small; one line before two; lying before standing, except in a narrow aisle, whose
// names all stand so that a row of aisles reads alike. A name that fits nowhere is left out rather than drawn over another.

import { isInside } from "./shapes.js";

const FAMILY = 'system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", "DejaVu Sans", sans-serif';
const PAD = 5; // CSS pixels kept free around a name
const STEP = 4; // CSS pixels between places tried
const SMALLEST = 9; // CSS pixels: smaller cannot be read on a projector

/** One line, and the two lines that are most nearly equal. */
function wrappings(text) {
  const words = text.split(" ");
  const splits = words.slice(1).map((_, i) => [words.slice(0, i + 1).join(" "), words.slice(i + 1).join(" ")]);
  splits.sort((a, b) => Math.abs(a[0].length - a[1].length) - Math.abs(b[0].length - b[1].length));
  return splits.length ? [[text], splits[0]] : [[text]];
}

function box(ring, view) {
  const xs = ring.map((point) => view.x(point[0]));
  const ys = ring.map((point) => view.y(point[1]));
  return { left: Math.min(...xs), right: Math.max(...xs), top: Math.min(...ys), bottom: Math.max(...ys) };
}

const overlap = (a, b) => a.left < b.right && b.left < a.right && a.top < b.bottom && b.top < a.bottom;

/** The free place nearest to the middle of the zone for a name of this size, or null. */
function freePlace(ring, zone, obstacles, view, wide, high) {
  const middleX = (zone.left + zone.right) / 2;
  const middleY = (zone.top + zone.bottom) / 2;
  let best = null;
  for (let y = zone.top + PAD + high / 2; y <= zone.bottom - PAD - high / 2 + 0.5; y += STEP) {
    for (let x = zone.left + PAD + wide / 2; x <= zone.right - PAD - wide / 2 + 0.5; x += STEP) {
      const away = Math.hypot(x - middleX, y - middleY);
      if (best && away >= best.away) continue;
      const spot = { left: x - wide / 2, right: x + wide / 2, top: y - high / 2, bottom: y + high / 2 };
      if (obstacles.some((obstacle) => overlap(spot, obstacle))) continue;
      const corners = [[spot.left, spot.top], [spot.right, spot.top], [spot.left, spot.bottom], [spot.right, spot.bottom]];
      if (corners.every(([cx, cy]) => isInside(ring, ...view.toMetres(cx, cy)))) best = { x, y, away, spot };
    }
  }
  return best;
}

/**
 * Finds the place for one name. `zone` is {ring, text, kind}, `obstacles` are rings in metres.
 * Returns {x, y, upright, lines, font, leading, ring} in CSS pixels (the ring again in metres), or null.
 */
export function placeLabel(context, zone, obstacles, view) {
  const outline = box(zone.ring, view);
  const near = obstacles.map((ring) => box(ring, view)).filter((obstacle) => overlap(outline, obstacle));
  const wide = outline.right - outline.left;
  const high = outline.bottom - outline.top;
  const directions = high > wide * 1.6 && zone.kind === "aisle" ? [true] : [false, true];
  const weight = zone.kind === "dept" || zone.kind === "promo" ? 600 : 500;
  const largest = Math.max(SMALLEST, Math.min(17, view.scale * (zone.kind === "dept" ? 0.78 : 0.66)));
  for (let size = largest; size >= SMALLEST; size -= 1) {
    const font = `${weight} ${size}px ${FAMILY}`;
    context.font = font;
    for (const lines of wrappings(zone.text)) {
      const length = Math.max(...lines.map((line) => context.measureText(line).width));
      const leading = size * 1.2;
      const depth = leading * lines.length;
      for (const upright of directions) {
        const place = freePlace(zone.ring, outline, near, view, upright ? depth : length, upright ? length : depth);
        if (!place) continue;
        const { left, right, top, bottom } = place.spot;
        const ring = [[left, top], [right, top], [right, bottom], [left, bottom]].map(([x, y]) => view.toMetres(x, y));
        return { x: place.x, y: place.y, upright, lines, font, leading, ring };
      }
    }
  }
  return null;
}
