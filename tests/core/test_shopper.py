"""One shopper's state machine: the laws under any day, and each of the traps by name."""

from dataclasses import replace
from random import Random

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from offer_engine.core.context import Tally, build_world
from offer_engine.core.decision import Decision
from offer_engine.core.geofence import Cause, Kind, Transition
from offer_engine.core.person import Consents
from offer_engine.core.reason import Reason
from offer_engine.core.rules import RuleSet
from offer_engine.core.shopper import VISIT_GAP_MS, Outcome, Shopper, Sold, Until, apply, restored
from offer_engine.core.tracking import Dropped
from offer_engine.messages import (
    Basket,
    BasketItem,
    Checkout,
    ConsentChange,
    Hello,
    Mute,
    Position,
    Presence,
    SoldItem,
)
from tests.core.days import Heard, live, stand, store_days
from tests.core.test_geofence import assert_lawful
from tests.core.worlds import ANY_LAMB, ANY_RED, DAY_MS, EASY, NO_PACING, NOON, OAK_WITH_LAMB, history, world

ENTER_RED = replace(ANY_RED, id="enter-red", transition="enter")
BUSY = world(ANY_RED, ENTER_RED, OAK_WITH_LAMB, ANY_LAMB, policy=EASY)
EAGER = world(ENTER_RED, ANY_LAMB, OAK_WITH_LAMB, policy=NO_PACING)


def decisions(outcomes: list[Outcome]) -> list[Decision]:
    """The decisions among outcomes."""
    return [outcome for outcome in outcomes if isinstance(outcome, Decision)]


def offers(outcomes: list[Outcome]) -> list[str]:
    """The rules of the offers among outcomes."""
    return [decision.offer.rule for decision in decisions(outcomes) if decision.offer is not None]


def crossings(outcomes: list[Outcome]) -> list[Transition]:
    """The transitions among outcomes."""
    return [outcome for outcome in outcomes if isinstance(outcome, Transition)]


def cart(ts: int, rev: int, *skus: str) -> Basket:
    """A basket with one of each."""
    return Basket(ts, rev, [BasketItem(sku, 1) for sku in skus])


def upstairs(ts: int, seconds: int, floor: int | None = 3) -> list[Heard]:
    """A fix a second in the middle of the wine, on this storey."""
    return [Position(ts + 1000 * second, 1.0, 5.0, floor=floor) for second in range(seconds)]


# --- laws -------------------------------------------------------------------------------------------------------------


@given(store_days(), st.randoms(use_true_random=False))
def test_any_day_is_lawful(day: list[Heard], chance: Random) -> None:
    """However events are shuffled, zones see enter, at most one dwell, exit; leaving closes every visit to a zone."""
    shuffled = sorted(day, key=lambda one: one.ts + chance.choice([0, 0, 0, 3000, 30_000]))
    state, outcomes = live(BUSY, shuffled)
    end = 10**14
    for event in (Presence(end, "arrived", "last"), Presence(end, "left", "last")):
        state, found = apply(state, event, BUSY, history(), Tally())
        outcomes += found
    assert_lawful(crossings(outcomes))
    kinds = [crossed.kind for crossed in crossings(outcomes)]
    assert kinds.count(Kind.ENTER) == kinds.count(Kind.EXIT)
    assert state.fence.stays == ()


@given(store_days())
def test_ids_are_never_used_twice(day: list[Heard]) -> None:
    """No decision overwrites another, no offer is mistaken for another."""
    _, outcomes = live(EAGER, day)
    ids = [decision.id for decision in decisions(outcomes)]
    sent = [decision.offer.id for decision in decisions(outcomes) if decision.offer is not None]
    assert len(ids) == len(set(ids))
    assert len(sent) == len(set(sent))


