// Four sightings a second turned into smooth movement: where to draw every dot at any instant.
//
// Each tick starts a glide from where the dot is drawn now to where it was just seen, as long as ticks have lately been
// apart. A dot is therefore up to one tick late and never ahead of the truth: nothing is extrapolated through a shelf.

const JUMP_M = 6; // farther than anyone walks in a tick: the dot is put there at once

/** A crowd of dots, each known by its small integer. */
export function createCrowd() {
  let dots = new Map(); // n -> {fromX, fromY, toX, toY}
  let startedAt = 0; // of the present glide, ms of performance.now()
  let spanMs = 250; // how long a glide takes: the smoothed time between ticks

  /** How far the glide has come at `now`, in [0, 1]. */
  const progress = (now) => Math.max(0, Math.min(1, (now - startedAt) / spanMs));

  return {
    /** Takes `[[n, x, y], …]` in metres; whoever is missing has left. With `still` nothing glides. */
    tick(sightings, now, still) {
      const share = progress(now);
      const apart = now - startedAt;
      if (apart > 60 && apart < 1500) spanMs += (apart - spanMs) * 0.2;
      startedAt = now;
      const next = new Map();
      for (const [n, x, y] of sightings) {
        const dot = dots.get(n) ?? { fromX: x, fromY: y, toX: x, toY: y };
        const shownX = dot.fromX + (dot.toX - dot.fromX) * share;
        const shownY = dot.fromY + (dot.toY - dot.fromY) * share;
        const jumps = still || Math.hypot(x - shownX, y - shownY) > JUMP_M;
        dot.fromX = jumps ? x : shownX;
        dot.fromY = jumps ? y : shownY;
        dot.toX = x;
        dot.toY = y;
        next.set(n, dot);
      }
      dots = next;
    },
    /** Calls `draw(n, x, y)` for every dot, in metres, as it stands at `now`. */
    forEach(now, draw) {
      const share = progress(now);
      for (const [n, dot] of dots) {
        draw(n, dot.fromX + (dot.toX - dot.fromX) * share, dot.fromY + (dot.toY - dot.fromY) * share);
      }
    },
    /** Where dot `n` was last seen, as `[x, y]`, or null. */
    seen(n) {
      const dot = dots.get(n);
      return dot ? [dot.toX, dot.toY] : null;
    },
    /** Whether anything still glides at `now`. */
    moves: (now) => dots.size > 0 && progress(now) < 1,
    size: () => dots.size,
    clear() {
      dots = new Map();
    },
  };
}
