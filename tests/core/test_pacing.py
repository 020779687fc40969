"""Manners under any interleaving: no cap is ever exceeded by what was delivered, windows roll, pauses hold."""

from dataclasses import dataclass, replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from offer_engine.core.affinity import Profile
from offer_engine.core.annoyance import Reception
from offer_engine.core.context import Tally
from offer_engine.core.decision import Decision, decide
from offer_engine.core.pacing import pause_ms
from offer_engine.core.person import Delivery, DeliveryState, Person
from offer_engine.core.reason import Reason
from offer_engine.core.rules import Rule
from offer_engine.core.shopper import Shopper, apply
from offer_engine.core.store_map import Policy
from offer_engine.messages import Position, Presence, Receipt
from tests.core.days import CONSENTS, Answers, Heard, live, store_days
from tests.core.worlds import ALL, ANY_LAMB, ANY_RED, DAY_MS, EASY, NO_PACING, NOON, berlin, moment, world

BRIEF = replace(
    EASY,
    pushes_per_visit=2,
    min_gap_s=20,
    rule_cooldown_h=200 / 3600,
    category_cooldown_h=60 / 3600,
    offer_valid_s=30,
)
ENTER_RED = replace(ANY_RED, id="enter-red", transition="enter", cooldown_h=30 / 3600)
ENTER_LAMB = replace(ANY_LAMB, id="enter-lamb", transition="enter", per_visit=2, cooldown_h=0.0)
PACED = world(ANY_RED, ENTER_RED, ANY_LAMB, ENTER_LAMB, policy=BRIEF)
COOLDOWN_S = {"any-red": 200, "enter-red": 30, "any-lamb": 200, "enter-lamb": 0}


@dataclass
class Given:
    """An offer as an observer outside the engine notes it."""

    offer: str
    rule: str
    category: str
    visit: str
    at: int
    expires_at: int
    is_seen: bool = False
    is_expired: bool = False

    def is_delivered(self, now: int) -> bool:
        """Seen by the shopper, or on its way and still to be shown."""
        return self.is_seen or (not self.is_expired and now < self.expires_at)


def assert_paced(new: Given, earlier: list[Given]) -> None:
    """Every cap of the store and of the rule holds, counting what was delivered."""
    got = [one for one in earlier if one.is_delivered(new.at)]
    this_visit = [one for one in got if one.visit == new.visit]
    assert len(this_visit) < BRIEF.pushes_per_visit
    assert sum(one.rule == new.rule for one in this_visit) < (2 if new.rule == "enter-lamb" else 1)
    for one in got:
        ago_s = (new.at - one.at) / 1000
        assert ago_s >= BRIEF.min_gap_s
        assert one.category != new.category or one.rule == new.rule or ago_s >= 60
        assert one.rule != new.rule or ago_s >= COOLDOWN_S[new.rule]


@given(store_days(announced=True, size=40))
def test_no_cap_is_ever_exceeded(day: list[Heard]) -> None:
    """Whatever the shopper does and the phones report, in whatever order."""
    state = apply(Shopper("dave"), CONSENTS, PACED, Profile(), Tally())[0]
    noted: list[Given] = []
    for one in day:
        event = one.event(state) if isinstance(one, Answers) else one
        if event is None:
            continue
        if isinstance(event, Receipt):
            for known in noted:
                known.is_seen |= known.offer == event.offer and event.event != "expired"
                known.is_expired |= known.offer == event.offer and event.event == "expired"
        state, outcomes = apply(state, event, PACED, Profile(), Tally())
        for decision in outcomes:
            if isinstance(decision, Decision) and decision.offer is not None:
                offer = decision.offer
                new = Given(offer.id, offer.rule, offer.category, offer.visit, offer.ts, offer.expires_at)
                assert_paced(new, noted)
                noted.append(new)