@given(store_days(), st.integers(0, 100), st.booleans())
def test_the_map_may_change_at_any_moment(day: list[Heard], cut: int, is_on_grid: bool) -> None:  # noqa: FBT001  drawn
    """A zone that is gone is left once, and never heard of again; the other zones' visits are still lawful."""
    slower = {key: replace(zone, min_inside_ms=3000) for key, zone in BUSY.store.zones.items() if key != "wine"}
    before = build_world(BUSY.store, BUSY.rules, is_on_grid=is_on_grid)
    after = build_world(replace(BUSY.store, zones=slower), RuleSet((ANY_LAMB,), "rules-2"), is_on_grid=is_on_grid)
    state, first = live(before, day[:cut])
    gone = [Presence(10**14, "arrived", "last"), Presence(10**14, "left", "last")]
    _, rest = live(after, [*day[cut:], *gone], start=restored(state))
    found = crossings([*first, *rest])
    assert_lawful(found)
    kinds = [crossed.kind for crossed in found]
    assert kinds.count(Kind.ENTER) == kinds.count(Kind.EXIT)
    assert {crossed.cause for crossed in crossings(rest) if crossed.zone == "wine"} <= {Cause.REMOVED}


@given(store_days(), st.integers(0, 200))
def test_a_state_may_be_stored_at_any_moment(day: list[Heard], cut: int) -> None:
    """Packed and unpacked anywhere in the day, the rest of it has the same outcomes."""
    before, after = day[:cut], day[cut:]
    state, first = live(BUSY, before, past=history("oak-red"))
    unpacked = msgspec.msgpack.decode(msgspec.msgpack.encode(state), type=Shopper)
    assert unpacked == state
    _, rest = live(BUSY, after, start=restored(unpacked), past=history("oak-red"))
    assert first + rest == live(BUSY, day, past=history("oak-red"))[1]


@given(store_days(with_phone=False), st.lists(st.integers(0, 3600), max_size=30))
def test_timers_bring_nothing_that_the_next_event_would_not(day: list[Heard], seconds: list[int]) -> None:
    """With or without timers between them, the store's events have the same outcomes."""
    timers: list[Heard] = [Until(NOON + 1000 * second) for second in seconds]
    last = [Until(NOON + DAY_MS)]
    mixed = sorted([*day, *timers], key=lambda one: one.ts)
    assert live(BUSY, [*mixed, *last])[1] == live(BUSY, [*day, *last])[1]


@given(store_days(announced=True, with_phone=False), st.data())
def test_what_is_delivered_again_changes_nothing(day: list[Heard], data: st.DataObject) -> None:
    """At least once is what QoS 1 promises: repeats, at once or later, are dropped and have no other outcome."""
    doubled: list[Heard] = []
    for number, one in enumerate(day):
        doubled.append(one)
        repeated = data.draw(st.lists(st.sampled_from(day[: number + 1]), max_size=1))
        doubled += [again for again in repeated if not isinstance(again, Checkout) or again is one]
    kept = [outcome for outcome in live(BUSY, doubled)[1] if not isinstance(outcome, Dropped)]
    assert kept == [outcome for outcome in live(BUSY, day)[1] if not isinstance(outcome, Dropped)]


@given(store_days())
def test_every_fix_that_is_not_used_is_told_with_its_reason(day: list[Heard]) -> None:
    """Backwards in time all are late, and a second time all are repeated or late, whatever else they are."""
    fixes: list[Heard] = [one for one in day if isinstance(one, Position)]
    newest = live(BUSY, fixes)[0]
    again = live(BUSY, reversed(fixes), start=newest)[1]
    assert len(again) == len(fixes)
    assert set(again) <= {Dropped.LATE, Dropped.REPEATED}


@given(store_days())
def test_without_location_there_is_nothing(day: list[Heard]) -> None:
    """No track, no zone, no decision; whatever else is shared."""
    start = apply(Shopper("dave"), ConsentChange(0, False, True, True), BUSY, history(), Tally())[0]  # noqa: FBT003  the wire's order
    state, outcomes = live(BUSY, day, start=start)
    assert [outcome for outcome in outcomes if not isinstance(outcome, Sold)] == []
    assert (state.track, state.fence.stays) == (None, ())


