"""A shopper and an offer: it is noticed, judged by taste, fetched from the shelf and paid for with its code."""

from collections.abc import Mapping
from dataclasses import replace

from beacon_sim.day import DaySettings
from beacon_sim.pocket import MUTE_SCOPES
from beacon_sim.population import Persona, Population
from beacon_sim.radio import RadioSettings
from offer_engine.messages import Mute, Receipt
from tests.beacon_sim.days import MINUTE_MS, Counter, Heard, a_day, an_offer, people_of, store_of

ALONE = DaySettings(arrivals_per_min=0, warm_up_min=1)
OFFER_AT_MS = 40_000


def dave() -> Persona:
    """The cast's first member."""
    return people_of("demo-market").booked[0]


def only(*personas: Persona) -> Population:
    """A store in which nobody else is booked."""
    return replace(people_of("demo-market"), booked=personas)


def offered(sku: str, persona: Persona, *, seed: int = 7) -> tuple[Counter, Heard]:
    """A whole visit of one persona who is offered a product at 25 % off at the wine."""
    engine = Counter()
    day, heard = a_day(seed=seed, settings=ALONE, open_phone=engine.open, people=only(persona))
    day.run_until(OFFER_AT_MS)
    product = store_of("demo-market").products[sku]
    price = product.price_cents
    offer = an_offer(
        sku, at_ms=OFFER_AT_MS, price_cents=price, offer_price_cents=price * 3 // 4, category=product.category
    )
    engine.send(persona.shopper, offer)
    day.run_until(20 * MINUTE_MS)
    return engine, heard


def receipts(engine: Counter, shopper: str) -> list[str]:
    """What the phone said became of the offer, in order."""
    return [message.event for message in engine.said[shopper] if isinstance(message, Receipt)]


def bought(heard: Heard) -> tuple[Mapping[str, int], list[object]]:
    """What was paid for each product, and the codes used."""
    (_, checkout), *_ = heard.of("checkout")
    items, codes = checkout["items"], checkout["codes"]
    assert isinstance(items, list)
    assert isinstance(codes, list)
    return {item["sku"]: item["price_cents"] for item in items}, codes


def test_a_favourite_is_opened_fetched_and_paid_with_its_code() -> None:
    """Dave's phone buzzes for Silver Oak: he accepts, puts it in the cart, and the till sees code and price."""
    engine, heard = offered("silver-oak-cabernet", dave())
    assert receipts(engine, "dave") == ["shown", "opened", "accepted"]
    prices, codes = bought(heard)
    assert prices["silver-oak-cabernet"] == 1490 * 3 // 4
    assert codes == ["code-1"]
    assert prices["rack-of-lamb"] == 2490


def test_an_accepted_offer_is_fetched_before_anything_else() -> None:
    """The next thing in the cart after an accepted offer is what was offered."""
    _, heard = offered("silver-oak-cabernet", dave())
    carts = [
        [item["sku"] for item in basket["items"]]
        for _, basket in heard.of("basket")
        if isinstance(basket["items"], list)
    ]
    assert carts[0] == ["rack-of-lamb"]
    assert carts[1] == ["rack-of-lamb", "silver-oak-cabernet"]


def test_an_offer_adds_to_the_trip_and_takes_nothing_away() -> None:
    """With and without the offer the same things are bought at the same stops, but for what was offered."""
    _, with_offer = offered("silver-oak-cabernet", dave())
    day, without = a_day(settings=ALONE, people=only(dave()))
    day.run_until(20 * MINUTE_MS)
    assert bought(with_offer)[0].keys() - bought(without)[0].keys() == {"silver-oak-cabernet"}
    assert not bought(without)[0].keys() - bought(with_offer)[0].keys()


def test_what_was_to_be_bought_anyway_is_not_bought_twice() -> None:
    """An offer of something on the list brings it forward; there is one of it at the till."""
    keen = replace(dave(), tastes=dict(dave().tastes) | {"baguette": 1.0})
    _, heard = offered("baguette", keen)
    (_, checkout), *_ = heard.of("checkout")
    assert isinstance(checkout["items"], list)
    assert [item["qty"] for item in checkout["items"] if item["sku"] == "baguette"] == [1]