def test_days_see_offers_paced() -> None:
    """The property above has something to bite: a plain day gets two offers a visit."""
    day: list[Heard] = []
    for n, place in enumerate([(1.0, 5.0), (9.0, 6.0), (1.0, 5.0)]):
        start = NOON + 300_000 * n
        day += [Presence(start, "arrived", f"v{n // 2}")] if n % 2 == 0 else []
        day += [Position(start + 1000 * s, *place) for s in range(8)]
    _, outcomes = live(PACED, day)
    sent = [d.offer.rule for d in outcomes if isinstance(d, Decision) and d.offer is not None]
    assert sent == ["enter-red", "enter-lamb", "enter-red"]


# --- windows, by name -------------------------------------------------------------------------------------------------


def was(
    ago_ms: int,
    state: DeliveryState = "shown",
    *,
    rule: str = "other",
    category: str = "lamb",
    visit: str = "earlier",
    now: int = NOON,
    n: int = 0,
) -> Delivery:
    """An offer of so long ago; shown unless its state says otherwise."""
    at = now - ago_ms
    shown_at = None if state in {"sent", "expired", "control"} else at
    return Delivery(f"o{n}-{ago_ms}", rule, category, "lamb-chops", visit, at, at + 600_000, state, shown_at)


H = 3_600_000
PACING = replace(EASY, min_gap_s=180, rule_cooldown_h=20.0, category_cooldown_h=12.0, pushes_per_visit=2)


def verdict(*past: Delivery, policy: Policy = PACING, at: int = NOON) -> Reason:
    """What becomes of the any-red rule after these offers."""
    return decide(moment(world(ANY_RED, policy=policy), at=at, person=Person(ALL, deliveries=past))).reason


@pytest.mark.parametrize(
    ("past", "reason"),
    [
        ([was(179_000)], Reason.TOO_SOON),
        ([was(180_000)], Reason.SENT),
        ([was(-5_000)], Reason.TOO_SOON),  # decided late for an earlier moment
        ([was(179_000, "sent")], Reason.TOO_SOON),  # on its way
        ([was(179_000, "expired")], Reason.SENT),  # came too late to be shown: used up nothing
        ([was(601_000, "sent", visit="visit-1"), was(700_000, visit="visit-1")], Reason.SENT),
        ([was(700_000, visit="visit-1"), was(300_000, visit="visit-1", n=1)], Reason.VISIT_CAP),
        ([was(700_000, "control", visit="visit-1"), was(300_000, "control", visit="visit-1")], Reason.VISIT_CAP),
        ([was(700_000, rule="any-red", visit="visit-1")], Reason.RULE_VISIT_CAP),
        ([was(20 * H - 1000, rule="any-red")], Reason.RULE_COOLDOWN),
        ([was(20 * H, rule="any-red")], Reason.SENT),
        ([was(12 * H - 1000, category="red-wine")], Reason.CATEGORY_COOLDOWN),
        ([was(12 * H, category="red-wine")], Reason.SENT),
    ],
)
def test_each_window_rolls(past: list[Delivery], reason: Reason) -> None:
    """On both sides of each border, counting deliveries."""
    assert verdict(*past) is reason


TWICE = replace(ANY_RED, per_visit=2)


@pytest.mark.parametrize(
    ("rule", "past", "reason"),
    [
        (TWICE, [was(300_000, rule="any-red", category="red-wine", visit="visit-1")], Reason.SENT),
        (TWICE, [was(300_000, rule="any-red", category="red-wine")], Reason.RULE_COOLDOWN),  # another visit
        (replace(TWICE, cooldown_h=1.0), [was(H - 1, rule="any-red", visit="visit-1")], Reason.RULE_COOLDOWN),
        (replace(ANY_RED, cooldown_h=1.0), [was(H, rule="any-red", category="red-wine")], Reason.SENT),
        (replace(ANY_RED, cooldown_h=1.0), [was(H, rule="other", category="red-wine")], Reason.CATEGORY_COOLDOWN),
    ],
)
def test_how_often_a_rule_may_come_is_its_own_affair(rule: Rule, past: list[Delivery], reason: Reason) -> None:
    """The category's cool-down is about other rules; the store's for a rule is between visits if it may come twice."""
    person = Person(ALL, deliveries=tuple(past))
    assert decide(moment(world(rule, policy=PACING), person=person)).reason is reason


