"""The grid of walkable cells: what is walkable, where cells are, and what can be reached."""

import numpy as np
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from offer_engine.core.geometry import cell_of, centre_of, floor_grid, nearest_walkable, reachable

ROOM = shapely.box(-3, 2, 7, 10)  # 10 x 8 m, away from the origin
L_SHAPE = shapely.Polygon([(0, 0), (6, 0), (6, 2), (2, 2), (2, 6), (0, 6)])


def test_an_empty_floor_is_walkable_everywhere() -> None:
    """The grid spans the level's bounds, south-west corner first."""
    grid = floor_grid(ROOM, [])
    assert (grid.origin_x, grid.origin_y, grid.cell_m) == (-3, 2, 0.5)
    assert grid.walkable.shape == (16, 20)
    assert grid.walkable.all()


def test_the_grid_cannot_be_changed() -> None:
    """Everybody shares one grid, so nobody may write to it."""
    with pytest.raises(ValueError, match="read-only"):
        floor_grid(ROOM, []).walkable[0, 0] = False


def test_cells_outside_the_outline_are_not_floor() -> None:
    """An L-shaped floor has a corner that nobody walks in."""
    grid = floor_grid(L_SHAPE, [])
    assert grid.walkable[cell_of(grid, 1, 5)]
    assert grid.walkable[cell_of(grid, 5, 1)]
    assert not grid.walkable[cell_of(grid, 5, 5)]
    assert grid.walkable.sum() * grid.cell_m**2 == pytest.approx(L_SHAPE.area)


@pytest.mark.parametrize(("clearance_m", "blocked_columns"), [(0.0, 2), (0.2, 2), (0.3, 4)])
def test_nobody_stands_within_the_clearance(clearance_m: float, blocked_columns: int) -> None:
    """A shelf from x = 1 to 2 covers two columns of centres; beyond 0.25 m of clearance, one more on each side."""
    grid = floor_grid(ROOM, [shapely.box(1, 2, 2, 10)], clearance_m=clearance_m)
    assert (~grid.walkable).all(axis=0).sum() == blocked_columns


@given(st.floats(-3, 7), st.floats(2, 10))
def test_a_point_lies_in_its_cell(x: float, y: float) -> None:
    """A cell's centre is at most half a cell from every point in it, on each axis."""
    grid = floor_grid(ROOM, [])
    centre_x, centre_y = centre_of(grid, *cell_of(grid, x, y))
    assert abs(centre_x - x) <= 0.25 + 1e-9
    assert abs(centre_y - y) <= 0.25 + 1e-9


@given(st.integers(0, 15), st.integers(0, 19))
def test_a_centre_lies_in_its_cell(row: int, col: int) -> None:
    """`cell_of` takes back what `centre_of` gives."""
    grid = floor_grid(ROOM, [])
    assert cell_of(grid, *centre_of(grid, row, col)) == (row, col)


def test_points_off_the_grid_go_to_its_border() -> None:
    """A position measured outside the walls still has a cell."""
    grid = floor_grid(ROOM, [])
    assert cell_of(grid, -99, -99) == (0, 0)
    assert cell_of(grid, 99, 99) == (15, 19)


def test_the_nearest_walkable_cell_steps_out_of_a_shelf() -> None:
    """From inside a shelf, the nearest cell is on its nearer side; from deep inside there is none near enough."""
    grid = floor_grid(ROOM, [shapely.box(0, 2, 6, 10)])
    row, col = nearest_walkable(grid, 5.8, 6.1) or (-1, -1)
    assert centre_of(grid, row, col) == (6.25, 6.25)
    assert nearest_walkable(grid, 3.0, 6.0) is None


@given(st.floats(-3, 7), st.floats(2, 10))
def test_the_nearest_walkable_cell_is_the_nearest(x: float, y: float) -> None:
    """Searching only nearby finds what searching everywhere would."""
    grid = floor_grid(ROOM, [shapely.box(0, 3, 5, 6), shapely.box(2, 7, 3, 10)])
    rows, cols = np.nonzero(grid.walkable)
    distances_m = np.hypot(-3 + 0.5 * (cols + 0.5) - x, 2 + 0.5 * (rows + 0.5) - y)
    found = nearest_walkable(grid, x, y)
    if found is None:
        assert distances_m.min() > 2.0
    else:
        assert np.hypot(*np.subtract(centre_of(grid, *found), (x, y))) == pytest.approx(distances_m.min())


def test_a_wall_divides_what_can_be_reached() -> None:
    """Each side reaches itself, and both together all that is walkable."""
    grid = floor_grid(ROOM, [shapely.box(1, 2, 2, 10)])
    west, east = reachable(grid, -2, 5), reachable(grid, 5, 5)
    assert not (west & east).any()
    assert ((west | east) == grid.walkable).all()


def test_a_door_in_the_wall_reaches_the_floor() -> None:
    """A door's middle lies on the outline itself; one starts at the nearest cell inside."""
    grid = floor_grid(ROOM, [])
    assert reachable(grid, 2.0, 2.0).all()
    assert reachable(grid, 2.0, 10.0).all()


def test_shelves_that_touch_at_a_corner_let_nobody_through() -> None:
    """A diagonal step between two blocked cells is not a passage."""
    grid = floor_grid(shapely.box(0, 0, 2, 2), [shapely.box(0, 1, 1, 2), shapely.box(1, 0, 2, 1)], clearance_m=0)
    assert grid.walkable.sum() == 8
    assert reachable(grid, 0.5, 0.5).sum() == 4


def test_from_nowhere_nothing_is_reached() -> None:
    """Where nobody can stand within two metres, nobody can start."""
    grid = floor_grid(ROOM, [shapely.box(0, 2, 6, 10)])
    assert not reachable(grid, 3, 6).any()
