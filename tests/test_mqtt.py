"""Two MQTT clients, one behaviour: what a broker sends arrives byte for byte, and the status topic never lies."""

import asyncio
import gc
import struct
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

import msgspec
import paho.mqtt.client as paho
import pytest
from paho.mqtt.enums import CallbackAPIVersion

from demo.broker import embedded_broker
from offer_engine.errors import RivalError, SettingsError
from offer_engine.messages import EngineStatus, shopper_topic, status_topic
from offer_engine.mqtt import GOODBYE_S, NOTHING_ELSE, Broker, GmqttLink, Link, parse_broker
from offer_engine.mqtt_paho import PahoLink
from tests.brokers import Broker as OwnBroker

STORE = "demo-market"
PATIENCE_S = 20.0
NOW_MS = 1_772_442_000_000


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The embedded broker, one for all these tests."""
    with embedded_broker(tmp_path_factory.mktemp("broker")) as running:
        yield running


@pytest.fixture(params=[GmqttLink, PahoLink], ids=["gmqtt", "paho"])
def kind(request: pytest.FixtureRequest) -> type[GmqttLink | PahoLink]:
    """Each client in turn."""
    found: type[GmqttLink | PahoLink] = request.param
    return found


@asynccontextmanager
async def linked(
    kind: type[GmqttLink | PahoLink],
    url: str,
    receive: Callable[[str, bytes], None] = lambda _topic, _payload: None,
    also: Mapping[str, int | None] = NOTHING_ELSE,
) -> AsyncIterator[Link]:
    """A link that runs; leaving the block is a clean stop."""
    link = kind(parse_broker(url), STORE, receive, lambda: NOW_MS, "1.2.3", also)
    async with asyncio.TaskGroup() as tasks:
        running = tasks.create_task(link.run())
        try:
            yield link
        finally:
            running.cancel()


async def until(is_so: Callable[[], bool]) -> None:
    """Return once something is so that happens on the network."""
    async with asyncio.timeout(PATIENCE_S):
        while not is_so():  # noqa: ASYNC110  what is waited for happens in another program
            await asyncio.sleep(0.005)


class Ear:
    """A client that keeps what it hears on some topics, retained messages included."""

    def __init__(self, url: str, *topics: str) -> None:
        """Connect and subscribe."""
        broker = parse_broker(url)
        self.heard: list[tuple[str, bytes]] = []
        self.client = paho.Client(CallbackAPIVersion.VERSION2)
        self.client.on_message = lambda _client, _data, message: self.heard.append(
            (message.topic, bytes(message.payload))
        )
        self.client.connect(broker.host, broker.port)
        self.client.loop_start()
        if topics:
            self.client.subscribe([(topic, 1) for topic in topics])

    def close(self) -> None:
        """Disconnect."""
        self.client.disconnect()
        self.client.loop_stop()


async def told(url: str) -> EngineStatus | None:
    """What the status topic says to whoever comes now; None if that is nothing for a second."""
    ear = Ear(url, status_topic(STORE))
    try:
        async with asyncio.timeout(1.0):
            while not ear.heard:  # noqa: ASYNC110  what is waited for happens in another program
                await asyncio.sleep(0.005)
    except TimeoutError:
        return None
    finally:
        ear.close()
    return msgspec.json.decode(ear.heard[0][1], type=EngineStatus)


# --- addresses --------------------------------------------------------------------------------------------------------

BAD_ADDRESSES = [
    "",
    "mqtt://",
    "mqtt://host:port",
    "mqtt://host:99999",
    "http://host",
    "ws://host:9001",
    "mqtts://host",
]


@pytest.mark.parametrize("address", BAD_ADDRESSES)
def test_what_is_no_address_is_a_mistake_in_the_settings(address: str) -> None:
    """The message shows what was given and what was expected, in one line."""
    with pytest.raises(SettingsError, match="broker") as told:
        parse_broker(address)
    assert "\n" not in str(told.value)


def test_the_password_is_not_shown() -> None:
    """A broker is named in logs."""
    broker = parse_broker("mqtt://me:s%40cret@10.0.0.1:1884")

    assert broker == Broker("10.0.0.1", 1884, "me", "s@cret")
    assert str(broker) == "mqtt://me@10.0.0.1:1884"


@pytest.mark.parametrize("address", ["broker.local:1884", "mqtt://broker.local:1884"])
def test_the_scheme_may_be_left_out(address: str) -> None:
    """There is only one."""
    assert parse_broker(address) == Broker("broker.local", 1884)


# --- messages ---------------------------------------------------------------------------------------------------------

PAYLOADS = {
    "JSON": b'{"ts": 1}',
    "empty": b"",
    "every byte": bytes(range(256)),
    "larger than one read": b"0123456789" * 20_000,
}


@pytest.mark.parametrize("qos", [0, 1])
async def test_a_payload_arrives_byte_for_byte(kind: type[GmqttLink | PahoLink], url: str, qos: int) -> None:
    """Whatever is in it: what it means is for others to say."""
    heard: list[tuple[str, bytes]] = []
    leaf = "position" if qos == 0 else "basket"
    topic = shopper_topic(STORE, f"{kind.__name__}-{qos}", leaf)
    beacon = Ear(url)
    async with linked(kind, url, lambda topic, payload: heard.append((topic, payload))) as link:
        await until(lambda: link.connected)
        await until(lambda: _is_subscribed(beacon, heard, leaf))
        heard.clear()
        for payload in PAYLOADS.values():
            beacon.client.publish(topic, payload, qos)
        await until(lambda: len([one for one in heard if one[0] == topic]) == len(PAYLOADS))
    beacon.close()

    assert [payload for found, payload in heard if found == topic] == list(PAYLOADS.values())


def _is_subscribed(beacon: Ear, heard: list[tuple[str, bytes]], leaf: str) -> bool:
    """Knock until something is heard."""
    beacon.client.publish(shopper_topic(STORE, "knock", leaf), b"", 0)
    return bool(heard)


async def test_other_topics_are_heard_as_long_as_they_are_wanted(kind: type[GmqttLink | PahoLink], url: str) -> None:
    """The session outlives the engine, so a filter that the next engine does not want is taken back."""
    heard: list[str] = []
    beacon = Ear(url)

    def knock() -> bool:
        beacon.client.publish("/foreign/a/b", b"{}", 0)
        beacon.client.publish(shopper_topic(STORE, "knock", "position"), b"{}", 0)
        return bool(heard)

    async with linked(kind, url, lambda topic, _payload: heard.append(topic), also={"/foreign/+/b": 0}):
        await until(lambda: knock() and "/foreign/a/b" in heard)
    heard.clear()
    async with linked(kind, url, lambda topic, _payload: heard.append(topic), also={"/foreign/+/b": None}) as link:
        await until(lambda: link.connected)
        await until(lambda: knock() and heard[-10:].count("/foreign/a/b") == 0 and len(heard) > 10)
    beacon.close()


async def test_a_topic_that_is_no_text_costs_one_message(url: str) -> None:
    """A broker may let such bytes through; they arrive as a topic that is refused, and the connection stays."""
    heard: list[tuple[str, bytes]] = []
    beacon = Ear(url)
    async with linked(GmqttLink, url, lambda topic, payload: heard.append((topic, payload))) as link:
        assert isinstance(link, GmqttLink)
        await until(lambda: link.connected)
        topic = b"store/demo-market/shopper/\xff/position"
        body = struct.pack("!H", len(topic)) + topic + b"{}"
        link._client._connection._protocol._read_packet(bytes([0x30, len(body)]) + body)
        await until(lambda: _is_subscribed(beacon, heard[1:], "position"))
        assert link.connected
    beacon.close()

    assert heard[0] == ("store/demo-market/shopper/\N{REPLACEMENT CHARACTER}/position", b"{}")


async def test_what_the_engine_says_goes_out_and_before_it_is_connected_nothing_does(
    kind: type[GmqttLink | PahoLink], url: str
) -> None:
    """An offer that waited for a broker would be shown in another aisle."""
    topic = shopper_topic(STORE, "dave", "offer")
    ear = Ear(url, topic)
    async with linked(kind, url) as link:
        link.publish(topic, b"too early", 1)
        await until(lambda: link.connected)
        link.publish(topic, b"now", 1)
        await until(lambda: bool(ear.heard))
    ear.close()

    assert set(ear.heard) == {(topic, b"now")}  # QoS 1: at least once


async def test_the_later_of_two_engines_for_one_store_gives_way(
    kind: type[GmqttLink | PahoLink], broker: OwnBroker, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It says so and stops, and the one that was there first has its place again, with the status to show for it."""
    for module in ("offer_engine.mqtt", "offer_engine.mqtt_paho"):
        monkeypatch.setattr(f"{module}.RETRY_S", 0.05)
    monkeypatch.setattr("offer_engine.rivalry.SHORT_S", PATIENCE_S)
    async with linked(kind, broker.url) as first:
        assert isinstance(first, GmqttLink | PahoLink)
        await until(lambda: first.connected)
        first._rivalry.since_s -= 2 * PATIENCE_S  # it has been there for long
        second = kind(parse_broker(broker.url), STORE, lambda _topic, _payload: None, lambda: NOW_MS, "later")
        with pytest.raises(RivalError, match=f"another engine for '{STORE}'"):
            await asyncio.wait_for(second.run(), PATIENCE_S)

        await until(lambda: first.connected)
        async with asyncio.timeout(PATIENCE_S):
            while (await until_retained(broker.url, "online")).version != "1.2.3":
                pass