@given(store_days(), st.booleans())
def test_what_is_not_shared_decides_nothing(day: list[Heard], hides_basket: bool) -> None:  # noqa: FBT001  drawn
    """Without consent to the cart, an empty cart has the same outcomes; likewise the history."""
    day = [one for one in day if not isinstance(one, ConsentChange)]
    hidden = ConsentChange(0, True, not hides_basket, hides_basket)  # noqa: FBT003  the wire's order
    start = apply(Shopper("dave"), hidden, BUSY, history(), Tally())[0]
    if hides_basket:
        emptied: list[Heard] = [Basket(one.ts, one.rev, []) if isinstance(one, Basket) else one for one in day]
        assert offers(live(BUSY, day, start=start)[1]) == offers(live(BUSY, emptied, start=start)[1])
    else:
        known = live(BUSY, day, start=start, past=history("oak-red", "lamb-chops"))
        assert known == live(BUSY, day, start=start)


# --- the founding scene, and the traps --------------------------------------------------------------------------------


def test_lamb_then_wine_is_an_offer() -> None:
    """Lamb in the cart, six seconds at the wine: one offer, at the moment the dwell is complete."""
    shop = world(OAK_WITH_LAMB)
    _, outcomes = live(shop, [cart(NOON, 1, "rack-of-lamb"), *stand(NOON + 1000, "wine", 7)])
    (decision,) = decisions(outcomes)
    assert decision.offer is not None
    assert (decision.ts, decision.offer.sku) == (NOON + 6000, "oak-red")


def test_lamb_put_in_the_cart_at_the_wine_is_an_offer_too() -> None:
    """The basket is what was missing, so it decides anew; something that no rule waits for does not."""
    shop = world(OAK_WITH_LAMB)
    day = [*stand(NOON, "wine", 7), cart(NOON + 7000, 1, "house-red"), cart(NOON + 8000, 2, "lamb-chops")]
    _, outcomes = live(shop, day)
    assert [decision.reason for decision in decisions(outcomes)] == [Reason.NOT_IN_CART, Reason.SENT]


def test_what_fell_due_in_a_visit_that_is_over_belongs_to_it() -> None:
    """The next fix comes a day later and brings to light that the shopper had dwelt: yesterday, in that visit."""
    _, outcomes = live(world(ANY_RED), [*stand(NOON, "wine", 4), *stand(NOON + DAY_MS, "wine", 4)])
    (first,) = decisions(outcomes)
    _, with_timer = live(world(ANY_RED), [*stand(NOON, "wine", 4), Until(NOON + 6000)])
    assert decisions(with_timer) == [first]


def test_a_late_basket_wins_nothing() -> None:
    """The highest rev counts, in whatever order they come."""
    state, _ = live(BUSY, [cart(NOON + 2000, 5, "oak-red"), cart(NOON + 3000, 4), cart(NOON + 4000, 5)])
    assert state.visit is not None
    assert [item.sku for item in state.visit.basket] == ["oak-red"]


@pytest.mark.parametrize("pause_ms", [VISIT_GAP_MS + 1, DAY_MS])
def test_todays_basket_is_not_late_for_yesterdays_visit(pause_ms: int) -> None:
    """A shopper whom nobody announces comes again: their revs begin anew, and the offer comes anew."""
    shop = world(OAK_WITH_LAMB, policy=NO_PACING)
    first: list[Heard] = [cart(NOON, 3, "rack-of-lamb"), *stand(NOON + 1000, "wine", 7)]
    later = NOON + 8000 + pause_ms
    second = [cart(later, 1, "lamb-chops"), *stand(later + 1000, "wine", 7)]
    state, outcomes = live(shop, [*first, *second])
    assert offers(outcomes) == ["oak-with-lamb", "oak-with-lamb"]
    assert state.visit is not None
    assert (state.visit.since, state.visit.basket_rev) == (later, 1)
    assert len({decision.visit for decision in decisions(outcomes)}) == 2


def test_arriving_does_not_adopt_yesterdays_visit() -> None:
    """A visit that nobody ended is over by the next day; what was in its cart is gone."""
    day: list[Heard] = [cart(NOON, 9, "oak-red"), Presence(NOON + DAY_MS, "arrived", "v2")]
    state, _ = live(BUSY, day)
    assert state.visit is not None
    assert (state.visit.id, state.visit.basket, state.visit.since) == ("v2", (), NOON + DAY_MS)


