"""One trip drawn as SVG: the floor with the true way and the fixes, one moment's belief, and the zones over time."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from shapely import MultiPolygon, Polygon

from bench.zones.fixes import Case, fixes_of
from bench.zones.methods import admitted, believed
from bench.zones.run import Ground, Walked
from bench.zones.trips import STEP_MS
from bench.zones.truth import Stay, reported_stays
from offer_engine.core.belief import Belief, masses, observe, places, zone_shares
from offer_engine.core.geofence import Kind
from offer_engine.core.store_map import StoreMap, Zone
from offer_engine.messages import Position

PX_PER_M = 16.0
ROW_PX, LABEL_PX, PAD_PX = 16, 150, 24
BIN_S = 3  # of the strips of probability
FAINT = 0.08  # probability that is not drawn
LEGEND = "In a row: true visits (green), probability (violet), stays reported (violet line), sure enough to push (red)."
INK, TRUE, SEEN, BELIEVED, PUSHED = "#1d2733", "#0f766e", "#b45309", "#4338ca", "#be123c"


@dataclass(frozen=True, slots=True)
class Told:
    """What the engine made of one trip."""

    fixes: tuple[Position, ...]
    beliefs: tuple[Belief, ...]  # one per fix
    stays: tuple[Stay, ...]
    pushes: tuple[Stay, ...]


def tell(ground: Ground, one: Walked, case: Case) -> Told:
    """Follow one trip."""
    fixes = tuple(admitted(fixes_of(one.trip, case, ground.walls, one.seed)))
    beliefs: list[Belief] = []
    for fix in fixes:
        beliefs.append(observe(ground.model, beliefs[-1] if beliefs else None, fix))
    crossed = believed(ground.model, ground.zones, fixes, one.end_ms)
    stays = reported_stays(crossed, one.end_ms)
    return Told(fixes, tuple(beliefs), stays, reported_stays(crossed, one.end_ms, of=Kind.DWELL))


def draw(store: StoreMap, ground: Ground, one: Walked, case: Case) -> str:
    """The picture of one trip, as the text of an SVG file."""
    told = tell(ground, one, case)
    west, south, east, north = store.level.bounds
    width, height = (east - west) * PX_PER_M, (north - south) * PX_PER_M
    shown = {visit.zone for visit in one.visits} | {stay.zone for stay in told.stays}
    keys = [key for key in store.zones if key in shown]
    total = height + len(keys) * ROW_PX + 5 * PAD_PX
    moment = told.pushes[len(told.pushes) // 2].enter if told.pushes else told.fixes[len(told.fixes) // 2].ts
    box = f"0 0 {width + 2 * PAD_PX:.0f} {total:.0f}"
    floor_at = f"translate({PAD_PX - west * PX_PER_M:.1f} {PAD_PX + north * PX_PER_M:.1f})"
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="{box}" font-family="system-ui, sans-serif" font-size="11">',
        f'<rect width="100%" height="100%" fill="#fff"/><g fill="{INK}">',
        f'<text x="{PAD_PX}" y="16">{_caption(case, one)}</text></g>',
        f'<g transform="{floor_at} scale({PX_PER_M:g} {-PX_PER_M:g})">',
        *_floor(store),
        *_way(one, told),
        *_cloud(ground, told, moment),
        "</g>",
        f'<g transform="translate({PAD_PX} {height + 2 * PAD_PX:.0f})">',
        *_strips(ground, one, told, keys, width, moment),
        "</g></svg>",
    ]
    return "\n".join(lines) + "\n"


def _caption(case: Case, one: Walked) -> str:
    minutes = (one.end_ms - one.trip.start_ms) / 60_000
    return (
        f"One trip of {minutes:.0f} minutes, {case.noise} error of sigma {case.sigma_m:g} m: true way (green), "
        "fixes (ochre), belief at the moment of the dashed line (violet)."
    )


def _floor(store: StoreMap) -> Iterable[str]:
    yield f'<path d="{_rings([store.level])}" fill="#f8fafc" stroke="#94a3b8" stroke-width=".1"/>'
    for zone in store.zones.values():
        yield f'<path d="{_zone(zone)}" fill="#e2e8f0" fill-opacity=".6" stroke="#cbd5e1" stroke-width=".05"/>'
    yield f'<path d="{_rings(fixture.area for fixture in store.fixtures)}" fill="#94a3b8"/>'


def _way(one: Walked, told: Told) -> Iterable[str]:
    second = one.trip.places[:: 1000 // STEP_MS].tolist()
    way = "L".join(f"{x:.1f} {y:.1f}" for x, y in second)
    dots = "".join(f"M{fix.x:.1f} {fix.y:.1f}h0" for fix in told.fixes)
    yield f'<path d="{dots}" stroke="{SEEN}" stroke-opacity=".35" stroke-width=".3" stroke-linecap="round"/>'
    yield f'<path d="M{way}" fill="none" stroke="{TRUE}" stroke-width=".18" stroke-linejoin="round"/>'


def _cloud(ground: Ground, told: Told, moment: int) -> Iterable[str]:
    """The belief at one moment, and a ring round the fix of that moment."""
    index = next(number for number, fix in enumerate(told.fixes) if fix.ts >= moment)
    belief, fix = told.beliefs[index], told.fixes[index]
    shares = masses(belief).sum(axis=0)
    for cell, share in zip(places(belief).tolist(), (shares / shares.max()).tolist(), strict=True):
        if share > FAINT:
            x, y = ground.model.x[cell] - 0.25, ground.model.y[cell] - 0.25
            yield f'<path d="M{x:.2f} {y:.2f}h.5v.5h-.5z" fill="{BELIEVED}" fill-opacity="{0.75 * share:.2f}"/>'
    yield f'<circle cx="{fix.x:.2f}" cy="{fix.y:.2f}" r=".35" fill="none" stroke="{SEEN}" stroke-width=".15"/>'


def _strips(ground: Ground, one: Walked, told: Told, keys: Sequence[str], width: float, moment: int) -> Iterable[str]:
    """A row a zone: true visits as green bars, probability as a violet strip, reported stays and pushes as lines."""
    start, per_ms = one.trip.start_ms, (width - LABEL_PX) / (one.end_ms - one.trip.start_ms)

    def at(ts: int) -> float:
        return LABEL_PX + (ts - start) * per_ms

    shares = [(fix.ts, zone_shares(ground.model, belief)) for fix, belief in zip(told.fixes, told.beliefs, strict=True)]
    numbers = {key: number for number, key in enumerate(ground.model.zones)}
    for row, key in enumerate(keys):
        top = row * ROW_PX
        yield f'<text x="0" y="{top + 11}" fill="{INK}">{ground.zones[key].label.replace("&", "&amp;")}</text>'
        for visit in (visit for visit in one.visits if visit.zone == key):
            yield _bar(at(visit.start), top + 1, at(visit.end), 4, TRUE, 1.0)
        for ts, share in shares[::BIN_S]:
            if (chance := float(share[numbers[key]])) > FAINT:
                yield _bar(at(ts), top + 6, at(ts + BIN_S * 1000), 3, BELIEVED, chance)
        for stays, colour, drop in ((told.stays, BELIEVED, 10), (told.pushes, PUSHED, 12)):
            for stay in (stay for stay in stays if stay.zone == key):
                yield _bar(at(stay.enter), top + drop, at(stay.exit), 1.5, colour, 1.0)
    bottom = len(keys) * ROW_PX
    yield f'<path d="M{at(moment):.1f} 0V{bottom}" stroke="{INK}" stroke-dasharray="2 2"/>'
    yield f'<text x="0" y="{bottom + PAD_PX - 6}" fill="{INK}">{LEGEND}</text>'


def _bar(left: float, top: float, right: float, height: float, colour: str, opacity: float) -> str:
    size = f'width="{max(right - left, 1):.1f}" height="{height:g}"'
    return f'<rect x="{left:.1f}" y="{top:g}" {size} fill="{colour}" fill-opacity="{opacity:.2f}"/>'


def _zone(zone: Zone) -> str:
    return _rings(zone.area.geoms)


def _rings(areas: Iterable[Polygon | MultiPolygon]) -> str:
    rings = []
    for area in areas:
        for polygon in area.geoms if isinstance(area, MultiPolygon) else (area,):
            rings += [ring.coords for ring in (polygon.exterior, *polygon.interiors)]
    return "".join("M" + "L".join(f"{x:g} {y:g}" for x, y in ring) + "Z" for ring in rings)
