"""Turns a few points known both in WGS84 and on the plan into a tie between the world and the store's own metres.

Receivers, phones and mapping tools speak of longitude and latitude; a floor plan speaks of metres from a corner. The
tie goes by the plane that touches the ellipsoid amid the control points: in closed form, and over 150 m less than a
tenth of a millimetre from the geodesic, where a UTM grid would stretch every metre by up to 0.4 mm. Plan and plane then
differ by a turn, a shift and a scale near 1, fitted by least squares (Umeyama 1991, in two dimensions, which complex
numbers make one division). Points are read as omlox has its `ground_control_points`.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from offer_engine.core.record import shown
from offer_engine.errors import MapError, Problem

FIELD = "georeference.ground_control_points"
SCALE_OFF = 0.01  # a tape and a phone's map agree far better; more is a mistake
MISFIT_M = 1.0  # a control point this far from where the others put it is another place
SPREAD_M = 1.0  # points nearer to their middle than this say nothing about direction
MAX_LATITUDE = 85.0  # beyond, a degree of longitude is no measure any more

_WIDE_M = 6_378_137.0  # WGS84: semi-major axis ...
_FLAT = 1 / 298.257223563  # ... and flattening
_ECC_SQ = _FLAT * (2 - _FLAT)  # first eccentricity, squared
_ROUNDS = 5  # of the way back from the plane; each gains three digits or more within a kilometre

ControlPoint = tuple[tuple[float, float], tuple[float, float]]  # (longitude, latitude) in degrees, (x, y) in metres


@dataclass(frozen=True, slots=True)
class Tie:
    """How the store's frame lies on the earth; what is left of a tie once its control points are fitted."""

    lon: float  # degrees, where the plane touches the ellipsoid
    lat: float
    turn: complex  # from metres east + i metres north to x + iy: a rotation, times a scale within 1 % of 1
    shift: complex  # x + iy of the touching point, m

    def to_local(self, lon: float, lat: float) -> tuple[float, float]:
        """The point (x, y), in metres of the store's frame, at a longitude and latitude in degrees."""
        local = self.turn * _on_plane(self.lon, self.lat, lon, lat) + self.shift
        return local.real, local.imag

    def to_world(self, x: float, y: float) -> tuple[float, float]:
        """The longitude and latitude, in degrees, of a point of the store's frame; the inverse of `to_local`."""
        return _off_plane(self.lon, self.lat, (complex(x, y) - self.shift) / self.turn)


def tie_at(lon: float, lat: float, *, bearing_rad: float = 0.0) -> Tie:
    """The tie whose frame has its origin at a place, with its x axis turned by `bearing_rad` from east to north.

    >>> x, y = tie_at(13.37, 52.51).to_local(13.3707066, 52.51)
    >>> round(x, 2), round(y, 2)
    (47.97, 0.0)
    """
    return Tie(lon, lat, complex(math.cos(bearing_rad), -math.sin(bearing_rad)), 0j)


def tie_from(points: object, file: Path, line: int = 0) -> Tie:
    """Fit a tie to control points, `[[lon, lat], [x, y], [lon, lat], [x, y], ...]`, of two places or more.

    Raises:
        MapError: the points cannot be used; the problem names the field, with what to do.
    """
    try:
        return fit(_parse(points))
    except ValueError as error:
        raise MapError([Problem(file, line, FIELD, str(error))]) from None


def fit(points: Sequence[ControlPoint]) -> Tie:
    """Fit a tie to two control points or more.

    Raises:
        ValueError: they stand too close together, or disagree about scale or place.
    """
    if len(points) < 2:
        raise ValueError(f"holds {len(points)} point(s); two are needed, and a third shows mistakes of the others")
    if min(_spread(points, of_plan=True), _spread(points, of_plan=False)) < SPREAD_M:
        raise ValueError("its points are one place; take places as far apart as the store allows")
    tie = _least_squares(points)
    scale = abs(tie.turn)
    if abs(scale - 1) > SCALE_OFF:
        off = f"makes a metre on the ground {scale:.3f} m on the plan, more than {SCALE_OFF:.0%} off"
        raise ValueError(f"{off}; {_likely_mistake(points)}")
    misfits = [math.dist(tie.to_local(*world), local) for world, local in points]
    if max(misfits) > MISFIT_M:
        number = misfits.index(max(misfits)) + 1
        raise ValueError(f"puts point {number} on the plan {max(misfits):.1f} m from where it should be; {_MEASURE}")
    return tie


_MEASURE = "measure again which place on the plan it is"


def _likely_mistake(points: Sequence[ControlPoint]) -> str:
    swapped = [((lat, lon), local) for (lon, lat), local in points]
    mirrored = [(world, (-x, y)) for world, (x, y) in points]
    if max(abs(lon) for (lon, _), _ in points) <= MAX_LATITUDE and _fits(swapped):
        return "longitude comes before latitude"
    if _fits(mirrored):
        return "the plan is mirrored: seen from above, y points to the left of x"
    for number in range(1, len(points) + 1):
        others = [*points[: number - 1], *points[number:]]
        if len(others) > 2 and _fits(others):
            return f"point {number} does not fit the others, which agree; {_MEASURE}"
    return "x and y are metres, and each follows the longitude and latitude of the same place"


