"""Turns a floor plan into a drawing in SVG: what the live page draws, with a scale, a legend, and mistakes marked.

Everything is laid out here in pixels of the drawing, so that it looks the same in a browser, in an editor and as PNG.
A feature that something is wrong with is outlined in red: where it lies is most of what there is to know.
"""

import cmath
import math
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from xml.sax.saxutils import escape

import numpy as np
import shapely
from shapely import MultiPolygon, Polygon
from shapely.affinity import affine_transform
from shapely.geometry.base import BaseGeometry

from offer_engine.core.floor_parse import Floor
from offer_engine.core.store_map import Fixture, Opening, Zone
from offer_engine.plans.labels import LEADING, Label, letter
from offer_engine.plans.look import FONT, INKS, text_width

MAX_WIDE_PX, MAX_HIGH_PX = 1120.0, 900.0  # of the plan itself, unless that would make it smaller than ...
MIN_PX_PER_M, MAX_PX_PER_M = 14.0, 44.0  # ... an aisle of 2.5 m needs to hold its name
MARGIN_PX = 32.0
HEAD_PX = 62.0
ROW_PX = 26.0  # of the legend
_WALL_PX = 5.0
_REACH_M = 1.2  # a wall of coolers stands beside its zone, not in it
_TINT_OF = {"cooler": "cold", "freezer": "cold", "counter": "counter", "rack": "rack", "table": "fresh"}
_ORDER = ("service", "dept", "aisle", "promo")  # drawn one over the other
_WORD = {
    "fresh": "Fresh food",
    "cold": "Chilled, frozen",
    "counter": "Counters",
    "rack": "Racks",
    "dept": "Departments",
    "aisle": "Aisles",
    "promo": "Promotions",
    "service": "Doors, tills",
}


_FIXTURE_WORD = {"floor-shelf": "Shelves", "floor-wall": "Walls, closed rooms"}


@dataclass(frozen=True, slots=True)
class Plan:
    """What is drawn."""

    title: str
    level: Polygon
    zones: Sequence[Zone]
    fixtures: Sequence[Fixture]
    openings: Sequence[Opening]
    gateways: Sequence[tuple[float, float]]
    wrong: Collection[tuple[str, str]]  # features with a problem, by type and key
    size_m: tuple[float, float]  # of the box around the level in its own frame: east to west, north to south
    north: complex | None  # the direction of north on the plan, of length 1; None where the plan has no tie


@dataclass(frozen=True, slots=True)
class View:
    """How metres become pixels."""

    px: float  # in a metre
    west: float
    north: float

    def x(self, metres: float) -> float:
        """Pixels from the drawing's left edge."""
        return round(MARGIN_PX + (metres - self.west) * self.px, 2)

    def y(self, metres: float) -> float:
        """Pixels from its upper edge."""
        return round(HEAD_PX + (self.north - metres) * self.px, 2)


def plan_of(floor: Floor, title: str, level: Polygon, wrong_lines: Collection[int]) -> Plan:
    """What there is to draw of a floor, with the features on `wrong_lines` of its file marked."""
    north = 1j * floor.tie.turn / abs(floor.tie.turn) if floor.tie else None
    return Plan(
        title=title,
        level=level,
        zones=list(floor.zones.values()),
        fixtures=list(floor.fixtures.values()),
        openings=list(floor.openings.values()),
        gateways=[(gateway.x, gateway.y) for gateway in floor.gateways.values()],
        size_m=(level.bounds[2] - level.bounds[0], level.bounds[3] - level.bounds[1]),
        wrong={feature for feature, line in floor.lines.items() if line in wrong_lines},
        north=north,
    )


def north_up(plan: Plan, north: complex) -> Plan:
    """The plan turned so that `north` points up, as on a map of the town."""
    turn = 1j / north

    def turned(area: BaseGeometry) -> BaseGeometry:
        return affine_transform(area, [turn.real, -turn.imag, turn.imag, turn.real, 0, 0])

    def turned_polygon(area: Polygon) -> Polygon:
        found = turned(area)
        return found if isinstance(found, Polygon) else area

    moved = [complex(*gateway) * turn for gateway in plan.gateways]
    return replace(
        plan,
        level=turned_polygon(plan.level),
        zones=[replace(zone, area=MultiPolygon(turned(zone.area))) for zone in plan.zones],
        fixtures=[replace(fixture, area=turned_polygon(fixture.area)) for fixture in plan.fixtures],
        openings=[replace(opening, line=turned(opening.line)) for opening in plan.openings],
        gateways=[(place.real, place.imag) for place in moved],
        north=1j,
    )


