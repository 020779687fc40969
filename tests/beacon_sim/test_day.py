"""A store day as a whole: the same for one seed at any speed, complete for every shopper, and full when it begins."""

from collections import Counter as Count
from collections import defaultdict
from dataclasses import replace

import pytest

from beacon_sim.day import DaySettings, StoreDay
from offer_engine.messages import Basket, Checkout, Position, Presence, parse_report, parse_topic
from tests.beacon_sim.days import MINUTE_MS, START_MS, STORES, Counter, Heard, a_day, people_of

QUIET = DaySettings(arrivals_per_min=1.2, warm_up_min=15)


@pytest.fixture(scope="module", params=STORES)
def run(request: pytest.FixtureRequest) -> tuple[StoreDay, Heard]:
    """Six minutes in each store."""
    day, heard = a_day(request.param, settings=DaySettings(warm_up_min=20))
    day.run_until(6 * MINUTE_MS)
    return day, heard


def test_one_seed_is_one_day_at_any_speed() -> None:
    """Message for message, whether virtual time passes in one go or in small uneven steps."""
    whole, in_steps, other = a_day(settings=QUIET), a_day(settings=QUIET), a_day(settings=QUIET, seed=8)
    whole[0].run_until(3 * MINUTE_MS)
    other[0].run_until(3 * MINUTE_MS)
    for step in range(0, 3 * MINUTE_MS + 1, 537):
        in_steps[0].run_until(step)
    in_steps[0].run_until(3 * MINUTE_MS)
    assert whole[1].messages == in_steps[1].messages
    assert whole[1].messages != other[1].messages


def test_phones_that_receive_nothing_change_nothing() -> None:
    """The messages of a day are the same with and without phones, as long as no offer arrives."""
    without, with_phones = a_day(settings=QUIET), a_day(settings=QUIET, open_phone=Counter().open)
    for day, _ in (without, with_phones):
        day.run_until(2 * MINUTE_MS)
    assert without[1].messages == with_phones[1].messages


def test_every_message_is_what_the_engine_understands(run: tuple[StoreDay, Heard]) -> None:
    """Each parses as its topic says, in order of time, positions at QoS 0 and all else at 1."""
    day, heard = run
    times = []
    for topic, payload, qos in heard.messages:
        _, leaf = parse_topic(day.shop.store.store, topic)
        report = parse_report(leaf, payload)
        times.append(report.ts)
        assert qos == int(leaf != "position")
        if isinstance(report, Position):
            assert report.accuracy == 2.35
        if isinstance(report, Basket | Checkout):
            assert {item.sku for item in report.items} <= day.shop.store.products.keys()
    assert times == sorted(times)
    assert START_MS <= times[0] <= times[-1] <= START_MS + 6 * MINUTE_MS


def test_positions_have_two_decimals_and_lie_inside(run: tuple[StoreDay, Heard]) -> None:
    """Places are written to the centimetre, and none is outside the store."""
    day, heard = run
    west, south, east, north = day.shop.store.level.bounds
    for topic, payload, _ in heard.messages:
        if topic.endswith("position"):
            x, y = (part.split(b":")[1] for part in payload.split(b",")[1:3])
            assert len(x.split(b".")[1]) == len(y.split(b".")[1]) == 2
            assert west <= float(x) <= east
            assert south <= float(y) <= north


def test_every_shopper_arrives_once_and_leaves_once(run: tuple[StoreDay, Heard]) -> None:
    """A visit is arrived, then at most one left; who has not left is inside; nothing is sent outside a visit."""
    day, heard = run
    there: dict[str, str] = {}
    gone = set()
    for topic, payload, _ in heard.messages:
        shopper, leaf = parse_topic(day.shop.store.store, topic)
        report = parse_report(leaf, payload)
        if isinstance(report, Presence) and report.event == "arrived":
            assert shopper not in there
            there[shopper] = report.visit
        elif isinstance(report, Presence):
            assert there.pop(shopper) == report.visit
            gone.add(shopper)
        else:
            assert shopper in there
    assert gone
    assert set(there) == {shopper.persona.shopper for shopper in day.inside()}


def test_baskets_grow_and_their_revisions_rise(run: tuple[StoreDay, Heard]) -> None:
    """Within a visit each basket has a higher revision and holds no less than the one before."""
    _, heard = run
    before: dict[str, tuple[int, Count[str]]] = defaultdict(lambda: (0, Count()))
    for shopper, basket in heard.of("basket"):
        items = basket["items"]
        assert isinstance(items, list)
        rev, held = int(str(basket["rev"])), Count({item["sku"]: item["qty"] for item in items})
        assert rev > before[shopper][0]
        assert held >= before[shopper][1]
        before[shopper] = rev, held


