"""A step of the walk: nothing is lost in the open, nothing passes a shelf, and every cell knows its zones."""

from dataclasses import replace

import numpy as np
import pytest
import shapely
from shapely import MultiPolygon

from offer_engine.core import walk_model
from offer_engine.core.belief import spread
from offer_engine.core.store_map import Fixture, StoreMap
from offer_engine.core.walk_model import HEADINGS, WalkModel, changed, compile_walk
from tests.core.worlds import STORE

WALL = Fixture("wall", "rack", None, shapely.box(4.9, 0, 5.1, 7.0))  # thin; the way round it is in the north


def compiled(store: StoreMap) -> WalkModel:
    """The store's floor, which is small enough."""
    model = compile_walk(store, store.zones)
    assert model is not None
    return model


def cell_at(model: WalkModel, x: float, y: float) -> int:
    """The cell with its centre nearest to a place."""
    return int(np.argmin((model.x - x) ** 2 + (model.y - y) ** 2))


def walked(model: WalkModel, cell: int, seconds: int) -> tuple[walk_model.Places, walk_model.Floats]:
    """Everyone in one cell, walking in all headings alike, after some seconds."""
    mass = np.zeros((1 + HEADINGS, 1), dtype=np.float32)
    mass[1:] = 1 / HEADINGS
    cells = np.array([cell])
    for _ in range(seconds):
        cells, mass = spread(model, cells, mass, model.weight)
    return cells, mass


def test_in_the_open_nothing_is_lost() -> None:
    """A step moves mass about and changes its modes; the sum stays one."""
    model = compiled(STORE)
    _, mass = walked(model, cell_at(model, 5, 4), 1)
    assert mass.sum() == pytest.approx(1.0, abs=1e-5)


def test_a_shopper_walks_at_a_shoppers_pace() -> None:
    """Those who did not stop are on average about a metre away, and nobody is beyond the longest step."""
    model = compiled(STORE)
    cells, mass = walked(model, cell_at(model, 5, 4), 1)
    start = cell_at(model, 5, 4)
    away_m = np.hypot(model.x[cells] - model.x[start], model.y[cells] - model.y[start])
    walking = mass[1:].sum(axis=0) * (away_m > 0)
    assert float((walking * away_m).sum() / walking.sum()) == pytest.approx(1.0, abs=0.1)
    assert away_m[mass.sum(axis=0) > 0].max() <= walk_model.REACH_M


def test_nobody_walks_through_a_shelf() -> None:
    """Behind a thin wall there is nobody until there was time to walk round it."""
    model = compiled(replace(STORE, fixtures=(WALL,)))
    start = cell_at(model, 4.25, 1.25)
    cells, mass = walked(model, start, 4)
    beyond = mass.sum(axis=0)[model.x[cells] > 5.0]
    assert beyond.sum() == 0
    cells, mass = walked(model, start, 15)
    assert mass.sum(axis=0)[model.x[cells] > 5.0].sum() > 0


def test_people_stop_at_shelves() -> None:
    """Of those who walk, more come to a stand next to the shelf than in the open."""
    model = compiled(STORE)
    at_shelf, in_open = cell_at(model, 2.0, 6.5), cell_at(model, 5.0, 2.0)
    mass = np.zeros((1 + HEADINGS, 2), dtype=np.float32)
    mass[1:] = 1 / HEADINGS
    standing = changed(model, np.array([at_shelf, in_open]), mass)[0]
    assert standing[0] > 5 * standing[1]


def test_without_shelves_people_stop_anywhere() -> None:
    """A floor whose shelves nobody drew is tracked all the same."""
    assert set(compiled(replace(STORE, fixtures=())).stop.tolist()) == {np.float32(walk_model.STOP_SHARE)}


def test_every_cell_knows_its_zones() -> None:
    """A zone's cells add up to its area, where nothing stands on it; overlapping zones share cells."""
    model = compiled(STORE)
    promo = model.zones.index("promo")
    area_m2 = float((model.zone_share * (model.zone_of == promo)).sum()) * 0.25
    assert area_m2 == pytest.approx(STORE.zones["promo"].area.area)
    shared = cell_at(model, 3.5, 5.0)
    named = {model.zones[zone] for zone in model.zone_of[shared].tolist() if zone < len(model.zones)}
    assert named == {"promo", "wine"}


def test_a_store_without_zones_compiles() -> None:
    """No zones, no shares."""
    model = compile_walk(STORE, {})
    assert model is not None
    assert model.zones == ()


def test_the_key_is_that_of_the_floor() -> None:
    """Another shelf makes another floor; other zones do not."""
    model = compiled(STORE)
    moved = replace(STORE.zones["meat"], area=MultiPolygon([shapely.box(6, 0, 9, 2)]))
    assert compiled(replace(STORE, zones={"meat": moved})).key == model.key
    assert compiled(replace(STORE, fixtures=(WALL,))).key != model.key


def test_a_floor_too_large_is_left_to_the_fixes() -> None:
    """More cells than the tables are meant for: no model."""
    assert compile_walk(replace(STORE, level=shapely.box(0, 0, 400, 200), fixtures=()), {}) is None
