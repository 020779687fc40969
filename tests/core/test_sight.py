"""What is seen of zones: three levels, one within the other."""

from hypothesis import given
from hypothesis import strategies as st

from offer_engine.core.sight import Sight, look
from tests.core.test_belief import FLOOR, fix, followed


def test_in_the_middle_of_a_zone_it_is_certain() -> None:
    """A few good fixes in the wine: inside for certain, and near nothing else."""
    seen = look(FLOOR, followed(FLOOR, [fix(n, 1.0, 5.5, accuracy=0.3) for n in range(3)]))
    assert seen == Sight(inside=("wine",), near=("wine",), certain=("wine",))


def test_at_the_door_nothing_is_seen() -> None:
    """Outside all zones."""
    assert look(FLOOR, followed(FLOOR, [fix(n, 5.0, 0.5, accuracy=0.3) for n in range(3)])) == Sight((), (), ())


@given(st.floats(0, 10), st.floats(0, 8), st.floats(0.2, 4))
def test_certain_is_inside_is_near(x: float, y: float, accuracy: float) -> None:
    """Each level holds the one above it, in the order of the keys."""
    seen = look(FLOOR, followed(FLOOR, [fix(0, x, y, accuracy)]))
    assert set(seen.certain) <= set(seen.inside) <= set(seen.near)
    assert all(list(keys) == sorted(keys) for keys in (seen.inside, seen.near, seen.certain))