def test_arriving_names_the_visit_that_a_first_fix_opened() -> None:
    """Its basket, and what was offered in it, count for it under its proper name."""
    shop = world(ENTER_RED)
    before: list[Heard] = [cart(NOON, 1, "lamb-chops"), *stand(NOON, "wine", 4)]
    state, outcomes = live(shop, [*before, Presence(NOON + 4000, "arrived", "v1")])
    assert offers(outcomes) == ["enter-red"]
    assert state.visit is not None
    assert (state.visit.id, state.visit.basket_rev) == ("v1", 1)
    assert [delivery.visit for delivery in state.person.deliveries] == ["v1"]


def test_a_basket_from_before_the_visit_is_not_of_it() -> None:
    """A high rev of the visit before must not make every basket of this one late."""
    day: list[Heard] = [Presence(NOON, "arrived", "v2"), cart(NOON - 1, 40, "oak-red"), cart(NOON + 1, 0, "house-red")]
    state, _ = live(BUSY, day)
    assert state.visit is not None
    assert [item.sku for item in state.visit.basket] == ["house-red"]


def test_a_fix_from_before_leaving_opens_no_visit() -> None:
    """The last positions may come after the message that the shopper left."""
    day: list[Heard] = [Presence(NOON, "arrived", "v1"), *stand(NOON, "wine", 4), Presence(NOON + 5000, "left", "v1")]
    state, outcomes = live(BUSY, [*day, Position(NOON + 4500, 1, 5), Position(NOON + 5000, 1, 5)])
    assert (state.visit, state.track) == (None, None)
    assert outcomes[-2:] == [Dropped.LATE, Dropped.LATE]


def test_after_paying_nothing_is_offered() -> None:
    """The way from the till to the door leads past offers that come too late."""
    paid = [*stand(NOON, "door", 2), Checkout(NOON + 2000, "v1", [], [])]
    assert offers(live(EAGER, [*paid, *stand(NOON + 3000, "wine", 9)])[1]) == []


def test_a_checkout_delivered_again_sells_nothing_twice() -> None:
    """Neither while the visit goes on nor once it is over, announced or not."""
    sale = Checkout(NOON + 9000, "v1", [SoldItem("oak-red", 1, 1000)], [])
    day = [*stand(NOON, "wine", 3), sale, sale, Presence(NOON + 10_000, "left", "v1"), sale]
    _, outcomes = live(BUSY, day)
    assert [outcome for outcome in outcomes if isinstance(outcome, Sold)] == [Sold(sale, ())]


def test_a_code_is_good_once_and_only_for_its_owner() -> None:
    """The till redeems what was sent to this shopper, and a control's code was never sent."""
    shop = world(ENTER_RED)
    state, outcomes = live(shop, stand(NOON, "wine", 4))
    (offer,) = [decision.offer for decision in decisions(outcomes) if decision.offer is not None]
    sales = [Checkout(NOON + 5000 + n, f"v{n}", [], [offer.code]) for n in range(2)]
    after, sold = live(shop, sales, start=state)
    assert [outcome.redeemed for outcome in sold if isinstance(outcome, Sold)] == [(offer.id,), ()]
    assert after.person.deliveries[0].shown_at == NOON + 5000
    stranger = live(shop, sales[:1], start=Shopper("eve"))[1]
    assert [outcome.redeemed for outcome in stranger if isinstance(outcome, Sold)] == [()]
    controls = world(ENTER_RED, policy=replace(EASY, holdout_share=0.999_999))
    held, _ = live(controls, stand(NOON, "wine", 4))
    unsent = live(controls, sales[:1], start=held)
    assert unsent[0].person.deliveries[0].state == "control"


def test_withdrawing_location_forgets_where_one_was() -> None:
    """Out of every zone, no track left, and no wrong clock of a phone can date the exit."""
    day = [*stand(NOON, "wine", 4), ConsentChange(ts=5, location=False)]
    state, outcomes = live(BUSY, day)
    assert (state.track, state.fence.stays) == (None, ())
    assert crossings(outcomes)[-1] == Transition(NOON + 3000, Kind.EXIT, "wine", NOON, Cause.ENDED)


