"""A clock and a crowd turned into a believable feed for the live page: ticks, statistics, decisions, three phones.

The show repeats every half minute: Dave walks to the wine, his phone buzzes, he opens the offer and takes it. Others
get offers or silence at random. Nothing here decides anything; the words are those the engine uses.
"""

import asyncio
import itertools
import random
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

import msgspec

from offer_engine.core.store_map import Product, StoreMap, Zone
from offer_engine.messages import Offer
from tests.web.fake_crowd import crowd_in

Json = dict[str, object]
Tell = Callable[[Json], Awaitable[None]]

CAST = (
    {"shopper": "dave", "label": "Dave", "note": "loves Silver Oak"},
    {"shopper": "ana", "label": "Ana", "note": "cooks a lot"},
    {"shopper": "chloe", "label": "Chloe", "note": "coffee fan"},
)
SILENCES = (
    ("Limit reached: 2 offers this visit", "Under the limit for this visit", "2 of 2"),
    ("Too soon after the last offer", "A pause since the last offer", "40 s, the store asks 180 s"),
    ("Muted by the shopper", "Wants offers now", "muted until 15:00"),
    ("Not worth a buzz", "Worth more than silence", "expected 3 cents, asks 5"),
    ("Already in the cart", "Not in the cart already", "it is"),
)


def statistics(in_store: int, sharing: int, sent: int) -> Json:
    """The counters of the feed, consistent with one another."""
    return {
        "in_store": in_store,
        "sharing": sharing,
        "sent": sent,
        "shown": sent - sent // 20,
        "opened": sent // 2,
        "accepted": sent // 3,
        "redeemed": sent // 5,
        "silent": sent * 14,
        "latency_p95_ms": 14.0 if sent else None,
        "positions_per_s": sharing * 4,
        "refused": {"outside": 2, "malformed": 1} if sent else {},
        "broker": "connected",
        "rules_version": "3f9c2a71b04d",
    }


def snapshot(ts: int) -> Json:
    """What a live page is told first, before anything has happened."""
    first = {"type": "snapshot", "ts": ts, "broker": "connected", "followed": list(CAST)}
    return {**first, "stats": statistics(0, 0, 0), "decisions": [], "phones": []}


def offer_of(product: Product, zone: Zone, ts: int, number: int, reason: str, percent: int = 20) -> Offer:
    """An offer as the engine would push it."""
    return Offer(
        id=f"offer-{number}",
        ts=ts,
        expires_at=ts + 600_000,
        visit="v1",
        rule="show",
        zone=zone.key,
        zone_label=zone.label,
        category=product.category,
        sku=product.sku,
        title=product.name,
        benefit=f"{percent}% off",
        price_cents=product.price_cents,
        offer_price_cents=product.price_cents * (100 - percent) // 100,
        reason=reason,
        signals=["location", "basket", "history"],
        code=f"NG-{4711 + number}",
        vibrate=[200, 100, 200],
    )


def decision_of(
    number: int, ts: int, who: tuple[str, str, int], zone: Zone, product: Product, silence: int | None = None
) -> Json:
    """One decision; `silence` picks one of SILENCES, None is an offer. `who` is (shopper, label, dot)."""
    checks = [
        {"ok": True, "label": f"Stayed in {zone.label}", "detail": "9.2 s, the zone asks 8 s"},
        {"ok": True, "label": "Allows location, cart and history", "detail": "since 14:12"},
        {"ok": True, "label": "Lamb is in the cart", "detail": "Rack of lamb, 1"},
        {"ok": True, "label": "Bought before", "detail": "Silver Oak, 2 times"},
    ]
    if silence is None:
        checks += [
            {"ok": True, "label": "Under the limit for this visit", "detail": "0 of 2"},
            {"ok": True, "label": "Best of what this zone has", "detail": "score 61 cents, next 18"},
            {"ok": True, "label": "Not in the control group", "detail": "bucket 0.62, control below 0.05"},
        ]
        verdict, sentence = "Sending", "Because there is lamb in your cart and you have bought this twice."
    else:
        verdict, label, detail = SILENCES[silence]
        checks.append({"ok": False, "label": label, "detail": detail})
        checks.append({"ok": None, "label": "Not in the control group", "detail": "not asked"})
        sentence = f"No offer: {verdict[0].lower()}{verdict[1:]}."
    shopper, name, dot = who
    return {
        "type": "decision",
        "id": f"d-{number}",
        "ts": ts,
        "shopper": shopper,
        "label": name,
        "n": dot,
        "zone": zone.key,
        "zone_label": zone.label,
        "transition": "dwell",
        "outcome": "offer" if silence is None else "silent",
        "title": product.name,
        "benefit": "20% off" if silence is None else "",
        "verdict": verdict,
        "sentence": sentence,
        "checks": checks,
    }


@dataclass(slots=True)
class Show:
    """What the show needs to go on from one decision to the next."""

    store: StoreMap
    people: int
    chance: random.Random = field(default_factory=lambda: random.Random(3))
    made: int = 0  # decisions
    sent: int = 0  # offers among them
    to_come: list[tuple[int, Json]] = field(default_factory=list)  # (tick, message): what the cast does with an offer

    def decide(self, tick: int, ts: int) -> list[Json]:
        """The next decision and what follows from it at once; every sixth is about one of the cast."""
        self.made += 1
        member = (self.made // 6) % len(CAST) if self.made % 6 == 2 else None
        product = self.chance.choice(list(self.store.products.values()))
        if member == 0:
            product = self.store.products["silver-oak-cabernet"]
        dot = self.chance.randint(len(CAST) + 1, max(len(CAST) + 1, self.people)) if member is None else member + 1
        who = (f"s-{dot:04d}", f"Shopper {dot}", dot)
        if member is not None:
            who = (CAST[member]["shopper"], CAST[member]["label"], dot)
        is_offer = member is not None or self.chance.random() < 0.3
        silence = None if is_offer else self.chance.randrange(len(SILENCES))
        zone = self.store.zones[product.zone]
        decision = decision_of(self.made, ts, who, zone, product, silence)
        if not is_offer:
            return [decision]
        self.sent += 1
        if member is not None:
            self._plan(member, tick, offer_of(product, zone, ts, self.made, str(decision["sentence"])))
        return [decision, {"type": "sent", "decision": decision["id"], "latency_ms": self.chance.uniform(4, 40)}]

    def _plan(self, member: int, tick: int, offer: Offer) -> None:
        endings = (["opened", "accepted", "redeemed"], ["opened", "not_for_me"], ["dismissed"])
        fields = msgspec.to_builtins(offer)
        for later, state in zip((1, 2, 14, 28, 60), ["sent", "shown", *endings[member]], strict=False):
            message = {"type": "phone", "shopper": CAST[member]["shopper"], "offer": fields, "state": state}
            self.to_come.append((tick + later, message))


async def run_show(store: StoreMap, people: int, tell: Tell, now_ms: Callable[[], int]) -> None:
    """Tell everyone about `people` dots four times a second, and now and then about a decision."""
    crowd = crowd_in(store, people)
    show = Show(store, people)
    for tick in itertools.count():
        ts = now_ms()
        await tell({"type": "tick", "ts": ts, "dots": crowd.tick(), "followed": {"dave": 1, "ana": 2, "chloe": 3}})
        if tick % 4 == 0:
            await tell({"type": "stats", **statistics(people + 12, people, show.sent)})
        for message in [message for at, message in show.to_come if at == tick]:
            await tell(message)
        if tick % 5 == 2:
            for message in show.decide(tick, ts):
                await tell(message)
        await asyncio.sleep(0.25)
