"""Turns zones and their names into places for the names: inside the zone, off the shelves, as large as fits.

Tried in order: sizes from large to small; one line before two; lying before standing, save in a narrow aisle, whose
names all stand so that a row of aisles reads alike. A name that fits nowhere becomes a number, told under the plan.
All lengths are metres on the plan; the scale says how many pixels a metre has.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import shapely
from shapely import Polygon
from shapely.geometry.base import BaseGeometry

from offer_engine.core.store_map import Zone, ZoneKind
from offer_engine.plans.look import text_width

LARGEST_PX, SMALLEST_PX = 17.0, 9.0
LEADING = 1.2  # from line to line, of the size
_PAD_PX = 4.0  # kept free round a name
_STEP_PX = 4.0  # between places tried
_MAX_PLACES = 4000  # tried at most: a hall is searched more coarsely
_STRONG: frozenset[ZoneKind] = frozenset({"dept", "promo"})  # kinds whose names are bold


@dataclass(frozen=True, slots=True)
class Label:
    """A name and where it stands."""

    lines: tuple[str, ...]
    x: float  # of its middle, m
    y: float
    size_px: float
    is_upright: bool
    is_bold: bool
    box: Polygon  # that it covers


@dataclass(frozen=True, slots=True)
class Lettering:
    """All names of a plan."""

    labels: Sequence[Label]
    numbered: Sequence[str]  # names that became numbers, the first being 1


def letter(
    zones: Sequence[Zone], shelves: Sequence[BaseGeometry], marks: Sequence[BaseGeometry], px: float
) -> Lettering:
    """Place the names of zones: off the shelves, off one another, and where possible off small `marks` too.

    Args:
        zones: Those with little room are best first.
        shelves: What no name may cover.
        marks: What a name had better not cover.
        px: Pixels in a metre.
    """
    labels: list[Label] = []
    numbered: list[str] = []
    for zone in sorted(zones, key=lambda zone: zone.kind == "aisle"):
        for part in zone.area.geoms:
            taken = [*shelves, *(label.box for label in labels)]
            found = _place(part, zone, (zone.label,), [*taken, *marks], px) or _place(
                part, zone, (zone.label,), taken, px
            )
            if found is None:
                name = zone.label
                number = str(numbered.index(name) + 1 if name in numbered else len(numbered) + 1)
                found = _place(part, zone, (number,), taken, px) or _in_the_middle(part, number, px)
                numbered += [] if name in numbered else [name]
            labels.append(found)
    return Lettering(labels, numbered)


def _place(
    part: Polygon, zone: Zone, texts: tuple[str, ...], obstacles: Sequence[BaseGeometry], px: float
) -> Label | None:
    west, south, east, north = part.bounds
    is_narrow_aisle = zone.kind == "aisle" and north - south > 1.6 * (east - west)
    found = np.array(obstacles, dtype=object)
    near = found[shapely.intersects(found, shapely.box(*part.bounds))] if obstacles else found
    free = part.buffer(-_PAD_PX / px).difference(shapely.union_all(shapely.buffer(near, _PAD_PX / px)))
    if free.is_empty:
        return None
    shapely.prepare(free)
    largest = min(LARGEST_PX, max(SMALLEST_PX, px * (0.78 if zone.kind == "dept" else 0.66)))
    is_bold = zone.kind in _STRONG
    for size in np.arange(largest, SMALLEST_PX - 0.01, -1.0).tolist():
        for lines in (wrapping for text in texts for wrapping in wrappings(text)):
            wide = max(text_width(line, size, is_bold=is_bold) for line in lines) / px
            high = size * LEADING * len(lines) / px
            for is_upright in (True,) if is_narrow_aisle else (False, True):
                spot = _free_spot(free, part, (high, wide) if is_upright else (wide, high), px)
                if spot is not None:
                    middle = spot.centroid
                    return Label(lines, middle.x, middle.y, size, is_upright, is_bold, spot)
    return None


def _free_spot(free: BaseGeometry, part: Polygon, size: tuple[float, float], px: float) -> Polygon | None:
    """The free rectangle of this size whose middle is nearest to the middle of the zone's box."""
    wide, high = size
    west, south, east, north = part.bounds
    if wide > east - west or high > north - south:
        return None
    step = max(_STEP_PX / px, ((east - west) * (north - south) / _MAX_PLACES) ** 0.5)
    middle_x, middle_y = (west + east) / 2, (south + north) / 2
    xs = np.arange(-((east - west - wide) / 2 // step), (east - west - wide) / 2 // step + 1) * step + middle_x
    ys = np.arange(-((north - south - high) / 2 // step), (north - south - high) / 2 // step + 1) * step + middle_y
    x, y = (side.ravel() for side in np.meshgrid(xs, ys))
    spots = shapely.box(x - wide / 2, y - high / 2, x + wide / 2, y + high / 2)
    fitting = np.flatnonzero(shapely.contains_properly(free, spots))
    if not fitting.size:
        return None
    away = np.hypot(x[fitting] - middle_x, y[fitting] - middle_y)
    found = spots[fitting[int(away.argmin())]]
    return found if isinstance(found, Polygon) else None


def _in_the_middle(part: Polygon, number: str, px: float) -> Label:
    """A number in the smallest type, on top of whatever is there."""
    at = part.representative_point()
    wide, high = text_width(number, SMALLEST_PX) / px, SMALLEST_PX * LEADING / px
    box = shapely.box(at.x - wide / 2, at.y - high / 2, at.x + wide / 2, at.y + high / 2)
    return Label((number,), at.x, at.y, SMALLEST_PX, is_upright=False, is_bold=False, box=box)


def wrappings(text: str) -> list[tuple[str, ...]]:
    """The text in one line, and in the two lines that are most nearly equal.

    >>> wrappings("Fruit & vegetables")
    [('Fruit & vegetables',), ('Fruit &', 'vegetables')]
    """
    words = text.split()
    splits = [(" ".join(words[:at]), " ".join(words[at:])) for at in range(1, len(words))]
    best = sorted(splits, key=lambda lines: abs(len(lines[0]) - len(lines[1])))[:1]
    return [(text,), *best]
