"""Chance that is the same tomorrow: shares are kept, draws are pinned, codes can be read aloud."""

from math import sqrt

import pytest

from offer_engine.core.holdout import bucket, cause_id, is_control, redemption_code

BUCKET_OF_DAVE = 0.7741762195663963
ID_OF_DAVE = "d501afbf0dbc389a9c81"
CODE_OF_DAVE = "RBR2-BWHF"
SHOPPERS = [f"s-{n:04}" for n in range(10_000)]


@pytest.mark.parametrize("share", [0.01, 0.05, 0.5])
@pytest.mark.parametrize("salt", ["demo-market/holdout", "corner-shop/holdout"])
def test_the_share_of_controls_is_kept(salt: str, share: float) -> None:
    """Over 10,000 shoppers within four standard deviations of the binomial."""
    controls = sum(is_control(salt, shopper, share) for shopper in SHOPPERS)
    assert abs(controls - 10_000 * share) <= 4 * sqrt(10_000 * share * (1 - share))


def test_a_larger_share_keeps_the_controls_it_had() -> None:
    """Raising the share adds controls and moves nobody back."""
    few = {shopper for shopper in SHOPPERS if is_control("a", shopper, 0.05)}
    assert few < {shopper for shopper in SHOPPERS if is_control("a", shopper, 0.10)}


def test_stores_draw_independently() -> None:
    """Being a control in one store says nothing about another: the overlap is the product of the shares."""
    both = sum(is_control("a", shopper, 0.3) and is_control("b", shopper, 0.3) for shopper in SHOPPERS)
    assert abs(both - 900) <= 4 * sqrt(10_000 * 0.09 * 0.91)


def test_nobody_is_a_control_of_nothing() -> None:
    """A share of 0 switches holdout off."""
    assert not any(is_control("a", shopper, 0.0) for shopper in SHOPPERS)


def test_draws_are_the_same_for_ever() -> None:
    """Pinned: a change here would redraw the controls of every store and break every replay."""
    assert bucket("demo-market/holdout", "dave") == pytest.approx(BUCKET_OF_DAVE, abs=1e-15)
    assert cause_id("dave", "rule", "visit", 0) == ID_OF_DAVE
    assert redemption_code(ID_OF_DAVE) == CODE_OF_DAVE


def test_codes_are_read_without_mistakes() -> None:
    """No 0 and O, no 1, I and L, no U; and 10,000 of them are all different."""
    codes = {redemption_code(cause_id(shopper)) for shopper in SHOPPERS}
    assert len(codes) == len(SHOPPERS)
    assert not set("".join(codes)) & set("01ILOU")