def test_reactions_follow_taste() -> None:
    """Over many shoppers who differ in nothing else, those who like the product take it and the others do not."""
    likers = [replace(dave(), shopper=f"likes-{n}", tastes={"red-wine": 0.95}) for n in range(15)]
    others = [replace(dave(), shopper=f"other-{n}", tastes={"red-wine": 0.02}) for n in range(15)]
    engine = Counter()
    day, _ = a_day(settings=ALONE, open_phone=engine.open, people=only(*likers, *others))
    day.run_until(OFFER_AT_MS)
    offer = an_offer("malbec", at_ms=OFFER_AT_MS, price_cents=949, offer_price_cents=759)
    for persona in (*likers, *others):
        engine.send(persona.shopper, offer)
    day.run_until(OFFER_AT_MS + MINUTE_MS)
    takers = {shopper for shopper in engine.said if "accepted" in receipts(engine, shopper)}
    assert len(takers & {persona.shopper for persona in likers}) >= 7
    assert len(takers & {persona.shopper for persona in others}) <= 2


def test_bad_offers_in_a_row_end_in_a_mute() -> None:
    """One who is pushed again and again with what nobody wants tells the phone to stop."""
    engine = Counter()
    persona = replace(dave(), tastes={"red-wine": 0.0})
    day, _ = a_day(settings=ALONE, open_phone=engine.open, people=only(persona))
    for number in range(14):
        day.run_until(20_000 + number * 15_000)
        offer = an_offer("malbec", at_ms=20_000 + number * 15_000, price_cents=949, offer_price_cents=949)
        engine.send("dave", offer)
    day.run_until(5 * MINUTE_MS)
    mutes = [message for message in engine.said["dave"] if isinstance(message, Mute)]
    assert mutes
    assert {mute.scope for mute in mutes} <= set(MUTE_SCOPES.values())


def test_an_offer_after_the_till_is_put_away() -> None:
    """Who is already in the queue does not go back for an offer, however good."""
    engine = Counter()
    day, heard = a_day(settings=ALONE, open_phone=engine.open, people=only(dave()))
    while not heard.of("checkout"):
        day.run_until(day.now_ms + 1_000)
    offer = an_offer("silver-oak-cabernet", at_ms=day.now_ms, price_cents=1490, offer_price_cents=1000)
    engine.send("dave", offer)
    day.run_until(day.now_ms + 5 * MINUTE_MS)
    assert "accepted" not in receipts(engine, "dave")
    assert len(heard.of("checkout")) == 1


def test_a_dead_phone_is_seen_no_more_and_rings_no_more() -> None:
    """When the battery gives out, positions end and the phone goes off, while the shopper goes on and pays."""
    engine, weak = Counter(), RadioSettings(dead_share=1.0, dead_after_s=30.0, lost_every_s=0)
    settings = DaySettings(arrivals_per_min=2.5, warm_up_min=1, radio=weak)
    day, heard = a_day(settings=settings, open_phone=engine.open, people=only())
    day.run_until(25 * MINUTE_MS)
    paid = {shopper: int(str(checkout["ts"])) for shopper, checkout in heard.of("checkout")}
    assert len(paid) > 5
    fixes = {shopper: int(str(fix["ts"])) for shopper, fix in heard.of("position") if shopper in paid}
    assert all(last_ts < paid[shopper] for shopper, last_ts in fixes.items())
    assert paid.keys() & engine.said.keys() <= set(engine.closed)


def test_a_day_of_ranges_has_no_positions() -> None:
    """Everybody who was to be seen is, by gateways; one seed gives one such day, and the walks are the same as ever."""
    settings = DaySettings(arrivals_per_min=0, warm_up_min=1, radio=RadioSettings(source="ranges"))
    days = [a_day(settings=one) for one in (settings, settings, ALONE)]
    for day, _ in days:
        day.run_until(MINUTE_MS)
    (_, heard), (_, again), (_, located) = days
    assert heard.messages == again.messages
    assert not heard.of("position")
    assert {shopper for shopper, _ in heard.of("ranges")} == {"dave", "ana", "chloe"}
    assert heard.of("basket") == located.of("basket")
