"""Other positioning systems drive a phone to buzz over real brokers: their payloads alone, and a basket.

The engine runs in this loop with a clock that the test holds, so seconds pass as fast as messages do.
"""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from math import hypot
from pathlib import Path

import pytest
from websockets.asyncio.client import ClientConnection, connect

from offer_engine.adapters.foreign import shopper_of
from offer_engine.adapters.omlox import fence_id
from offer_engine.core.context import World
from offer_engine.messages import Hello, Offer, Position, encode, parse_engine_message, phone_token
from offer_engine.run import Engine, run_engine
from offer_engine.settings import Settings
from tests.adapters.payloads import (
    IRK,
    TAG,
    TRACKABLE,
    espresense_reading,
    iso,
    omlox_location,
    owntracks_location,
    owntracks_transition,
)
from tests.brokers import Broker
from tests.engines import START_MS
from tests.live import PATIENCE_S, PHONE_KEY, STORE, Wire, wire
from tests.worlds import demo_market, demo_market_on_grid

WINE_AISLE = (3.0, 12.0)
SALMON = [{"sku": "salmon-fillet", "qty": 1}]
HEARS_M = 12.0


KNOCKS = {  # by the last of the systems listened to: its last topic, and something that is heard on it
    "": (f"store/{STORE}/shopper/knock/position", encode(Position(START_MS, *WINE_AISLE))),
    "omlox": ("/omlox/json/location_updates/pub/knock", omlox_location(START_MS, *WINE_AISLE, trackables=["knock"])),
    "espresense": ("espresense/rooms/b30/status", b"offline"),
    "owntracks": ("owntracks/knock/phone/event", owntracks_transition(START_MS, "enter")),
}


@dataclass(slots=True)
class Clock:
    """The engine's clock, in the test's hand."""

    now_ms: int = START_MS

    def __call__(self) -> int:
        """The time."""
        return self.now_ms


@dataclass(frozen=True, slots=True)
class Shop:
    """A store with an engine and its broker."""

    engine: Engine
    beacon: Wire
    clock: Clock

    async def hears(self, leaf: str) -> dict[str, object]:
        """The next message that ends so, while the engine goes on in this loop."""
        return await asyncio.to_thread(self.beacon.next, leaf)


@asynccontextmanager
async def shop(folder: Path, broker: Broker, systems: str, world: World) -> AsyncIterator[Shop]:
    """An engine that listens to some systems, subscribed and up."""
    clock = Clock()
    settings = Settings(
        broker=broker.url, port=0, db=str(folder / "ledger.db"), phone_key=PHONE_KEY, listen=systems, tracking="grid"
    )
    with wire(broker.url, f"store/{STORE}/zone/+/event", "/omlox/json/fence_events/+") as beacon:
        async with run_engine(settings, world, clock) as engine:
            await until(lambda: _is_subscribed(engine, beacon, systems.rsplit(",", maxsplit=1)[-1]))
            yield Shop(engine, beacon, clock)


def _is_subscribed(engine: Engine, beacon: Wire, system: str) -> bool:
    """Knock until something is heard."""
    beacon.publish(*KNOCKS[system], 0)
    foreign = engine.service.foreign
    return "knock" in engine.service._live or (foreign is not None and bool(foreign.offline))


@asynccontextmanager
async def phone(engine: Engine, shopper: str) -> AsyncIterator[ClientConnection]:
    """The shopper's phone, which has said hello."""
    async with connect(f"ws://127.0.0.1:{engine.port}/ws/phone") as socket:
        await socket.send(encode(Hello(shopper, phone_token(PHONE_KEY.encode(), shopper))).decode())
        await socket.recv()
        yield socket


async def until(is_so: Callable[[], bool]) -> None:
    """Return once something is so that happens on the network."""
    async with asyncio.timeout(PATIENCE_S):
        while not is_so():  # noqa: ASYNC110  what is waited for happens in another program
            await asyncio.sleep(0.005)