@pytest.mark.parametrize(
    ("cap", "ago_s", "reason"),
    [
        (3, [3599, 1800, 1], Reason.STORE_CAP),
        (3, [3600, 1800, 1], Reason.SENT),
        (4, [3599, 1800, 1], Reason.SENT),
        (0, [], Reason.STORE_CAP),
        (None, [1] * 99, Reason.SENT),
    ],
)
def test_the_store_s_hour_rolls_too(cap: int | None, ago_s: list[int], reason: Reason) -> None:
    """All shoppers together, in any sixty minutes; without a cap, as many as there are."""
    shop = world(ANY_RED, policy=replace(NO_PACING, store_pushes_per_h=cap))
    tally = Tally(pushed=[NOON - 1000 * ago for ago in ago_s])
    assert decide(moment(shop, tally=tally)).reason is reason


def test_midnight_is_no_border() -> None:
    """23:50 and 00:10 are twenty minutes apart, not two days."""
    late = was(20 * 60_000, category="red-wine", now=berlin(0, 10, day=3))
    assert verdict(late, at=berlin(0, 10, day=3)) is Reason.CATEGORY_COOLDOWN


@pytest.mark.parametrize(
    ("quiet", "hour", "minute", "is_quiet"),
    [
        (("22:00", "07:00"), 21, 59, False),
        (("22:00", "07:00"), 22, 0, True),
        (("22:00", "07:00"), 0, 0, True),
        (("22:00", "07:00"), 6, 59, True),
        (("22:00", "07:00"), 7, 0, False),
        (("13:00", "15:00"), 14, 0, True),
        (("13:00", "15:00"), 15, 0, False),
        (("00:00", "00:00"), 0, 0, False),  # equal: no quiet hours
    ],
)
def test_quiet_hours_may_span_midnight(quiet: tuple[str, str], hour: int, minute: int, *, is_quiet: bool) -> None:
    """By the store's wall clock; the first minute is quiet, the last is not."""
    policy = replace(NO_PACING, quiet_from=quiet[0], quiet_until=quiet[1])
    assert verdict(policy=policy, at=berlin(hour, minute)) is (Reason.QUIET_HOURS if is_quiet else Reason.SENT)


def test_quiet_hours_follow_the_clock_change() -> None:
    """On 29 March 2026 the clocks skip 02:00 to 03:00; seven o'clock is seven o'clock."""
    policy = replace(NO_PACING, quiet_from="22:00", quiet_until="07:00")
    assert verdict(policy=policy, at=berlin(6, 59, day=29)) is Reason.QUIET_HOURS
    assert verdict(policy=policy, at=berlin(7, day=29)) is Reason.SENT


PAUSING = replace(NO_PACING, ignores_before_pause=3, pause_days=7.0)


def ignored(days_ago: float, state: DeliveryState = "shown") -> Delivery:
    """An offer of red wine, ignored so many days ago."""
    return was(round(days_ago * DAY_MS), state, category="red-wine")


