// Ticks and offers turned into the moving floor: dots, followed shoppers with badges and trails, amber rings for offers.
//
// One canvas. The plan under the dots is drawn once per size and theme; a frame is one copy, one stamp for every dot, and the
// few things that glow. Frames are drawn only while something moves.

import { createCrowd } from "./crowd.js";
import { wantsStillness } from "./page.js";
import { drawPlan, readInks, trace } from "./plan.js";
import { fitView } from "./shapes.js";

const TRAIL_MS = 12_000;
const RING_MS = 2_400;
const ZONE_GLOW_MS = 3_200;
const FRAME_MS = 25; // every second frame of 60 Hz: at walking pace a dot moves under a pixel in one, and the work is halved
const BADGE_PX = 11;

/** Turns a canvas into a floor; it draws nothing until `setMap`. */
export function createFloor(canvas) {
  const context = canvas.getContext("2d", { alpha: false });
  const picture = document.createElement("canvas"); // the plan, drawn once
  const dotPicture = document.createElement("canvas");
  const crowd = createCrowd();
  const trails = new Map(); // shopper -> [{at, x, y}], oldest first, metres
  let map = null;
  let view = null;
  let inks = readInks();
  let followed = []; // [{shopper, letter, n}], in the order of the phones
  let rings = []; // {n, at}: an offer just sent to a dot
  let glows = []; // {zone, at}: an offer just sent in a zone
  let sharp = 1; // canvas pixels per CSS pixel
  let drawnAt = 0;
  let asked = 0; // the animation frame that is under way

  function resize() {
    const { width, height } = canvas.getBoundingClientRect();
    if (!map || width < 10 || height < 10) return;
    sharp = Math.min(2, devicePixelRatio || 1);
    for (const surface of [canvas, picture]) {
      surface.width = Math.round(width * sharp);
      surface.height = Math.round(height * sharp);
    }
    view = fitView(map.bounds, width, height, 6);
    const pen = picture.getContext("2d", { alpha: false });
    pen.setTransform(sharp, 0, 0, sharp, 0, 0);
    pen.fillStyle = inks.page;
    pen.fillRect(0, 0, width + 1, height + 1); // a canvas is whole pixels, its box need not be
    drawPlan(pen, map, view, inks);
    drawDotPicture();
    context.setTransform(sharp, 0, 0, sharp, 0, 0);
    wake();
  }

  const dotRadius = () => Math.max(3.2, Math.min(5.5, view.scale * 0.24));

  /** One dot, drawn once and stamped for everyone: filling a path of five hundred arcs nearly doubled the page's work. */
  function drawDotPicture() {
    const reach = Math.ceil(dotRadius() + 2);
    dotPicture.width = dotPicture.height = 2 * reach * sharp;
    const pen = dotPicture.getContext("2d");
    pen.setTransform(sharp, 0, 0, sharp, 0, 0);
    for (const [colour, radius] of [[inks.rim, dotRadius() + 1.2], [inks.dot, dotRadius()]]) {
      pen.beginPath();
      pen.arc(reach, reach, radius, 0, 2 * Math.PI);
      pen.fillStyle = colour;
      pen.fill();
    }
  }

  function wake() {
    if (!asked) asked = requestAnimationFrame(frame);
  }

  function frame(now) {
    asked = 0;
    if (!view) return;
    if (now - drawnAt < FRAME_MS) {
      wake();
      return;
    }
    drawnAt = now;
    context.drawImage(picture, 0, 0, picture.width / sharp, picture.height / sharp);
    rings = rings.filter((ring) => now - ring.at < RING_MS);
    glows = glows.filter((glow) => now - glow.at < ZONE_GLOW_MS);
    const still = wantsStillness();
    drawGlows(now, still);
    if (!still) drawTrails(now);
    drawDots(now, still);
    if (crowd.moves(now) || rings.length || glows.length) wake();
  }

  function drawGlows(now, still) {
    for (const { zone, at } of glows) {
      const left = still ? 1 : 1 - (now - at) / ZONE_GLOW_MS;
      context.beginPath();
      for (const outline of zone.polygons) trace(context, view, outline);
      context.globalAlpha = 0.18 * left;
      context.fillStyle = inks.pulse;
      context.fill();
      context.globalAlpha = Math.min(1, left * 1.6);
      context.strokeStyle = inks.pulse;
      context.lineWidth = 3;
      context.stroke();
    }
    context.globalAlpha = 1;
  }

  function drawTrails(now) {
    context.lineWidth = 3;
    context.lineCap = "butt";
    followed.forEach(({ shopper }, i) => {
      const trail = trails.get(shopper) ?? [];
      context.strokeStyle = inks.who[i % inks.who.length];
      for (let k = 1; k < trail.length; k += 1) {
        context.globalAlpha = Math.max(0, 0.75 * (1 - (now - trail[k].at) / TRAIL_MS));
        context.beginPath();
        context.moveTo(view.x(trail[k - 1].x), view.y(trail[k - 1].y));
        context.lineTo(view.x(trail[k].x), view.y(trail[k].y));
        context.stroke();
      }
    });
    context.globalAlpha = 1;
  }

  function drawDots(now, still) {
    const badges = new Map(followed.map((person, i) => [person.n, { ...person, colour: inks.who[i % inks.who.length] }]));
    const ringed = new Map(rings.map((ring) => [ring.n, ring.at]));
    const special = [];
    const half = dotPicture.width / sharp / 2;
    crowd.forEach(now, (n, x, y) => {
      const px = view.x(x);
      const py = view.y(y);
      if (badges.has(n) || ringed.has(n)) special.push([n, px, py]);
      if (!badges.has(n)) context.drawImage(dotPicture, px - half, py - half, 2 * half, 2 * half);
    });
    for (const [n, px, py] of special) {
      if (ringed.has(n)) drawRing(px, py, still ? 0.35 : Math.max(0, now - ringed.get(n)) / RING_MS);
      if (badges.has(n)) drawBadge(px, py, badges.get(n));
    }
  }

  /** Two waves, one after the other; `share` is how far the whole has come. */
  function drawRing(px, py, share) {
    context.strokeStyle = inks.pulse;
    for (const wave of [(share * 2) % 1, (share * 2 + 0.5) % 1]) {
      context.globalAlpha = 1 - wave;
      context.lineWidth = 4 - 2 * wave;
      context.beginPath();
      context.arc(px, py, dotRadius() + 4 + wave * 26, 0, 2 * Math.PI);
      context.stroke();
    }
    context.globalAlpha = 1;
  }

  function drawBadge(px, py, { letter, colour }) {
    context.beginPath();
    context.arc(px, py, BADGE_PX, 0, 2 * Math.PI);
    context.fillStyle = colour;
    context.fill();
    context.lineWidth = 2.5;
    context.strokeStyle = inks.rim;
    context.stroke();
    context.fillStyle = inks.onWho;
    context.font = "700 12px system-ui, sans-serif";
    context.textAlign = "center";
    context.textBaseline = "middle";
    context.fillText(letter, px, py + 0.5);
  }

  function extendTrails(now) {
    for (const { shopper, n } of followed) {
      const seen = crowd.seen(n);
      const trail = (trails.get(shopper) ?? []).filter((point) => now - point.at < TRAIL_MS);
      const last = trail.at(-1);
      if (seen && (!last || last.x !== seen[0] || last.y !== seen[1])) trail.push({ at: now, x: seen[0], y: seen[1] });
      trails.set(shopper, seen ? trail : []);
    }
  }

  new ResizeObserver(resize).observe(canvas);
  document.documentElement.addEventListener("themechange", () => {
    inks = readInks();
    resize();
  });

  return {
    /** The store to draw, as `/api/map` describes it. */
    setMap(next) {
      map = next;
      resize();
    },
    /** Whom the phones belong to: `[{shopper, label}]`, in order. */
    follow(people) {
      followed = people.map(({ shopper, label }) => ({ shopper, letter: label.slice(0, 1).toUpperCase(), n: null }));
      trails.clear();
    },
    /** One tick of the feed. */
    tick({ dots, followed: numbers }) {
      const now = performance.now();
      extendTrails(now); // before the tick: the trail follows where the dot has been drawn, not where it will be
      crowd.tick(dots, now, wantsStillness());
      for (const person of followed) person.n = numbers[person.shopper] ?? null;
      wake();
    },
    /** Rings the dot and lights the zone of an offer that was just sent. */
    pulse(n, zoneKey) {
      const at = performance.now();
      const zone = map?.zones.find((candidate) => candidate.key === zoneKey);
      rings.push({ n, at });
      if (zone) glows = [...glows.filter((glow) => glow.zone !== zone), { zone, at }];
      wake();
    },
    /** Where a followed shopper was last seen, as `[x, y]` in metres, or null. */
    placeOf(shopper) {
      const person = followed.find((candidate) => candidate.shopper === shopper);
      return person?.n === null || person?.n === undefined ? null : crowd.seen(person.n);
    },
    size: crowd.size,
    /** Forgets every dot, for instance after a lost connection. */
    clear() {
      crowd.clear();
      trails.clear();
      wake();
    },
  };
}
