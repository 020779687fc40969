// The little geometry that the pages need: rings in metres, and how metres become pixels.
//
// A ring is a list of [x, y]; x grows to the east and y to the north, as in the store's own frame.

/** How metres become CSS pixels when `bounds` is to fill `width` x `height` with a margin around it. */
export function fitView([west, south, east, north], width, height, margin) {
  const scale = Math.min((width - 2 * margin) / (east - west), (height - 2 * margin) / (north - south));
  const left = (width - scale * (east - west)) / 2;
  const top = (height - scale * (north - south)) / 2;
  return {
    scale,
    width,
    height,
    x: (metres) => left + (metres - west) * scale,
    y: (metres) => top + (north - metres) * scale,
    toMetres: (px, py) => [west + (px - left) / scale, north - (py - top) / scale],
  };
}

/** The box around a ring, as [west, south, east, north]. */
export function boxOf(ring) {
  const xs = ring.map((point) => point[0]);
  const ys = ring.map((point) => point[1]);
  return [Math.min(...xs), Math.min(...ys), Math.max(...xs), Math.max(...ys)];
}

/** Whether a point is inside a ring (even-odd rule). */
export function isInside(ring, x, y) {
  let inside = false;
  for (let i = 0, j = ring.length - 1; i < ring.length; j = i, i += 1) {
    const [ax, ay] = ring[i];
    const [bx, by] = ring[j];
    if (ay > y !== by > y && x < ((bx - ax) * (y - ay)) / (by - ay) + ax) inside = !inside;
  }
  return inside;
}