@pytest.mark.parametrize("phone_ts", [5, 10**13])
def test_a_change_of_mind_decides_anew_at_the_store_s_time(phone_ts: int) -> None:
    """Saying "don't use my history" has its effect at once; what the phone takes for the time has none."""
    _, outcomes = live(world(ENTER_RED), [*stand(NOON, "wine", 4), ConsentChange(phone_ts, history=False)])
    first, second = decisions(outcomes)
    assert (first.reason, second.reason) == (Reason.SENT, Reason.TOO_SOON)
    assert second.ts == NOON + 3000


def test_joining_agrees_to_the_store_s_terms_once() -> None:
    """A phone's first hello gives what joining gives; a later one takes nothing back."""
    on_join = Consents(location=True, basket=True)
    shop = replace(BUSY, on_join=on_join)
    hello = Hello("dave", "token")
    state, _ = apply(Shopper("dave"), hello, shop, history(), Tally())
    assert state.person.consents == on_join
    state, _ = apply(state, ConsentChange(1, basket=False), shop, history(), Tally())
    state, _ = apply(state, hello, shop, history(), Tally())
    assert state.person.consents == Consents(location=True)


def test_a_product_gone_from_the_catalogue_does_no_harm() -> None:
    """A stored cart may hold what a new catalogue does not know; the rest of the cart counts."""
    state, _ = live(BUSY, [cart(NOON, 1, "rack-of-lamb", "house-red")])
    products = {sku: product for sku, product in BUSY.store.products.items() if sku != "rack-of-lamb"}
    smaller = replace(EAGER, store=replace(EAGER.store, products=products))
    _, outcomes = live(smaller, stand(NOON + 1000, "wine", 4), start=restored(state))
    assert offers(outcomes) == ["enter-red"]


def test_a_zone_gone_from_the_map_is_left_after_a_restart() -> None:
    """Whoever stood in it gets the exit with the next event or timer."""
    state, _ = live(BUSY, stand(NOON, "wine", 4))
    shop = world(ANY_LAMB)
    zones = {key: zone for key, zone in shop.store.zones.items() if key != "wine"}
    smaller = replace(shop, index=replace(shop.index, zones=zones))
    _, outcomes = live(smaller, [Until(NOON + 3500)], start=restored(state))
    assert [(crossed.zone, crossed.cause) for crossed in crossings(outcomes)] == [("wine", Cause.REMOVED)]


def test_mute_and_unmute_reach_the_decision() -> None:
    """Muted for an hour, the same steps lead to silence; unmuted, to an offer."""
    shop = world(ENTER_RED)
    _, outcomes = live(shop, [Mute("hour", NOON), *stand(NOON + 1, "wine", 4)])
    assert [decision.reason for decision in decisions(outcomes)] == [Reason.MUTED]


@pytest.mark.parametrize("is_on_grid", [False, True])
def test_who_is_upstairs_is_in_no_zone(is_on_grid: bool) -> None:  # noqa: FBT001  a parameter
    """The wine is left as by walking out, every such fix is counted as of another floor, and nothing is believed."""
    shop = build_world(BUSY.store, BUSY.rules, is_on_grid=is_on_grid)
    state, found = live(shop, [*upstairs(NOON, 8, floor=0), *upstairs(NOON + 8000, 6)])
    wine = [(crossed.kind, crossed.cause) for crossed in crossings(found) if crossed.zone == "wine"]
    assert wine[0] == (Kind.ENTER, None)
    assert wine[-1] == (Kind.EXIT, Cause.WALKED)
    assert found.count(Dropped.FLOOR) == 6
    assert state.belief is None
    assert state.fence.stays == ()


def test_a_fix_that_states_its_own_floor_is_like_any_other() -> None:
    """The ground floor is where this store's zones are."""
    assert live(BUSY, upstairs(NOON, 9, floor=0)) == live(BUSY, upstairs(NOON, 9, floor=None))


def test_a_stride_through_a_zone_is_told() -> None:
    """Five metres in two seconds, over the corner of the wine into its promotion; no rule waits for that."""
    stride: list[Heard] = [Position(NOON, 0.5, 3.5, accuracy=0.5), Position(NOON + 2000, 5.0, 5.5, accuracy=0.5)]
    found = live(BUSY, stride)[1]
    assert found == [Transition(NOON + 2000, Kind.CROSS, "wine", NOON)]
