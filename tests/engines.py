"""An engine for tests: the real service on a ledger in memory, with a clock and a broker that the test holds."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from offer_engine.api.phones import greeting, handle
from offer_engine.core.context import World
from offer_engine.history import Purchase
from offer_engine.ledger import Batch, Ledger
from offer_engine.messages import (
    Basket,
    BasketItem,
    EngineMessage,
    Hello,
    Offer,
    PhoneMessage,
    Position,
    encode,
    parse_engine_message,
    shopper_topic,
)
from offer_engine.push import Phone, Phones
from offer_engine.service import Service

START_MS = 1_772_442_000_000  # Monday 2 March 2026, 10:00 in Berlin
MONTH_MS = 30 * 86_400_000


@dataclass(slots=True)
class Bench:
    """A service whose turn of the loop ends when the test says so."""

    world: World
    ledger: Ledger = field(default_factory=lambda: Ledger(":memory:"))
    now_ms: int = START_MS
    published: list[tuple[str, bytes, int]] = field(default_factory=list)
    turns: list[Callable[[], None]] = field(default_factory=list)
    written: list[Batch] = field(default_factory=list)
    phones: Phones = field(default_factory=Phones)
    hold_commits: Callable[[Callable[[], None]], None] | None = None  # takes each commit instead of doing it
    service: Service = field(init=False)

    def __post_init__(self) -> None:
        """Wire the service."""
        self.service = Service(
            self.world,
            self.ledger,
            record=self._record,
            phones=self.phones,
            soon=self.turns.append,
            wall_ms=lambda: self.now_ms,
        )
        self.service.out.publish = lambda topic, payload, qos: self.published.append((topic, payload, qos))

    def _record(self, batch: Batch, done: Callable[[], None]) -> None:
        def commit() -> None:
            self.ledger.write(batch)
            self.written.append(batch)
            done()

        if self.hold_commits is None:
            commit()
        else:
            self.hold_commits(commit)

    def end_turn(self) -> None:
        """Let everything happen that waits for the end of this turn of the loop."""
        while self.turns:
            self.turns.pop(0)()

    def send(self, shopper: str, leaf: str, payload: bytes) -> None:
        """One MQTT message arrives."""
        self.service.receive(shopper_topic(self.world.store.store, shopper, leaf), payload)
        self.end_turn()

    def basket(self, shopper: str, skus: Iterable[str], rev: int = 1) -> None:
        """The shopper's cart, now."""
        items = [BasketItem(sku, 1) for sku in skus]
        self.send(shopper, "basket", encode(Basket(self.now_ms, rev, items)))

    def stand(self, shopper: str, x: float, y: float, seconds: float) -> None:
        """A fix a second at one place, for so long, the first one now."""
        for _ in range(int(seconds) + 1):
            self.send(shopper, "position", encode(Position(self.now_ms, x, y, accuracy=0.9)))
            self.now_ms += 1000

    def pass_time(self, seconds: float) -> None:
        """Nothing is heard for so long, only the engine's timer runs."""
        self.now_ms += round(seconds * 1000)
        self.service.tick()
        self.end_turn()

    def connect(self, shopper: str, last_offer: str | None = None) -> "Pocket":
        """A phone says hello for the shopper."""
        phone = self.phones.connect(shopper)
        greetings = greeting(self.service, Hello(shopper, "", last_offer))
        self.end_turn()
        return Pocket(self, phone, greetings)

    def remember(self, shopper: str, sku: str, times: int) -> None:
        """The shopper bought something once a month, so many times."""
        self.ledger.import_purchases(
            Purchase(shopper, START_MS - months * MONTH_MS, f"b{months}", sku, 1, 1000)
            for months in range(1, times + 1)
        )

    def rejected(self) -> list[bytes]:
        """What was published on the rejected topic."""
        return [payload for topic, payload, _ in self.published if topic.endswith("/rejected")]


@dataclass(slots=True)
class Pocket:
    """A connected phone, as the engine sees it."""

    bench: Bench
    phone: Phone
    greetings: list[EngineMessage]

    def says(self, message: PhoneMessage) -> EngineMessage | None:
        """The phone says something; returns the engine's answer."""
        answer = handle(self.phone.shopper, message, self.bench.service)
        self.bench.end_turn()
        return answer

    def hears(self) -> list[EngineMessage]:
        """Everything that has come since last asked."""
        heard: list[EngineMessage] = []
        while (text := self.phone.take()) is not None:
            heard.append(parse_engine_message(text))
        return heard

    def offers(self) -> list[Offer]:
        """The offers among what has come since last asked."""
        return [message for message in self.hears() if isinstance(message, Offer)]