# --- the status -------------------------------------------------------------------------------------------------------


async def test_the_status_is_online_while_it_runs_and_offline_after_a_clean_stop(
    kind: type[GmqttLink | PahoLink], url: str
) -> None:
    """Retained, so that whoever comes later knows too."""
    async with linked(kind, url) as link:
        await until(lambda: link.connected)
        status = await until_retained(url, "online")
        assert status == EngineStatus("online", NOW_MS, "1.2.3")

    await until_retained(url, "offline")
    assert not link.connected


async def until_retained(url: str, state: str) -> EngineStatus:
    """Return the status once it is this one for whoever comes then; each look is a new one (docs/broker.md)."""
    async with asyncio.timeout(PATIENCE_S):
        while (status := await told(url)) is None or status.state != state:
            pass
    return status


async def test_a_stop_in_the_moment_of_connecting_is_a_clean_stop_too(
    kind: type[GmqttLink | PahoLink], url: str
) -> None:
    """However early: whoever was told online is told offline, and the connection is closed."""
    for _ in range(3):
        async with linked(kind, url) as link:
            async with asyncio.timeout(PATIENCE_S):
                while not link.connected:  # noqa: ASYNC110  not a moment later
                    await asyncio.sleep(0)

        await until_retained(url, "offline")
    gc.collect()  # an open connection would be told here


