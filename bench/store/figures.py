"""Days become the table's lines: each of our figures beside what was published, its source, and a verdict."""

from collections.abc import Sequence
from dataclasses import dataclass

from beacon_sim.aisles import find_aisles
from beacon_sim.floor import Floor
from bench.store.measures import (
    NO_WAIT_S,
    Nearness,
    aisle_passes,
    basket_mode,
    covered_share,
    drawn,
    mean,
    median,
    nearness,
    over_shortest,
)
from bench.store.visits import Day, Visit
from offer_engine.core.store_map import StoreMap


@dataclass(frozen=True, slots=True)
class Target:
    """What was published, and the band that a figure of ours must be in to agree with it."""

    words: str
    source: str
    low: float = float("-inf")
    high: float = float("inf")
    is_band: bool = True  # False: stands there for comparison only


SORENSEN = "Sorensen: over 16 % buy one thing"
EHRENBERG = "Ehrenberg-Bass, 654,000 trips"
HUI_2013 = "Hui et al., 2013"
HUI_2009 = "Hui, Fader, Bradlow, 2009"
LARSON = "Larson, Bradlow, Fader, 2005"
LARSEN = "Larsen et al., 2020"
TARGETS = {
    "arrivals_per_min": Target("2.55", "Ying, O'Clery, 2021", 2.4, 2.7),
    "one_thing_share": Target("0.14 to 0.20", SORENSEN, 0.14, 0.20),
    "basket_mode": Target("1", EHRENBERG, 1, 1),
    "five_or_fewer_share": Target("0.45 to 0.60", "half of baskets, recalled", 0.45, 0.60),
    "under_ten_min_share": Target("0.25 to 0.45", f"a third: {EHRENBERG}", 0.25, 0.45),
    "path_m": Target("427", f"{HUI_2013}, a larger store", is_band=False),
    "over_shortest": Target("over 1.3", HUI_2009, low=1.3),
    "covered_share": Target("under 0.30", f"most under a quarter: {EHRENBERG}", high=0.30),
    "aisle_same_end_share": Target("over 0.50", LARSON, low=0.50),
    "pick_under_10_s_share": Target("most", "read, no study named", low=0.50),
    "hands_share": Target("0.51", LARSEN, 0.44, 0.58),
    "basket_share": Target("0.28", LARSEN, 0.21, 0.35),
    "cart_share": Target("0.20", LARSEN, 0.13, 0.27),
    "speed_m_s": Target("0.95", "0.5 to 1.2 usual, recalled", 0.85, 1.05),
    "speed_sd_m_s": Target("0.15", "recalled", 0.10, 0.20),
}
LABELS = {
    "arrivals_per_min": "arrivals a minute",
    "quick_share": "missions: one or two things",
    "top_up_share": "missions: three to eight",
    "main_shop_share": "missions: nine and more",
    "one_thing_share": "baskets of one thing",
    "basket_mode": "most common basket",
    "five_or_fewer_share": "baskets of five things or fewer",
    "median_min": "minutes inside, median",
    "under_ten_min_share": "trips under ten minutes",
    "path_m": "way walked, mean, m",
    "over_shortest": "way over the shortest tour of what was bought, median",
    "covered_share": "share of the floor visited, median",
    "aisle_same_end_share": "aisles left by the end they were entered at",
    "aisle_stop_same_end_share": "the same, with a stop in them",
    "pick_under_10_s_share": "picks under 10 s",
    "hands_share": "carry nothing but things",
    "basket_share": "carry a basket",
    "cart_share": "push a cart",
    "speed_m_s": "walking speed, m/s",
    "speed_sd_m_s": "its spread between people, m/s",
    "queue_s": "queue at the till, mean, s",
    "no_queue_share": "walk up to a free till",
    "queue_95_s": "queue, one in twenty waits longer, s",
}


def figures(store: StoreMap, floor: Floor, days: Sequence[Day]) -> dict[str, float]:
    """Every figure of ours over all days, by its key."""
    visits = [visit for day in days for visit in day.came]
    stretches = find_aisles(store, floor).stretches
    sample = [visit for day in days for visit in drawn(day.came, day.seed)]
    passes = [one for visit in sample for one in aisle_passes(visit, stretches)]
    return (
        {
            "arrivals_per_min": sum(day.arrivals for day in days) / sum(day.minutes for day in days),
            "median_min": median(visit.minutes for visit in visits),
            "under_ten_min_share": mean(visit.minutes < 10 for visit in visits),
            "path_m": mean(visit.walked_m for visit in visits),
            "over_shortest": median(over_shortest(visit, floor) for visit in sample if visit.bought),
            "covered_share": median(covered_share(visit, floor) for visit in sample),
            "aisle_same_end_share": mean(one.is_same_end for one in passes),
            "aisle_stop_same_end_share": mean(one.is_same_end for one in passes if one.has_stop),
            "speed_m_s": mean(_speed(visit) for visit in visits),
            "speed_sd_m_s": mean((_speed(visit) - mean(map(_speed, visits))) ** 2 for visit in visits[:400]) ** 0.5,
        }
        | _baskets(visits)
        | _tills(visits)
    )


def _speed(visit: Visit) -> float:
    return visit.walked_m / visit.walking_s


def _baskets(visits: Sequence[Visit]) -> dict[str, float]:
    things = [visit.products for visit in visits]
    picks = [halt.pick_ms for visit in visits for halt in visit.halts if halt.sku is not None]
    carried = [visit.persona.carries for visit in visits]
    return {
        "quick_share": mean(number <= 2 for number in things),
        "top_up_share": mean(3 <= number <= 8 for number in things),
        "main_shop_share": mean(number >= 9 for number in things),
        "one_thing_share": mean(number == 1 for number in things),
        "basket_mode": basket_mode(visits),
        "five_or_fewer_share": mean(number <= 5 for number in things),
        "pick_under_10_s_share": mean(pick_ms < 10_000 for pick_ms in picks),
        "hands_share": mean(what == "hands" for what in carried),
        "basket_share": mean(what == "basket" for what in carried),
        "cart_share": mean(what == "cart" for what in carried),
    }


def _tills(visits: Sequence[Visit]) -> dict[str, float]:
    waits = sorted(visit.queued_s for visit in visits if visit.queued_s is not None)
    return {
        "queue_s": mean(waits),
        "no_queue_share": mean(wait < NO_WAIT_S for wait in waits),
        "queue_95_s": waits[len(waits) * 95 // 100] if waits else float("nan"),
    }


def verdict(key: str, value: float) -> str:
    """`agrees`, `off`, or nothing where there is nothing to agree with; to two digits, as it is printed."""
    target = TARGETS.get(key)
    if target is None or not target.is_band:
        return ""
    return "agrees" if target.low <= round(value, 2) <= target.high else "off"


def crowding(days: Sequence[Day]) -> Nearness:
    """Nearness over all days."""
    each = [nearness(day) for day in days]
    return Nearness(
        share=mean(one.share for one in each),
        standing=mean(one.standing for one in each),
        passing=mean(one.passing for one in each),
        meeting=mean(one.meeting for one in each),
        inside=mean(one.inside for one in each),
    )
