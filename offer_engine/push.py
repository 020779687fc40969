"""Phones: one bounded queue each; offers and answers out. What a phone sends comes in through the service.

A shopper may have several phones (a page and a terminal, say); each gets everything. A queue that is full, because its
phone does not read, loses the oldest message, and an offer lost that way is still in the ledger: the next hello
brings it, unless it has expired.
"""

from asyncio import Event
from collections import deque

from offer_engine.messages import EngineMessage, encode

QUEUE_MESSAGES = 32  # more than a phone is sent in a visit


class Phone:
    """One connected phone's queue of encoded messages."""

    __slots__ = ("_ready", "_waiting", "lost", "shopper")

    def __init__(self, shopper: str) -> None:
        """A phone that speaks for `shopper`."""
        self.shopper = shopper
        self.lost = 0  # messages dropped because the phone did not read
        self._waiting: deque[str] = deque()
        self._ready = Event()

    def put(self, message: str) -> None:
        """Queue one encoded message; of more than 32 the oldest is dropped and counted."""
        if len(self._waiting) >= QUEUE_MESSAGES:
            self._waiting.popleft()
            self.lost += 1
        self._waiting.append(message)
        self._ready.set()

    def take(self) -> str | None:
        """The next message if there is one, without waiting."""
        return self._waiting.popleft() if self._waiting else None

    async def next(self) -> str:
        """The next message, waiting for one."""
        while not self._waiting:
            self._ready.clear()
            await self._ready.wait()
        return self._waiting.popleft()


class Phones:
    """Every phone that is connected, by shopper."""

    def __init__(self) -> None:
        """Nobody is connected yet."""
        self._by_shopper: dict[str, list[Phone]] = {}

    def __len__(self) -> int:
        """How many phones are connected."""
        return sum(map(len, self._by_shopper.values()))

    def connect(self, shopper: str) -> Phone:
        """Open a queue for one more phone of `shopper`."""
        phone = Phone(shopper)
        self._by_shopper.setdefault(shopper, []).append(phone)
        return phone

    def disconnect(self, phone: Phone) -> None:
        """Forget a phone."""
        phones = self._by_shopper[phone.shopper]
        phones.remove(phone)
        if not phones:
            del self._by_shopper[phone.shopper]

    def send(self, shopper: str, message: EngineMessage) -> int:
        """Queue a message for every phone of a shopper and return how many there are."""
        phones = self._by_shopper.get(shopper)
        if phones is None:
            return 0
        text = encode(message).decode()
        for phone in phones:
            phone.put(text)
        return len(phones)