def svg(plan: Plan) -> str:
    """The whole drawing."""
    west, south, east, north = plan.level.bounds
    px = min(MAX_WIDE_PX / (east - west), MAX_HIGH_PX / (north - south), MAX_PX_PER_M)
    px = max(px, MIN_PX_PER_M)
    view = View(px, west, north)
    body, numbered = _body(plan, view)
    wide = max((east - west) * px + 2 * MARGIN_PX, 560.0)
    foot_y = HEAD_PX + (north - south) * px + MARGIN_PX + 4
    foot, high = _foot(plan, view, wide, foot_y, numbered)
    head = _head(plan, wide)
    size = f'width="{wide:.0f}" height="{high:.0f}" viewBox="0 0 {wide:.0f} {high:.0f}"'
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" {size} role="img" font-family="{FONT}">',
        f"<title>{escape(plan.title)}: floor plan</title>",
        f'<rect width="100%" height="100%" fill="{INKS["card"]}"/>',
        *head,
        *body,
        *foot,
        "</svg>",
    ]
    return "\n".join(lines) + "\n"


# --- the plan ---------------------------------------------------------------------------------------------------------


def _body(plan: Plan, view: View) -> tuple[list[str], Sequence[str]]:
    drawn = [_area(plan.level, view, fill=INKS["floor"])]
    for zone in sorted(plan.zones, key=lambda zone: _ORDER.index(zone.kind)):
        tint = tint_of(zone, plan.fixtures)
        name = f"<title>{escape(zone.label)}</title>"
        drawn.append(_area(zone.area, view, fill=INKS[f"zone-{tint}"], stroke=INKS["floor-edge"], inner=name))
    drawn += [_area(fixture.area, view, fill=INKS[_ink_of(fixture)]) for fixture in plan.fixtures]
    drawn.append(_area(plan.level, view, fill="none", stroke=INKS["floor-wall"], width=_WALL_PX))
    drawn += [_door(opening, view) for opening in plan.openings]
    drawn += [_gateway(view.x(x), view.y(y)) for x, y in plan.gateways]
    drawn += _faults(plan, view)
    shelves = [fixture.area for fixture in plan.fixtures]
    over = [zone.area for zone in plan.zones if zone.kind == "promo"]
    marks = [shapely.Point(gateway).buffer(5 / view.px) for gateway in plan.gateways]
    beneath = [zone for zone in plan.zones if zone.kind != "promo"]
    seen = [replace(zone, area=_uncovered(zone.area, over)) for zone in beneath]
    lettering = letter([*seen, *(zone for zone in plan.zones if zone.kind == "promo")], shelves, marks, view.px)
    drawn += [_label(label, view) for label in lettering.labels]
    drawn += _door_names(plan, view)
    return drawn, lettering.numbered


def tint_of(zone: Zone, fixtures: Sequence[Fixture]) -> str:
    """A department takes the tint of what stands in or beside it; every other zone that of its kind."""
    if zone.kind != "dept":
        return zone.kind
    votes: dict[str, float] = {}
    tinting = [fixture for fixture in fixtures if fixture.kind in _TINT_OF]
    west, south, east, north = shapely.bounds([fixture.area for fixture in tinting]).reshape(-1, 4).T
    zone_west, zone_south, zone_east, zone_north = zone.area.bounds
    wide = np.minimum(east, zone_east + _REACH_M) - np.maximum(west, zone_west - _REACH_M)
    high = np.minimum(north, zone_north + _REACH_M) - np.maximum(south, zone_south - _REACH_M)
    shared_m2 = np.maximum(wide, 0.0) * np.maximum(high, 0.0)
    for fixture, shared in zip(tinting, shared_m2.tolist(), strict=True):
        if shared > 0:
            tint = _TINT_OF[fixture.kind]
            votes[tint] = votes.get(tint, 0.0) + shared
    return max(votes, key=lambda tint: votes[tint], default="dept")


def _ink_of(fixture: Fixture) -> str:
    return "floor-wall" if fixture.kind == "wall" else "floor-shelf"


def _uncovered(area: MultiPolygon, over: Sequence[BaseGeometry]) -> MultiPolygon:
    """What is left of a zone between the promotions that are drawn over it; the whole where little is left."""
    rest = area.difference(shapely.union_all(over))
    parts = [part for part in getattr(rest, "geoms", [rest]) if isinstance(part, Polygon) and part.area > 1.0]
    return MultiPolygon(parts) if parts else area


def _faults(plan: Plan, view: View) -> list[str]:
    areas: Mapping[tuple[str, str], BaseGeometry] = {
        **{("geofence", zone.key): zone.area for zone in plan.zones},
        **{("fixture", fixture.key): fixture.area for fixture in plan.fixtures},
        **{("opening", opening.key): opening.line.buffer(0.3) for opening in plan.openings},
    }
    found = [area for feature, area in areas.items() if feature in plan.wrong]
    dashes = ' stroke-dasharray="9 5"'
    return [_area(area, view, fill="none", stroke=INKS["bad"], width=3.0, extra=dashes) for area in found]