def _fits(points: Sequence[ControlPoint]) -> bool:
    tie = _least_squares(points)
    misfits = [math.dist(tie.to_local(*world), local) for world, local in points]
    return abs(abs(tie.turn) - 1) <= SCALE_OFF and max(misfits) <= MISFIT_M


def _parse(points: object) -> list[ControlPoint]:
    if not isinstance(points, list | tuple) or len(points) % 2:
        raise ValueError(f"must be pairs of points, [[lon, lat], [x, y], ...], not {shown(points)}")
    pairs = [_pair(point) for point in points]
    for lon, lat in pairs[::2]:
        if not (-180 <= lon <= 180 and -MAX_LATITUDE <= lat <= MAX_LATITUDE):
            place = f"[{lon:g}, {lat:g}]"
            raise ValueError(
                f"must name places as [longitude, latitude] in degrees, up to {MAX_LATITUDE:g}, not {place}"
            )
    return list(zip(pairs[::2], pairs[1::2], strict=True))


def _pair(point: object) -> tuple[float, float]:
    if isinstance(point, list | tuple) and len(point) == 2:
        one, other = point
        if _is_number(one) and _is_number(other):
            return float(one), float(other)
    raise ValueError(f"must hold points of two numbers, not {shown(point)}")


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def _middle(points: Sequence[ControlPoint]) -> tuple[float, float]:
    """Mean longitude and latitude; longitudes are counted from the first, so that the date line is no border."""
    first = points[0][0][0]
    lon = first + sum(math.remainder(lon - first, 360) for (lon, _), _ in points) / len(points)
    return math.remainder(lon, 360), sum(lat for (_, lat), _ in points) / len(points)


def _spread(points: Sequence[ControlPoint], *, of_plan: bool) -> float:
    """How far the farthest point is from the middle of all, m."""
    if of_plan:
        places = [complex(*local) for _, local in points]
    else:
        middle = _middle(points)
        places = [_on_plane(*middle, *world) for world, _ in points]
    centre = sum(places) / len(places)
    return max(abs(place - centre) for place in places)


def _least_squares(points: Sequence[ControlPoint]) -> Tie:
    """What brings the plane nearest to the plan: of centred points, the turn is sum(w z*) / sum(z z*)."""
    lon, lat = _middle(points)
    world = [_on_plane(lon, lat, *place) for place, _ in points]
    local = [complex(*place) for _, place in points]
    world_middle, local_middle = sum(world) / len(points), sum(local) / len(points)
    spread = sum(abs(z - world_middle) ** 2 for z in world)
    shared = sum(
        ((w - local_middle) * (z - world_middle).conjugate() for z, w in zip(world, local, strict=True)), start=0j
    )
    turn = shared / spread if spread else 0j
    return Tie(lon, lat, turn, local_middle - turn * world_middle)


def _on_plane(lon0: float, lat0: float, lon: float, lat: float) -> complex:
    """A place as metres east + i metres north on the plane that touches the ellipsoid at (lon0, lat0)."""
    out0, up0 = _meridian(math.radians(lat0))
    out, up = _meridian(math.radians(lat))
    away = math.radians(math.remainder(lon - lon0, 360))
    sin0, cos0 = math.sin(math.radians(lat0)), math.cos(math.radians(lat0))
    return complex(out * math.sin(away), (up - up0) * cos0 - (out * math.cos(away) - out0) * sin0)


def _off_plane(lon0: float, lat0: float, place: complex) -> tuple[float, float]:
    """The longitude and latitude of a point of the plane; a guess by the two radii, then mended by its own error."""
    sin_sq = math.sin(math.radians(lat0)) ** 2
    along_meridian_m = _WIDE_M * (1 - _ECC_SQ) / (1 - _ECC_SQ * sin_sq) ** 1.5
    along_parallel_m, _ = _meridian(math.radians(lat0))
    lon, lat = lon0, lat0
    for _ in range(_ROUNDS):
        left = place - _on_plane(lon0, lat0, lon, lat)
        lon += math.degrees(left.real / along_parallel_m)
        lat += math.degrees(left.imag / along_meridian_m)
    return math.remainder(lon, 360), lat


def _meridian(lat_rad: float) -> tuple[float, float]:
    """Distance from the earth's axis and height over the equator's plane of a latitude on the ellipsoid, m."""
    normal_m = _WIDE_M / math.sqrt(1 - _ECC_SQ * math.sin(lat_rad) ** 2)
    return normal_m * math.cos(lat_rad), normal_m * (1 - _ECC_SQ) * math.sin(lat_rad)
