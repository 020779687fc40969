"""How people walk is counted on a simulated day under rules that only watch."""

from beacon_sim.day import DaySettings
from beacon_sim.habits import habits_population
from demo.day import run_day
from demo.walk import visits_of, watching_rules
from offer_engine.core.context import build_world
from tests.worlds import corner_shop

STORE = corner_shop().store


def test_the_rules_watch_every_zone_that_sells() -> None:
    """An enter and a stay each; doors and tills are no places to wait for."""
    waiting = {(rule.zones[0], rule.transition) for rule in watching_rules(STORE).rules}
    zones = {zone.key for zone in STORE.zones.values() if zone.kind != "service"}
    assert waiting == {(zone, transition) for zone in zones for transition in ("enter", "dwell")}


def test_what_is_walked_is_seen_and_nobody_is_disturbed() -> None:
    """Six minutes of a busy corner shop: visits of several zones, each entered before it is stayed in, and no offer."""
    people = habits_population(STORE, seed=3)
    world = build_world(STORE, watching_rules(STORE))
    engine = run_day(world, people, seed=3, minutes=6, settings=DaySettings(arrivals_per_min=4.0))
    visits = list(visits_of(engine.ledger))
    assert engine.service.counts.outcomes.keys() == {"silent"}
    assert len(visits) > 5
    assert max(len({zone for zone, _ in visit}) for visit in visits) > 2
    for visit in visits:
        for zone, transition in visit:
            assert transition == "enter" or visit.index((zone, "enter")) < visit.index((zone, "dwell"))