async def next_offer(socket: ClientConnection) -> Offer:
    """The next offer on a phone; what else it is told is passed over."""
    async with asyncio.timeout(PATIENCE_S):
        while True:
            message = parse_engine_message(await socket.recv())
            if isinstance(message, Offer):
                return message


async def puts_salmon_in_the_cart(store: Shop, shopper: str) -> None:
    """A basket on our own wire: no positioning system knows carts."""
    service = store.engine.service
    store.beacon.send(shopper, "basket", {"ts": store.clock.now_ms, "rev": 1, "items": SALMON})
    await until(lambda: (visit := service.state(shopper).visit) is not None and len(visit.basket) == 1)


async def all_has_been_heard(store: Shop, shopper: str, last_ms: int) -> None:
    """Every fix up to the last has arrived: one that came after the clock was moved would be taken for a late one."""
    service = store.engine.service
    await until(lambda: (track := service.state(shopper).track) is not None and track.ts == last_ms)


@pytest.mark.parametrize("slash", ["/", ""])
async def test_an_omlox_tag_makes_a_phone_buzz(broker: Broker, tmp_path: Path, slash: str) -> None:
    """Eight locations of a tag at the wine; and omlox software is told that it entered, and when it had left."""
    shopper = shopper_of("omlox", TAG)
    async with (
        shop(tmp_path, broker, "omlox", demo_market()) as store,
        phone(store.engine, shopper) as socket,
    ):
        await puts_salmon_in_the_cart(store, shopper)
        for second in range(8):
            payload = omlox_location(store.clock.now_ms + 1000 * second, *WINE_AISLE, trackables=None)
            store.beacon.publish(f"{slash}omlox/json/location_updates/pub/{TAG}", payload, 0)
        offer = await next_offer(socket)
        assert (offer.zone, offer.reason.count("salmon")) == ("wine", 1)

        entered = await store.hears(fence_id(STORE, "wine"))
        assert (entered["event_type"], entered["foreign_id"]) == ("region_entry", "wine")
        assert (entered["provider_id"], entered["entry_time"]) == (shopper, iso(START_MS))
        await all_has_been_heard(store, shopper, START_MS + 7000)
        store.clock.now_ms += 60_000
        left = await store.hears(fence_id(STORE, "wine"))
        assert (left["event_type"], left["entry_time"]) == ("region_exit", iso(START_MS))


async def test_omlox_locations_on_the_globe_find_the_aisle(broker: Broker, tmp_path: Path) -> None:
    """WGS84 by the plan's control points, and a trackable's own id, which needs no hash."""
    world = demo_market()
    assert world.store.tie is not None, "Northgate Market's plan is tied to the world"
    lon, lat = world.store.tie.to_world(*WINE_AISLE)
    async with (
        shop(tmp_path, broker, "omlox", world) as store,
        phone(store.engine, TRACKABLE) as socket,
    ):
        await puts_salmon_in_the_cart(store, TRACKABLE)
        for second in range(8):
            payload = omlox_location(store.clock.now_ms + 1000 * second, lon, lat, crs="EPSG:4326", provider_type="gps")
            store.beacon.publish(f"/omlox/json/location_updates/pub/{TAG}", payload, 0)
        assert (await next_offer(socket)).zone == "wine"


