"""One phone without any I/O: the engine's messages become events, the shopper's acts become messages.

It owns no socket and reads no clock, so that a terminal, 500 simulated pockets in one process and a test that reads as
a dialogue all run this same code. Time comes in as `now_ms`, the store's event time in milliseconds since the epoch.

What the shopper does is kept while there is no connection and goes out, in order, after the next welcome. A choice
(mute, unmute, consent) is said again after a lost connection unless the engine answered it, because a lost "stop" is
worse than a repeated one; it carries its own time, so that saying it twice changes nothing. A receipt is said once.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

from offer_engine.messages import (
    Bye,
    ConsentChange,
    EngineMessage,
    Explanation,
    Hello,
    Here,
    Mute,
    Offer,
    PhoneMessage,
    Receipt,
    Refused,
    Unmute,
    Welcome,
    Why,
)
from phone_client.choices import Choice, Choices, after, from_welcome, is_wanted
from phone_client.events import (
    EngineLeft,
    Event,
    Explained,
    OfferArrived,
    OfferLate,
    OfferUnwanted,
    SettingsShown,
    WasRefused,
    ZoneChanged,
)
from phone_client.states import ACTS, NEEDS_A_LIVE_OFFER, TRANSITIONS, Act, Happening, Stage, State

_REMEMBERED = 200  # offers; more than anyone is sent in months, so that a phone left on for ever stays small


@dataclass(frozen=True, slots=True)
class Card:
    """An offer on this phone and how far it has come."""

    offer: Offer
    stage: Stage


class Session:
    """One phone of one shopper."""

    __slots__ = (
        "_cards",
        "_choices",
        "_outbox",
        "_seen",
        "_state",
        "_unanswered",
        "_welcome",
        "shopper",
        "token",
        "wake",
    )

    def __init__(self, shopper: str, token: str, *, last_offer: str | None = None) -> None:
        """A phone that speaks for `shopper`; `last_offer` is the last one seen in an earlier life, if any."""
        self.shopper = shopper
        self.token = token
        self.wake: Callable[[], None] = lambda: None  # called when there is something new to send
        self._state = State.OFFLINE
        self._cards: dict[str, Card] = {}  # shown, oldest first
        self._seen: dict[str, int] = {} if last_offer is None else {last_offer: 0}  # offer id -> when it was decided
        self._outbox: list[PhoneMessage] = []
        self._unanswered: list[Choice] = []  # sent, but no welcome since
        self._choices = Choices()
        self._welcome: Welcome | None = None

    @property
    def state(self) -> State:
        """Where the phone stands with the engine."""
        return self._state

    @property
    def choices(self) -> Choices:
        """What the shopper allows, including what the engine has not heard yet."""
        return self._choices

    @property
    def welcome(self) -> Welcome | None:
        """The engine's last welcome, None before the first."""
        return self._welcome

    def card(self, offer_id: str) -> Card | None:
        """An offer that was shown, None for any other."""
        return self._cards.get(offer_id)

    # --- the connection ---------------------------------------------------------------------------------------------

    def connected(self) -> list[PhoneMessage]:
        """A socket is open: what to send first. Empty when the phone has ended."""
        self._step(Happening.CONNECTED)
        if self._state is not State.GREETING:
            return []
        last = max(self._seen, key=lambda offer_id: self._seen[offer_id], default=None)
        return [Hello(shopper=self.shopper, token=self.token, last_offer=last)]

    def disconnected(self) -> None:
        """The socket is gone: choices that were not answered will be said again."""
        self._step(Happening.DISCONNECTED)
        self._outbox[:0] = self._unanswered
        self._unanswered = []

    def leave(self) -> list[PhoneMessage]:
        """The shopper puts the phone away: what to send last. Nothing is received or sent afterwards."""
        last = [*self.outbox(), Bye()] if self._state in {State.GREETING, State.READY} else []
        self._step(Happening.LEFT)
        return last

    def outbox(self) -> list[PhoneMessage]:
        """Take what is to be sent now, in order; empty unless welcomed."""
        if self._state is not State.READY:
            return []
        drained, self._outbox = self._outbox, []
        self._unanswered += [message for message in drained if isinstance(message, Choice)]
        return drained

    def undelivered(self, messages: Sequence[PhoneMessage]) -> None:
        """Give back what was taken from the outbox and could not be sent."""
        self._unanswered = [choice for choice in self._unanswered if not any(choice is one for one in messages)]
        self._outbox[:0] = messages

    def received(  # noqa: PLR0911 one return per kind of message reads best
        self, message: EngineMessage, now_ms: int
    ) -> list[Event]:
        """Take one message of the engine and say what it means for whoever holds the phone."""
        if self._state in {State.REFUSED, State.CLOSED}:
            return []
        match message:
            case Welcome():
                return self._received_welcome(message)
            case Offer():
                return self._received_offer(message, now_ms)
            case Refused():
                return self._received_refusal(message)
            case Here():
                return [ZoneChanged(message)]
            case Explanation():
                return [Explained(message)]
            case Bye():
                self._step(Happening.BYE)
                return [EngineLeft()]

    def _step(self, happening: Happening) -> None:
        self._state = TRANSITIONS[self._state][happening]

    def _received_welcome(self, welcome: Welcome) -> list[Event]:
        if self._state is State.READY:
            del self._unanswered[:1]  # each change is answered by one welcome, in order
        self._step(Happening.WELCOME)
        self._welcome = welcome
        if not self._unanswered and not any(isinstance(message, Choice) for message in self._outbox):
            self._choices = from_welcome(welcome, self._choices)
        if self._outbox:
            self.wake()
        return [SettingsShown(welcome)]

    def _received_refusal(self, refused: Refused) -> list[Event]:
        self._unanswered = []  # an answer of its own kind: what was refused once is not said again
        if refused.reason == "token":
            self._step(Happening.TURNED_AWAY)
        return [WasRefused(refused)]

    def _received_offer(self, offer: Offer, now_ms: int) -> list[Event]:
        if offer.id in self._seen:  # the engine repeats after a reconnect what it is not sure we have
            return []
        self._seen[offer.id] = offer.ts
        _forget_oldest(self._seen)
        if now_ms > offer.expires_at:
            self._send(Receipt(offer=offer.id, event="expired", ts=now_ms))
            return [OfferLate(offer)]
        if not is_wanted(self._choices, offer, now_ms):
            return [OfferUnwanted(offer)]
        self._cards[offer.id] = Card(offer, Stage.SHOWN)
        _forget_oldest(self._cards)
        self._send(Receipt(offer=offer.id, event="shown", ts=max(now_ms, offer.ts)))
        return [OfferArrived(offer)]

    # --- the shopper ------------------------------------------------------------------------------------------------

    def open(self, offer_id: str, now_ms: int) -> bool:
        """Look at an offer. False when it has expired, was decided on already, or was never shown here."""
        return self._act(Act.OPEN, offer_id, now_ms)

    def accept(self, offer_id: str, now_ms: int) -> bool:
        """Take an offer, opened or not. False when it has expired, was decided on already, or was never shown here."""
        return self._act(Act.ACCEPT, offer_id, now_ms)

    def dismiss(self, offer_id: str, now_ms: int) -> bool:
        """Put an offer away. False when it was decided on already, or was never shown here."""
        return self._act(Act.DISMISS, offer_id, now_ms)

    def not_for_me(self, offer_id: str, now_ms: int) -> bool:
        """Say that an offer was a bad idea, at any time. False when it was said before, or the offer never shown."""
        return self._act(Act.NOT_FOR_ME, offer_id, now_ms)

    def mute(
        self, scope: Literal["offer", "category", "hour", "always"], now_ms: int, offer_id: str | None = None
    ) -> None:
        """Stop this offer's rule, its category, everything for an hour, or everything for good.

        Raises:
            ValueError: one of the first two scopes without an offer.
        """
        if scope in {"offer", "category"} and offer_id is None:
            raise ValueError(f"a mute of scope {scope!r} needs an offer")
        self._choose(Mute(scope=scope, ts=now_ms, offer=offer_id))

    def unmute(self, now_ms: int) -> None:
        """Take every mute back."""
        self._choose(Unmute(ts=now_ms))

    def set_consent(
        self, now_ms: int, *, location: bool | None = None, basket: bool | None = None, history: bool | None = None
    ) -> None:
        """Allow or withdraw personal data; what is left out stays as it is."""
        if (location, basket, history) != (None, None, None):
            self._choose(ConsentChange(ts=now_ms, location=location, basket=basket, history=history))

    def ask_why(self, offer_id: str) -> None:
        """Ask for the reasons behind an offer; the answer is an `Explained` event."""
        question = Why(offer=offer_id)
        if question not in self._outbox:
            self._send(question)

    def _act(self, act: Act, offer_id: str, now_ms: int) -> bool:
        card = self._cards.get(offer_id)
        stage = ACTS[card.stage].get(act) if card else None
        if card is None or stage is None or (act in NEEDS_A_LIVE_OFFER and now_ms > card.offer.expires_at):
            return False
        self._cards[offer_id] = Card(card.offer, stage)
        self._send(Receipt(offer=offer_id, event=stage.value, ts=max(now_ms, card.offer.ts)))
        return True

    def _choose(self, choice: Choice) -> None:
        about = self._cards.get(choice.offer or "") if isinstance(choice, Mute) else None
        self._choices = after(self._choices, choice, about.offer if about else None)
        self._send(choice)

    def _send(self, message: PhoneMessage) -> None:
        if self._state not in {State.REFUSED, State.CLOSED}:
            self._outbox.append(message)
            self.wake()


def _forget_oldest(remembered: dict[str, int] | dict[str, Card]) -> None:
    while len(remembered) > _REMEMBERED:
        del remembered[next(iter(remembered))]