def _area(
    area: BaseGeometry,
    view: View,
    *,
    fill: str,
    stroke: str = "none",
    width: float = 1.0,
    extra: str = "",
    inner: str = "",
) -> str:
    path = "".join(_ring(ring, view) for part in _parts(area) for ring in (part.exterior, *part.interiors))
    stroked = f' stroke="{stroke}" stroke-width="{width:g}" stroke-linejoin="round"' if stroke != "none" else ""
    opened = f'<path d="{path}" fill="{fill}" fill-rule="evenodd"{stroked}{extra}'
    return f"{opened}>{inner}</path>" if inner else f"{opened}/>"


def _parts(area: BaseGeometry) -> list[Polygon]:
    return [part for part in getattr(area, "geoms", [area]) if isinstance(part, Polygon)]


def _ring(ring: BaseGeometry, view: View) -> str:
    points = [f"{view.x(x):g} {view.y(y):g}" for x, y in ring.coords]
    return f"M{'L'.join(points[:-1])}Z"


def _door(opening: Opening, view: View) -> str:
    points = [f"{view.x(x):g},{view.y(y):g}" for x, y in opening.line.coords]
    width = max(7.0, min(9.0, view.px * 0.35))
    style = f'fill="none" stroke="{INKS["accent"]}" stroke-width="{width:g}" stroke-linecap="round"'
    return f'<polyline points="{" ".join(points)}" {style}><title>{escape(opening.label)}</title></polyline>'


def _gateway(x: float, y: float) -> str:
    ring = f'<circle cx="{x:g}" cy="{y:g}" r="4" fill="{INKS["card"]}" stroke="{INKS["who-1"]}" stroke-width="1.6"/>'
    return f'{ring}<circle cx="{x:g}" cy="{y:g}" r="1.5" fill="{INKS["who-1"]}"/>'


def _label(label: Label, view: View) -> str:
    x, y = view.x(label.x), view.y(label.y)
    turn = f' transform="rotate(-90 {x:g} {y:g})"' if label.is_upright else ""
    weight = ' font-weight="bold"' if label.is_bold else ""
    leading = label.size_px * LEADING
    first = y - leading * (len(label.lines) - 1) / 2 + label.size_px * 0.35  # half the height of a capital
    lines = [
        f'<tspan x="{x:g}" y="{first + number * leading:.2f}">{escape(line)}</tspan>'
        for number, line in enumerate(label.lines)
    ]
    style = f'font-size="{label.size_px:g}"{weight} fill="{INKS["floor-label"]}" text-anchor="middle"'
    return f"<text {style}{turn}>{''.join(lines)}</text>"


def _door_names(plan: Plan, view: View) -> list[str]:
    """A door whose name no zone bears gets its own, outside the wall."""
    spoken = {zone.label.lower() for zone in plan.zones}
    drawn = []
    for opening in plan.openings:
        if opening.label.lower() in spoken:
            continue
        (ax, ay), (bx, by) = opening.line.coords[0], opening.line.coords[-1]
        middle, along = complex(ax + bx, ay + by) / 2, complex(bx - ax, by - ay)
        outward = 1j * along / abs(along) if along else 1j
        if plan.level.contains(shapely.Point((middle + 0.6 * outward).real, (middle + 0.6 * outward).imag)):
            outward = -outward
        x = view.x(middle.real) + 18 * outward.real
        y = view.y(middle.imag) - 18 * outward.imag
        turn = f' transform="rotate(-90 {x:.1f} {y:.1f})"' if abs(outward.real) > abs(outward.imag) else ""
        style = f'font-size="12" fill="{INKS["accent"]}" font-weight="bold" text-anchor="middle"'
        drawn.append(f'<text x="{x:.1f}" y="{y + 4:.1f}" {style}{turn}>{escape(opening.label)}</text>')
    return drawn


# --- above and below --------------------------------------------------------------------------------------------------


def _head(plan: Plan, wide: float) -> list[str]:
    counts = [
        f"{plan.size_m[0]:.1f} × {plan.size_m[1]:.1f} m".replace(".0 ", " "),
        f"{len(plan.zones)} zones",
        f"{len(plan.fixtures)} fixtures",
        f"{len(plan.gateways)} gateways",
    ]
    drawn = [
        _text(MARGIN_PX, 30, plan.title, size=20, ink="text", is_bold=True),
        _text(MARGIN_PX, 49, " · ".join(counts), size=13, ink="muted"),
    ]
    return drawn + ([] if plan.north is None else [_compass(plan.north, wide - MARGIN_PX - 16, 36)])