@pytest.mark.parametrize(
    ("past", "reason"),
    [
        ([ignored(6, "not_for_me")], Reason.PAUSED),
        ([ignored(7, "not_for_me")], Reason.SENT),
        ([ignored(3), ignored(2), ignored(1)], Reason.PAUSED),
        ([ignored(3), ignored(2, "dismissed"), ignored(1)], Reason.PAUSED),
        ([ignored(3), ignored(2)], Reason.SENT),
        ([ignored(9), ignored(8), ignored(7)], Reason.SENT),
        ([ignored(3), ignored(2), ignored(1, "opened")], Reason.SENT),  # the row is broken
        ([ignored(3), ignored(2), ignored(1, "redeemed")], Reason.SENT),
        ([ignored(4, "accepted"), ignored(3), ignored(2), ignored(1)], Reason.PAUSED),
        ([ignored(3), ignored(2), ignored(1), ignored(0.5, "expired")], Reason.PAUSED),  # unseen breaks no row
        ([ignored(3), ignored(2), was(300_000, category="red-wine")], Reason.SENT),  # may still be opened
    ],
)
def test_who_ignores_or_rejects_is_left_alone(past: list[Delivery], reason: Reason) -> None:
    """Three shown and not opened in a row, or one "not for me", silence a category for a week."""
    assert verdict(*past, policy=PAUSING) is reason


@pytest.mark.parametrize(
    ("past", "reason"),
    [
        ([ignored(40, "not_for_me"), ignored(13.9, "not_for_me")], Reason.PAUSED),  # the second is for two weeks
        ([ignored(40, "not_for_me"), ignored(14, "not_for_me")], Reason.SENT),
        ([ignored(43), ignored(42), ignored(41), ignored(13)], Reason.PAUSED),  # ignored once more after the first
        ([ignored(43), ignored(42), ignored(41), ignored(14)], Reason.SENT),
        ([*[ignored(50 + n, "not_for_me") for n in (3, 2, 1)], ignored(20, "not_for_me")], Reason.SENT),  # capped
        ([*[ignored(50 + n, "not_for_me") for n in (3, 2, 1)], ignored(19.9, "not_for_me")], Reason.PAUSED),
        ([ignored(40, "not_for_me"), ignored(20, "accepted"), ignored(7, "not_for_me")], Reason.SENT),  # made up for
        ([ignored(2, "not_for_me"), ignored(1, "accepted")], Reason.PAUSED),  # but the word still holds
    ],
)
def test_the_pause_grows_with_each_repetition(past: list[Delivery], reason: Reason) -> None:
    """Twice as long each time, up to twenty days here; taking an offer begins anew."""
    assert verdict(*past, policy=replace(PAUSING, pause_growth=2.0, pause_max_days=20.0)) is reason


@given(st.integers(1, 300), st.floats(1, 10), st.floats(0, 366), st.floats(0, 366))
def test_a_pause_is_never_shorter_than_the_one_before(strikes: int, growth: float, days: float, longest: float) -> None:
    """However often, and within the store's bounds."""
    policy = replace(PAUSING, pause_growth=growth, pause_days=days, pause_max_days=longest)
    assert pause_ms(strikes, policy) <= pause_ms(strikes + 1, policy) <= max(days, longest) * DAY_MS + 1
    assert pause_ms(1, policy) == round(days * DAY_MS)


def test_a_rule_that_annoys_is_silent_for_everybody() -> None:
    """Even for whoever has never seen it; the evidence is in the record."""
    tally = Tally(received={"any-red": Reception(100, 60)})
    (found,) = decide(moment(world(ANY_RED), tally=tally)).verdicts
    assert found.reason is Reason.RULE_PAUSED
    assert found.actual == "60 of 100 shown were unwelcome, surely more than 50%"


def test_a_pause_is_for_a_category() -> None:
    """Who does not care for lamb may still like wine."""
    rejected = was(DAY_MS, "not_for_me", category="lamb")
    assert verdict(rejected, policy=PAUSING) is Reason.SENT


@given(st.integers(0, 400), st.integers(0, 400))
def test_an_offer_that_expired_unseen_frees_its_place(first_s: int, second_s: int) -> None:
    """Sent, never shown: it counts for its ten minutes and not a moment longer."""
    past = was(first_s * 1000, "sent", visit="visit-1")
    policy = replace(NO_PACING, pushes_per_visit=1)
    later = NOON + second_s * 1000
    expected = Reason.VISIT_CAP if first_s + second_s < 600 else Reason.SENT
    assert verdict(past, policy=policy, at=later) is expected
