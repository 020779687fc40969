"""Days of one shopper for properties: events as they come from the store and the phone, in event time."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

from hypothesis import strategies as st

from offer_engine.core.affinity import Profile
from offer_engine.core.context import Tally, World
from offer_engine.core.shopper import Event, Outcome, Shopper, Until, apply
from offer_engine.messages import (
    Basket,
    BasketItem,
    Checkout,
    ConsentChange,
    Mute,
    Position,
    Presence,
    Ranges,
    Receipt,
    Unmute,
)
from tests.core.worlds import NOON, STORE

PLACES: Mapping[str, tuple[float, float]] = {
    "wine": (1.0, 5.0),
    "meat": (9.0, 6.0),
    "both": (3.5, 5.0),  # in the wine and in the promotion
    "band": (1.0, 3.5),  # out of the wine, but within its margin
    "door": (5.0, 0.5),
}
CONSENTS = ConsentChange(ts=0, location=True, basket=True, history=True)


@dataclass(frozen=True)
class Answers:
    """The phone says something about one of the offers so far, counted from the newest."""

    ts: int
    back: int
    what: Literal["shown", "opened", "accepted", "dismissed", "not_for_me", "expired", "offer", "category"]

    def event(self, state: Shopper) -> Event | None:
        """The receipt or the mute, once it is known which offer is meant."""
        sent = [delivery.offer for delivery in state.person.deliveries if delivery.state != "control"]
        if not sent:
            return None
        offer = sent[-1 - self.back % len(sent)]
        if self.what == "offer" or self.what == "category":  # noqa: PLR1714  so that the types are told apart
            return Mute(self.what, self.ts, offer)
        return Receipt(offer, self.what, self.ts)


FromTheStore = Position | Ranges | Basket | Checkout | Presence
Heard = FromTheStore | Mute | Unmute | ConsentChange | Until | Answers


def stand(ts: int, place: str, seconds: int) -> list[Heard]:
    """A fix a second, the first at `ts`."""
    x, y = PLACES[place]
    return [Position(ts + 1000 * n, x, y, accuracy=2.0) for n in range(seconds)]


@st.composite
def store_days(  # noqa: C901  one arm a thing that may happen
    draw: st.DrawFn, *, announced: bool = False, with_phone: bool = True, size: int = 14
) -> list[Heard]:
    """Standing about, here and upstairs, taking things, paying, leaving and coming again; what the phone says."""
    now, rev, visits = NOON, 0, 0
    heard: list[Heard] = [Presence(now, "arrived", "v0")] if announced or draw(st.booleans()) else []
    for _ in range(draw(st.integers(1, size))):
        match draw(st.sampled_from("sssssssfppbbaaaaamuclv" if with_phone else "sssssssfppbbclv")):
            case "s":
                seconds = draw(st.sampled_from([1, 3, 6, 9]))
                heard += stand(now, draw(st.sampled_from(sorted(PLACES))), seconds)
                now += 1000 * seconds
            case "f":
                heard += [Position(now + 1000 * second, *PLACES["wine"], floor=3) for second in range(4)]
                now += 4000
            case "p":
                now += 1000 * draw(st.sampled_from([5, 25, 70, 200, 2000]))
            case "b":
                rev += 1
                skus = draw(st.lists(st.sampled_from(sorted(STORE.products)), unique=True))
                heard.append(Basket(now, rev, [BasketItem(sku, 1) for sku in skus]))
            case "a":
                words = ["shown", "shown", "opened", "accepted", "dismissed", "not_for_me", "expired", "offer"]
                heard.append(Answers(now, draw(st.integers(0, 2)), draw(st.sampled_from([*words, "category"]))))
            case "m":
                heard.append(Mute("hour", now))
            case "u":
                heard.append(Unmute(now))
            case "c":
                heard.append(Checkout(now, f"v{visits}", [], []))
            case "l":
                heard.append(Presence(now, "left", f"v{visits}"))
                visits, rev = visits + 1, 0
                now += 1000 * draw(st.sampled_from([1, 100]))
                heard += [Presence(now, "arrived", f"v{visits}")] if announced or draw(st.booleans()) else []
            case _:
                kinds = st.none() | st.booleans()
                heard.append(ConsentChange(now, None, draw(kinds), draw(kinds)) if with_phone else Unmute(now))
        now += 1
    return heard


def live(
    shop: World, heard: Iterable[Heard], *, start: Shopper | None = None, past: Profile | None = None
) -> tuple[Shopper, list[Outcome]]:
    """A shopper called dave who shares everything lives through all of it."""
    state = apply(Shopper("dave"), CONSENTS, shop, Profile(), Tally())[0] if start is None else start
    outcomes: list[Outcome] = []
    for one in heard:
        event = one.event(state) if isinstance(one, Answers) else one
        if event is not None:
            state, found = apply(state, event, shop, Profile() if past is None else past, Tally())
            outcomes += found
    return state, outcomes
