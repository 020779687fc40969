"""Turns a level drawn on the globe into a frame of local metres that is easy to read and to measure in.

The frame's origin is the south-west corner of the box around the level, and its x axis runs along the longest wall, so
that shelves come out as rectangles with round sides. Exact enough to invert: see `world_tie`.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import pairwise

import numpy as np
import numpy.typing as npt
import shapely
from shapely import Polygon
from shapely.geometry import mapping
from shapely.geometry.base import BaseGeometry

from offer_engine.core.world_tie import Tie, tie_at

LOCAL_DECIMALS = 4  # 0.1 mm
WORLD_DECIMALS = 10  # 0.01 mm at the equator: what comes back rounds to what went out
_STRAIGHT_M = 0.05  # a wall that bends less than this is one wall

Coordinates = npt.NDArray[np.float64]


def frame_for(level: Polygon) -> Tie:
    """The tie for a level in degrees; x points within a quarter turn of east."""
    lon, lat = level.exterior.coords[0]
    east_up = tie_at(lon, lat)
    bearing_rad = _longest_wall(to_local(level, east_up))
    turned = tie_at(lon, lat, bearing_rad=bearing_rad)
    west, south, _, _ = to_local(level, turned).bounds
    return replace(turned, shift=turned.shift - complex(west, south))


def to_local(area: BaseGeometry, tie: Tie) -> BaseGeometry:
    """A geometry in degrees, in metres of the frame."""

    def moved(points: Coordinates) -> Coordinates:
        return np.array([tie.to_local(lon, lat) for lon, lat in points.tolist()]).reshape(-1, 2)

    found: BaseGeometry = shapely.transform(area, moved)
    return found


def to_world(area: BaseGeometry, tie: Tie) -> BaseGeometry:
    """A geometry in metres of the frame, in degrees."""

    def moved(points: Coordinates) -> Coordinates:
        return np.array([tie.to_world(x, y) for x, y in points.tolist()]).reshape(-1, 2)

    found: BaseGeometry = shapely.transform(area, moved)
    return found


def geojson(area: BaseGeometry, decimals: int) -> dict[str, object]:
    """A geometry as GeoJSON has it, its coordinates rounded."""
    found = mapping(area)
    return {"type": found["type"], "coordinates": _rounded(found["coordinates"], decimals)}


def georeference(tie: Tie, level: BaseGeometry) -> Mapping[str, object]:
    """Control points that bring the tie back: three corners of the box around the level, given in local metres."""
    west, south, east, north = (round(side, LOCAL_DECIMALS) for side in level.bounds)
    points: list[list[float]] = []
    for x, y in ((west, south), (east, south), (west, north)):
        lon, lat = tie.to_world(x, y)
        points += [[round(lon, WORLD_DECIMALS), round(lat, WORLD_DECIMALS)], [x, y]]
    return {"crs": "local", "target": "EPSG:4326", "ground_control_points": points}


def _longest_wall(level: BaseGeometry) -> float:
    """The angle of the longest wall from the x axis, in (-pi/2, pi/2]."""
    corners = shapely.get_coordinates(level.simplify(_STRAIGHT_M)).tolist()
    walls = [complex(*there) - complex(*here) for here, there in pairwise(corners)]
    longest = max(walls, key=abs)
    angle = math.atan2(longest.imag, longest.real)
    half = math.pi / 2
    return angle - math.pi if angle > half + 1e-9 else angle + math.pi if angle <= -half + 1e-9 else angle


def _rounded(coordinates: object, decimals: int) -> object:
    if isinstance(coordinates, Sequence):
        return [_rounded(inner, decimals) for inner in coordinates]
    return round(coordinates, decimals) + 0.0 if isinstance(coordinates, float) else coordinates  # no -0.0