def test_what_is_paid_is_what_was_in_the_cart(run: tuple[StoreDay, Heard]) -> None:
    """A checkout has the items of the visit's last basket, at the catalogue's prices, without codes."""
    day, heard = run
    last = dict(heard.of("basket"))
    checkouts = heard.of("checkout")
    assert checkouts
    for shopper, checkout in checkouts:
        items = checkout["items"]
        assert isinstance(items, list)
        assert [{"sku": item["sku"], "qty": item["qty"]} for item in items] == last[shopper]["items"]
        assert all(item["price_cents"] == day.shop.store.products[item["sku"]].price_cents for item in items)
        assert checkout["codes"] == []


def test_the_store_is_full_when_the_day_begins() -> None:
    """Before zero nothing is published; at zero everyone inside is announced, with what they carry."""
    day, heard = a_day(settings=DaySettings(warm_up_min=25))
    day.run_until(-1)
    assert not heard.messages
    inside = {shopper.persona.shopper for shopper in day.inside()}
    assert len(inside) > 20
    day.run_until(0)
    announced = {shopper for shopper, presence in heard.of("presence") if presence["ts"] == START_MS}
    assert announced == inside
    assert len(heard.of("basket")) > len(inside) / 2


def test_positions_come_as_often_as_the_persona_says() -> None:
    """One to four a second; the gap between two is the persona's interval unless contact was lost."""
    day, heard = a_day(settings=QUIET)
    day.run_until(MINUTE_MS)
    intervals = {shopper.persona.shopper: shopper.persona.fix_ms for shopper in day.inside()}
    seen: dict[str, list[int]] = defaultdict(list)
    for shopper, position in heard.of("position"):
        seen[shopper].append(int(str(position["ts"])))
    for shopper, interval_ms in intervals.items():
        gaps = Count(later - earlier for earlier, later in zip(seen[shopper], seen[shopper][1:], strict=False))
        assert 250 <= interval_ms <= 1000
        assert all(gap % interval_ms == 0 for gap in gaps)
        assert gaps[interval_ms] >= 0.9 * gaps.total()


def test_consents_are_told_before_the_first_position() -> None:
    """Phones of those inside connect before the start and allow what the persona allows; some share no location."""
    engine = Counter()
    day, heard = a_day(open_phone=engine.open, settings=DaySettings(warm_up_min=15))
    day.run_until(-1)
    with_phone = {s.persona.shopper: s.persona.consents for s in day.inside() if s.persona.consents}
    assert engine.said.keys() == with_phone.keys()
    for shopper, allowed in with_phone.items():
        told = engine.consent(shopper)
        assert (told.location, told.basket, told.history) == (allowed.location, allowed.basket, allowed.history)
    assert not heard.messages
    assert not all(consents.location for consents in with_phone.values())


def test_phones_are_switched_off_at_the_door() -> None:
    """Whoever leaves switches the phone off; whoever is inside has it on."""
    engine = Counter()
    day, heard = a_day(open_phone=engine.open, settings=QUIET)
    day.run_until(10 * MINUTE_MS)
    left = {shopper for shopper, presence in heard.of("presence") if presence["event"] == "left"}
    assert left & engine.said.keys()
    assert set(engine.closed) >= left & engine.said.keys()
    assert not set(engine.closed) & {shopper.persona.shopper for shopper in day.inside()}


def test_nobody_comes_twice_at_a_time() -> None:
    """When the walk-ins have all been in, the first come again, but not while they are still inside."""
    few = replace(people_of("corner-shop"), size=3)
    day, heard = a_day("corner-shop", people=few, settings=DaySettings(arrivals_per_min=2, warm_up_min=10))
    day.run_until(20 * MINUTE_MS)
    events: dict[str, list[object]] = defaultdict(list)
    for shopper, presence in heard.of("presence"):
        events[shopper].append(presence["event"])
    assert events.keys() == {"s-0001", "s-0002", "s-0003"}
    assert any(len(visits) > 2 for visits in events.values())
    for visits in events.values():
        assert visits == ["arrived", "left"] * (len(visits) // 2) + ["arrived"] * (len(visits) % 2)


def test_a_day_without_walk_ins_has_the_cast_alone() -> None:
    """With no arrivals only the booked come."""
    day, _ = a_day(settings=DaySettings(arrivals_per_min=0, warm_up_min=1))
    day.run_until(MINUTE_MS)
    assert {shopper.persona.shopper for shopper in day.inside()} == {"dave", "ana", "chloe"}
