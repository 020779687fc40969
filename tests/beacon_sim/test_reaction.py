"""What becomes of an offer: odds that rise with how well it fits and fall with how often one was bothered."""

from collections import Counter

import numpy as np
import pytest

from beacon_sim.reaction import Act, Mood, react

TRIES = 3_000


def outcomes(fit: float, mood: Mood, saving_share: float = 0.2) -> Counter[Act]:
    """What many shoppers in one mood do with one offer."""
    rng = np.random.default_rng(5)
    return Counter(react(fit, saving_share, mood, rng).act for _ in range(TRIES))


def test_what_is_liked_is_taken_and_what_is_not_is_left() -> None:
    """A favourite is taken by most, a poor fit by few; the worse the fit, the more object."""
    loved, poor = outcomes(0.97, Mood()), outcomes(0.05, Mood())
    assert loved[Act.TAKE] > 0.6 * TRIES
    assert poor[Act.TAKE] < 0.05 * TRIES
    assert poor[Act.NOT_FOR_ME] > 3 * loved[Act.NOT_FOR_ME]


def test_the_odds_rise_with_the_fit() -> None:
    """At each step of the fit more take the offer."""
    taken = [outcomes(fit, Mood())[Act.TAKE] for fit in (0.0, 0.25, 0.5, 0.75, 1.0)]
    assert taken == sorted(taken)
    assert len(set(taken)) == 5


def test_a_discount_helps() -> None:
    """More take the same product at a lower price."""
    assert outcomes(0.5, Mood(), 0.4)[Act.TAKE] > outcomes(0.5, Mood(), 0.0)[Act.TAKE] * 1.2


def test_the_annoyed_object_and_go_further() -> None:
    """The mute a shopper reaches for grows with annoyance, and fewer open anything."""
    calm, cross, furious = (outcomes(0.1, Mood(annoyance)) for annoyance in (0.0, 0.6, 0.9))
    assert not calm[Act.MUTE_CATEGORY] + calm[Act.MUTE_HOUR] + calm[Act.MUTE_ALWAYS]
    assert cross[Act.MUTE_HOUR] > 0
    assert furious[Act.MUTE_ALWAYS] > cross[Act.MUTE_ALWAYS] == 0
    assert furious[Act.DISMISS] < calm[Act.DISMISS]


def test_bad_offers_annoy_and_good_ones_make_up() -> None:
    """Mood worsens with a bad fit, recovers with a good one, and stays in [0, 1]."""
    mood = Mood()
    for _ in range(10):
        mood = mood.after(0.0)
    assert mood.annoyance == 1.0
    assert mood.after(1.0).annoyance < 1.0
    assert Mood().after(1.0).annoyance == 0.0


@pytest.mark.parametrize("fit", [0.0, 0.5, 1.0])
def test_each_offer_takes_as_many_dice(fit: float) -> None:
    """Whatever comes of one offer, the next is decided with the same dice."""
    here, there = np.random.default_rng(9), np.random.default_rng(9)
    react(fit, 0.1, Mood(0.5), here)
    react(0.3, 0.9, Mood(), there)
    assert here.random() == there.random()