def _compass(north: complex, x: float, y: float) -> str:
    degrees = math.degrees(cmath.phase(north))
    needle = '<path d="M0 -15L5.5 9L0 5L-5.5 9Z" fill="{ink}"/>'.format(ink=INKS["muted"])
    tip = north * 23
    style = f'font-size="11" font-weight="bold" fill="{INKS["muted"]}" text-anchor="middle"'
    letter_n = f'<text x="{tip.real:.1f}" y="{-tip.imag + 4:.1f}" {style}>N</text>'
    return f'<g transform="translate({x:g} {y:g})"><g transform="rotate({90 - degrees:.2f})">{needle}</g>{letter_n}</g>'


def _foot(plan: Plan, view: View, wide: float, y: float, numbered: Sequence[str]) -> tuple[list[str], float]:
    """The scale and the legend, and the height of the whole drawing."""
    drawn, bar_px = _scale_bar(view, y)
    x = start = MARGIN_PX + bar_px + 40
    for word, symbol in _legend(plan):
        taken = 22 + text_width(word, 12) + 14
        if x + taken > wide - MARGIN_PX + 14:
            x, y = start, y + ROW_PX
        drawn += [symbol(x, y), _text(x + 21, y + 4, word, size=12, ink="muted")]
        x += taken
    notes, high = _notes(numbered, wide, y + ROW_PX)
    return drawn + notes, (high if numbered else y) + MARGIN_PX


def _notes(numbered: Sequence[str], wide: float, y: float) -> tuple[list[str], float]:
    """What the numbers on the plan stand for, in columns, and where they end."""
    lines = [f"{number}  {name}" for number, name in enumerate(numbered, start=1)]
    column_px = max((text_width(line, 12) for line in lines), default=0.0) + 28
    columns = max(1, int((wide - 2 * MARGIN_PX) // column_px))
    rows = -(-len(lines) // columns)
    drawn = []
    for place, line in enumerate(lines):
        column, row = divmod(place, rows)
        drawn.append(_text(MARGIN_PX + column * column_px, y + row * ROW_PX * 0.7 + 5, line, size=12, ink="muted"))
    return drawn, y + max(rows - 1, 0) * ROW_PX * 0.7


def _scale_bar(view: View, y: float) -> tuple[list[str], float]:
    metres = next((step for step in (1, 2, 5, 10, 20, 50, 100, 200) if step * view.px >= 80), 500)
    long = metres * view.px
    bar = f"M{MARGIN_PX} {y - 5}v10m0 -5h{long:.1f}m0 -5v10"
    line = f'<path d="{bar}" fill="none" stroke="{INKS["muted"]}" stroke-width="1.6"/>'
    return [line, _text(MARGIN_PX + long + 7, y + 5, f"{metres} m", size=13, ink="muted")], long + 30


Symbol = Callable[[float, float], str]


def _legend(plan: Plan) -> list[tuple[str, Symbol]]:
    tints = {tint_of(zone, plan.fixtures) for zone in plan.zones}
    entries: list[tuple[str, Symbol]] = [
        (word, _swatch(f"zone-{tint}")) for tint, word in _WORD.items() if tint in tints
    ]
    inks = {_ink_of(fixture) for fixture in plan.fixtures}
    entries += [(word, _swatch(ink)) for ink, word in _FIXTURE_WORD.items() if ink in inks]
    if plan.openings:
        ink = f'stroke="{INKS["accent"]}" stroke-width="7" stroke-linecap="round"'
        entries.append(("Ways in and out", lambda x, y: f'<path d="M{x + 4:.1f} {y:.1f}h9" {ink}/>'))
    if plan.gateways:
        entries.append(("Gateways", lambda x, y: _gateway(x + 9, y)))
    if plan.wrong:
        dashed = f'fill="none" stroke="{INKS["bad"]}" stroke-width="2.5" stroke-dasharray="5 3"'
        box = '<rect x="{x:.1f}" y="{y:.1f}" width="16" height="13" {dashed}/>'
        entries.append(("Something is wrong", lambda x, y: box.format(x=x, y=y - 6.5, dashed=dashed)))
    return entries


def _swatch(ink: str) -> Symbol:
    def symbol(x: float, y: float) -> str:
        style = f'fill="{INKS[ink]}" stroke="{INKS["line-strong"]}" stroke-width="0.8"'
        return f'<rect x="{x:.1f}" y="{y - 6.5:.1f}" width="16" height="13" rx="2" {style}/>'

    return symbol


def _text(x: float, y: float, text: str, *, size: float, ink: str, is_bold: bool = False) -> str:
    weight = ' font-weight="bold"' if is_bold else ""
    return f'<text x="{x:.1f}" y="{y:.1f}" font-size="{size:g}"{weight} fill="{INKS[ink]}">{escape(text)}</text>'
