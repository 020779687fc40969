// Taps and drags on the map turned into a walk: the dot goes round the shelves at a brisk pace and tells where it is.
//
// Twice a second on the way, once a second while standing, because staying is what an offer waits for. The pace keeps below the
// engine's speed gate of 3 m/s, so a dot can be sent across the store but never thrown.

import { wantsStillness } from "/static/page.js";
import { drawPlan, readInks } from "/static/plan.js";
import { fitView } from "/static/shapes.js";
import { createRoutes } from "/p/static/route.js";

const PACE_M_S = 1.8;
const WALKING_MS = 500;
const STANDING_MS = 1000;
const STAYS_MS = 30 * 60_000; // a visit is over after so long without a word, and the next begins at the door
const KEYS = { ArrowUp: [0, 1], ArrowDown: [0, -1], ArrowLeft: [-1, 0], ArrowRight: [1, 0] };

/**
 * The walk on `canvas`; `tell(x, y)` is called in metres, `isShared()` says whether anybody is told.
 *
 * `memory.place` is where the dot stood last and when, [x, y, ms]: a page that is loaded again goes on from there.
 */
export function createWalk(canvas, map, memory, { tell, isShared }) {
  const context = canvas.getContext("2d");
  const picture = document.createElement("canvas");
  const routes = createRoutes(map);
  let inks = readInks();
  let view = null;
  let sharp = 1;
  let at = lastPlace(memory, map) ?? startingPoint(map, routes);
  let way = []; // points still to walk through
  let steppedAt = 0;
  let toldAt = 0;
  let asked = 0;

  function resize() {
    const { width } = canvas.getBoundingClientRect();
    if (width < 10) return;
    const [west, south, east, north] = map.bounds;
    const height = (width * (north - south)) / (east - west);
    canvas.style.height = `${height}px`;
    sharp = Math.min(3, devicePixelRatio || 1);
    for (const surface of [canvas, picture]) {
      surface.width = Math.round(width * sharp);
      surface.height = Math.round(height * sharp);
    }
    view = fitView(map.bounds, width, height, 3);
    const pen = picture.getContext("2d");
    pen.setTransform(sharp, 0, 0, sharp, 0, 0);
    drawPlan(pen, map, view, inks);
    draw();
  }

  function draw() {
    if (!view) return;
    context.setTransform(sharp, 0, 0, sharp, 0, 0);
    context.clearRect(0, 0, view.width, view.height);
    context.drawImage(picture, 0, 0, view.width, view.height);
    const [px, py] = [view.x(at[0]), view.y(at[1])];
    if (way.length) drawWay(px, py);
    disc(px, py, 15, inks.accent, 0.22);
    disc(px, py, 9, inks.rim, 1);
    disc(px, py, 7, isShared() ? inks.accent : inks.wall, 1);
  }

  function drawWay(px, py) {
    context.beginPath();
    context.moveTo(px, py);
    for (const [x, y] of way) context.lineTo(view.x(x), view.y(y));
    context.setLineDash([3, 5]);
    context.lineWidth = 2.5;
    context.strokeStyle = inks.accent;
    context.stroke();
    context.setLineDash([]);
    const [x, y] = way.at(-1);
    disc(view.x(x), view.y(y), 4, inks.pulse, 1);
  }

  function disc(px, py, radius, colour, alpha) {
    context.globalAlpha = alpha;
    context.beginPath();
    context.arc(px, py, radius, 0, 2 * Math.PI);
    context.fillStyle = colour;
    context.fill();
    context.globalAlpha = 1;
  }

  /** Moves the dot along its way by the time that has passed. */
  function step(now) {
    let left = (PACE_M_S * Math.min(1000, now - steppedAt)) / 1000;
    steppedAt = now;
    while (way.length && left > 0) {
      const [x, y] = way[0];
      const away = Math.hypot(x - at[0], y - at[1]);
      if (away <= left) {
        at = way.shift();
        left -= away;
      } else {
        at = [at[0] + ((x - at[0]) * left) / away, at[1] + ((y - at[1]) * left) / away];
        left = 0;
      }
    }
  }

  function frame(now) {
    asked = 0;
    if (!wantsStillness()) {
      step(now);
      draw();
    }
    if (way.length) asked = requestAnimationFrame(frame);
  }

  /** Called often: tells where the dot is when it is time to. */
  function report() {
    const now = performance.now();
    if (wantsStillness() || document.hidden) {
      step(now);
      draw();
    }
    if (now - toldAt < (way.length ? WALKING_MS : STANDING_MS) - 20) return;
    toldAt = now;
    keep();
    tell(Math.round(at[0] * 100) / 100, Math.round(at[1] * 100) / 100);
  }

  /** Notes where the dot stands, unless it stood there already or the phone is being forgotten. */
  function keep() {
    const [x, y] = memory.place ?? [];
    if (!memory.shopper || (x === at[0] && y === at[1])) return;
    memory.place = [...at, Date.now()];
    memory.save();
  }

  function goTo(x, y) {
    way = routes.between(at, [x, y]);
    steppedAt = performance.now();
    draw();
    if (!asked) asked = requestAnimationFrame(frame);
  }

  let soughtAt = 0;
  function pointed(event) {
    const now = performance.now();
    if (event.type === "pointermove" && (!canvas.hasPointerCapture(event.pointerId) || now - soughtAt < 120)) return;
    if (event.type === "pointerdown") canvas.setPointerCapture(event.pointerId);
    soughtAt = now;
    const box = canvas.getBoundingClientRect();
    goTo(...view.toMetres(event.clientX - box.left, event.clientY - box.top));
  }

  for (const type of ["pointerdown", "pointermove", "pointerup"]) canvas.addEventListener(type, pointed);
  canvas.addEventListener("keydown", (event) => {
    const way = KEYS[event.key];
    if (!way) return;
    event.preventDefault();
    goTo(at[0] + way[0] * 1.5, at[1] + way[1] * 1.5);
  });
  new ResizeObserver(resize).observe(canvas);
  document.documentElement.addEventListener("themechange", () => {
    inks = readInks();
    resize();
  });
  setInterval(report, WALKING_MS / 2);

  return { goTo, redraw: draw, place: () => at };
}

/** Where the dot of this visit stood last, if it did and the plan still has the place. */
function lastPlace(memory, map) {
  const [x, y, ms] = memory.place ?? [];
  const [west, south, east, north] = map.bounds;
  const isHere = x >= west && x <= east && y >= south && y <= north;
  return isHere && Date.now() - ms < STAYS_MS ? [x, y] : null;
}

/** Just inside the first door in. */
function startingPoint(map, routes) {
  const door = map.openings.find((opening) => opening.direction !== "out") ?? map.openings[0];
  const [[ax, ay], [bx, by]] = door?.line ?? [map.level[0], map.level[1]];
  const [west, south, east, north] = map.bounds;
  const [x, y] = [(ax + bx) / 2, (ay + by) / 2];
  const [dx, dy] = [(west + east) / 2 - x, (south + north) / 2 - y];
  const away = Math.hypot(dx, dy) || 1;
  return routes.nearest(x + dx / away, y + dy / away);
}
