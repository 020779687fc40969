"""Turns sales lines into pairings of categories, by the engine's own method, from all households before the cut.

`offer_engine.core.learnt_pairing` says how they are told from what large baskets and one household's habits bring
about: most of the data's lamb baskets with wine are one household's, and so that pair is not among them.
"""

from beacon_sim.completejourney_source import Journey
from offer_engine.core.learnt_pairing import LEAST_HOUSEHOLDS, learn_pairings
from offer_engine.core.store_map import Pairing

LEAST_LIFT = 1.5  # the lower end: of thousands of sure pairs most are weak, and nobody wants to read them


def pairings(journey: Journey, *, least_households: int = LEAST_HOUSEHOLDS) -> list[Pairing]:
    """Pairings of a journey's categories, by their labels in the data; strongest first, each both ways round."""
    category = {number: labels.category for number, labels in journey.products.items()}
    lines = zip(journey.household.tolist(), journey.basket.tolist(), journey.product.tolist(), strict=True)
    bought = ((str(household), str(basket), category[product]) for household, basket, product in lines)
    found = learn_pairings(bought, least_households=least_households)
    return [pair for pair in found.pairings if pair.evidence is not None and pair.evidence.low >= LEAST_LIFT]