async def test_a_stop_in_the_moment_of_losing_the_broker_is_obeyed(kind: type[GmqttLink | PahoLink], url: str) -> None:
    """Neither hides the other: the engine ends, and does not go on trying for ever."""
    loop = asyncio.get_running_loop()
    async with asyncio.timeout(PATIENCE_S), linked(kind, url) as link:
        assert isinstance(link, GmqttLink | PahoLink)
        await until(lambda: link.connected)
        asked_s = loop.time()
        if isinstance(link, PahoLink):
            link._lost.set()
        else:
            link._on_disconnect(link._client, b"")

    assert loop.time() - asked_s < PATIENCE_S / 2


async def test_a_stop_without_a_broker_is_not_held_up(kind: type[GmqttLink | PahoLink], tmp_path: Path) -> None:
    """The broker has gone; the engine goes too, within the second that a goodbye may take."""
    own = OwnBroker("nats", tmp_path)
    own.start()
    loop = asyncio.get_running_loop()
    async with linked(kind, own.url) as link:
        await until(lambda: link.connected)
        await asyncio.to_thread(own.stop)
        await until(lambda: not link.connected)
        asked_s = loop.time()

    assert loop.time() - asked_s < GOODBYE_S + 5.0  # on a laden machine; without the limit it would be for ever


async def test_a_broker_that_is_not_there_yet_is_waited_for(
    kind: type[GmqttLink | PahoLink], tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """It says so, a stop meanwhile is obeyed, and it connects once there is one."""
    own = OwnBroker("nats", tmp_path)
    async with linked(kind, own.url) as link:
        await until(lambda: "no broker at" in caplog.text)
        assert not link.connected
    async with linked(kind, own.url) as link:
        own.start()
        await until(lambda: link.connected)
    own.stop()

    assert caplog.text.count("no broker at") == 1
