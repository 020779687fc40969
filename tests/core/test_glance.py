"""The shortcut for a fix that changes nothing gives what the long way gives, and is nearly always open."""

from hypothesis import given
from hypothesis import strategies as st

from offer_engine.core.affinity import Profile
from offer_engine.core.context import Tally
from offer_engine.core.glance import glance
from offer_engine.core.shopper import Shopper, apply
from offer_engine.messages import ConsentChange, Position
from tests.core.days import CONSENTS, Answers, Heard, stand, store_days
from tests.core.worlds import ANY_LAMB, ANY_RED, EASY, NOON, OAK_WITH_LAMB, world

SHOP = world(ANY_RED, ANY_LAMB, OAK_WITH_LAMB, policy=EASY)


def glances(day: list[Heard], start: Shopper) -> list[bool]:
    """Live through a day the long way; whether each of its positions could have been taken at a glance.

    Wherever it could, the long way must come to the same state, with nothing to tell.
    """
    state, taken = start, []
    for one in day:
        event = one.event(state) if isinstance(one, Answers) else one
        if event is None:
            continue
        before = state
        state, outcomes = apply(before, event, SHOP, Profile(), Tally())
        if isinstance(event, Position):
            quick = glance(before, event, SHOP)
            taken.append(quick is not None)
            assert quick is None or (quick, ()) == (state, outcomes)
    return taken


def dave() -> Shopper:
    """Somebody who shares everything."""
    return apply(Shopper("dave"), CONSENTS, SHOP, Profile(), Tally())[0]


@given(day=store_days())
def test_a_glance_sees_what_the_long_way_sees(day: list[Heard]) -> None:
    """On any day of any shopper, late and repeated and far fixes among them."""
    glances(day, dave())


@given(
    walked=st.lists(st.tuples(st.integers(-500, 4000), st.floats(-2, 12), st.floats(-2, 12)), max_size=60),
    stated=st.sampled_from([(None, None), (0.3, 0), (0.3, 7), (40.0, None)]),
)
def test_a_glance_at_a_random_walk_sees_what_the_long_way_sees(
    walked: list[tuple[int, float, float]], stated: tuple[float | None, int | None]
) -> None:
    """Wherever fixes jump to, whenever they come, and whatever they state of their error and storey."""
    ts, day = NOON, list[Heard]()
    for elapsed, x, y in walked:
        ts += elapsed
        day.append(Position(ts, x, y, *stated))
    glances(day, dave())


def test_standing_in_an_aisle_is_taken_at_a_glance() -> None:
    """Only the first fix, entering, dwelling and the wait for them take a closer look."""
    taken = glances(stand(NOON, "wine", 60), dave())
    assert sum(taken) > 50


def test_nothing_is_taken_at_a_glance_without_consent() -> None:
    """A shopper who does not share their location is not tracked, however quiet."""
    state = apply(dave(), ConsentChange(ts=NOON, location=False), SHOP, Profile(), Tally())[0]
    assert not any(glances(stand(NOON + 1, "wine", 20), state))
