"""The cart speaks for a product: bounded, by the strongest pairing, and a longer cart does not shout."""

from math import log, sqrt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from offer_engine.core.pairing import STRONGEST, paired, pairing_table
from offer_engine.core.store_map import Evidence, Pairing
from tests.core.worlds import STORE

OAK, HOUSE = STORE.products["oak-red"], STORE.products["house-red"]
TABLE = pairing_table(STORE.pairings)  # lamb -> red-wine 2.5, rack-of-lamb -> oak-red 3


def test_by_hand() -> None:
    """The sku's own pairing counts for it; its category's for the other wine; the root of the cart's size divides."""
    assert paired(TABLE, OAK, ["rack-of-lamb"], STORE.products).log_lift == pytest.approx(log(3))
    assert paired(TABLE, HOUSE, ["rack-of-lamb"], STORE.products).log_lift == pytest.approx(log(2.5))
    both = paired(TABLE, OAK, ["lamb-chops", "rack-of-lamb"], STORE.products)
    assert both.log_lift == pytest.approx((log(2.5) + log(3)) / sqrt(2))
    assert both.because == "rack-of-lamb"


@pytest.mark.parametrize("cart", [[], ["house-red"]])
def test_a_cart_that_does_not_pair_says_nothing(cart: list[str]) -> None:
    """Neither an empty one nor one with the wrong things."""
    found = paired(TABLE, OAK, cart, STORE.products)
    assert (found.log_lift, found.because) == (0, "")


def test_of_two_lines_for_one_pair_the_stronger_counts() -> None:
    """In whatever order the retailer wrote them."""
    lines = [Pairing("lamb", "red-wine", lift, "curated") for lift in (2.0, 4.0)]
    assert pairing_table(lines) == pairing_table(lines[::-1])
    assert pairing_table(lines).by_then["red-wine"]["lamb"] == log(4.0)


def test_the_loudest_pairing_says_where_it_comes_from() -> None:
    """The retailer's or what baskets show; of the two saying the same, the retailer's."""
    learnt = Pairing("rack-of-lamb", "red-wine", 5.0, "learnt", Evidence(40, 4.0, 6.0))
    table = pairing_table([*STORE.pairings, learnt])
    assert paired(table, HOUSE, ["rack-of-lamb"], STORE.products).source == "learnt"
    assert paired(table, HOUSE, ["lamb-chops"], STORE.products).source == "curated"
    same = pairing_table([*STORE.pairings, Pairing("rack-of-lamb", "red-wine", 2.7, "learnt", Evidence(40, 2.5, 3.0))])
    assert paired(same, HOUSE, ["rack-of-lamb"], STORE.products).source == "curated"


@given(
    st.lists(st.sampled_from(sorted(STORE.products)), unique=True),
    st.lists(
        st.builds(
            Pairing,
            st.sampled_from(["lamb", "red-wine", *sorted(STORE.products)]),
            st.sampled_from(["lamb", "red-wine", *sorted(STORE.products)]),
            st.floats(1, 100),
            st.just("curated"),
        )
    ),
)
def test_lift_is_bounded_and_has_a_cause(cart: list[str], pairings: list[Pairing]) -> None:
    """Never negative, never above e^3; some item in the cart is named exactly when it counts."""
    found = paired(pairing_table(pairings), OAK, cart, STORE.products)
    assert 0 <= found.log_lift <= STRONGEST
    assert (found.because in cart) == (found.log_lift > 0) == (found.source != "")