async def test_espresense_nodes_make_a_phone_buzz(broker: Broker, tmp_path: Path) -> None:
    """Each node in earshot tells its own distance once a second; together they find the wine and the phone buzzes."""
    world = demo_market_on_grid()
    shopper = shopper_of("espresense", IRK)
    nodes = {one.key: hypot(one.x - WINE_AISLE[0], one.y - WINE_AISLE[1]) for one in world.store.gateways}
    near = {room: away for room, away in nodes.items() if away < HEARS_M}
    async with (
        shop(tmp_path, broker, "espresense", world) as store,
        phone(store.engine, shopper) as socket,
    ):
        await puts_salmon_in_the_cart(store, shopper)
        waiting = asyncio.create_task(next_offer(socket))  # noqa: TID251  awaited below
        service = store.engine.service
        assert service.foreign is not None
        gathering = service.foreign._gathering
        while not waiting.done():
            before = service.counts.positions
            for room, away in near.items():
                store.beacon.publish(f"espresense/devices/{IRK}/{room}", espresense_reading(round(away, 2), var=0.2), 0)
            await until(lambda: any(len(one.readings) == len(near) for one in gathering._open.values()))
            store.clock.now_ms += 1000
            await until(lambda count=before: service.counts.positions > count)  # type: ignore[misc]
            assert store.clock.now_ms < START_MS + 60_000, "a minute at the wine, and no offer"
        offer = await waiting
        entered = await store.hears("wine/event")
    assert (offer.zone, entered["event"], entered["shopper"]) == ("wine", "enter", shopper)


async def test_owntracks_opens_and_closes_the_visit(broker: Broker, tmp_path: Path) -> None:
    """The app enters the store's region: a visit; it leaves: none. What it says of home leaves no trace."""
    async with shop(tmp_path, broker, "owntracks", demo_market()) as store:
        service = store.engine.service
        store.beacon.publish("owntracks/erin/phone/event", owntracks_transition(START_MS - 5000, "leave", "home"))
        store.beacon.publish("owntracks/erin/phone", owntracks_location(START_MS - 4000, 48.1, 11.6))
        store.beacon.publish("owntracks/erin/phone/event", owntracks_transition(START_MS, "enter"))
        await until(lambda: service.state("erin").visit is not None)
        visit = service.state("erin").visit
        assert visit is not None
        assert (visit.since, visit.announced) == (START_MS, True)

        store.clock.now_ms += 600_000
        store.beacon.publish("owntracks/erin/phone/event", owntracks_transition(store.clock.now_ms, "leave"))
        await until(lambda: service.state("erin").visit is None)
        assert service.counts.refused == {}
        assert service.counts.positions == 0
        assert "48.1" not in (tmp_path / "ledger.db").read_bytes().decode("latin1")


async def test_what_cannot_be_used_is_told_with_its_own_topic(broker: Broker, tmp_path: Path) -> None:
    """Counted and on the rejected topic, with a reason; of a private system without the payload."""
    bad = {
        "/omlox/json/location_updates/pub/t": (omlox_location(START_MS, 400.0, 12.0), "outside"),
        "espresense/devices/dave/garage": (espresense_reading(4.0), "unknown_gateway"),
        "owntracks/dave/phone": (b'{"_type": "encrypted", "data": "c2VjcmV0"}', "invalid"),
    }
    async with shop(tmp_path, broker, "omlox,espresense,owntracks", demo_market_on_grid()) as store:
        for topic, (payload, reason) in bad.items():
            store.beacon.publish(topic, payload, 0)
            told = await store.hears("rejected")
            assert (told["topic"], told["reason"]) == (topic, reason)
            assert (told["payload"] == "") == topic.startswith("owntracks")
        assert sum(store.engine.service.counts.refused.values()) == len(bad)


async def test_zone_events_reach_anyone(broker: Broker, tmp_path: Path) -> None:
    """Enter, dwell and exit of one visit, by our own positions, for whoever subscribes to the zone."""
    async with shop(tmp_path, broker, "", demo_market()) as store, phone(store.engine, "erin"):
        for second in range(8):
            fix = {"ts": START_MS + 1000 * second, "x": WINE_AISLE[0], "y": WINE_AISLE[1], "accuracy": 0.5}
            store.beacon.send("erin", "position", fix, qos=0)
        events = [await store.hears("wine/event") for _ in range(2)]
        await all_has_been_heard(store, "erin", START_MS + 7000)
        store.clock.now_ms += 60_000
        events.append(await store.hears("wine/event"))
    assert [one["event"] for one in events] == ["enter", "dwell", "exit"]
    assert len({json.dumps([one["visit"], one["since"], one["zone"], one["shopper"]]) for one in events}) == 1
    assert events[2]["cause"] == "lost"
