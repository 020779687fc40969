"""What the terminal phone shows and what each key does, without a terminal: events and keys in, a state to draw.

Keys are one table, `KEYS`, which is also the line of help at the bottom of the screen.
"""

from collections.abc import Callable
from enum import StrEnum
from typing import Literal

from offer_engine.messages import Explanation, Offer
from phone_client.choices import is_wanted
from phone_client.events import (
    EngineLeft,
    Event,
    Explained,
    LinkLost,
    OfferArrived,
    OfferLate,
    SettingsShown,
    WasRefused,
    ZoneChanged,
)
from phone_client.session import Card, Session
from phone_client.states import Stage
from phone_client.words import category_name

CODES_KEPT = 3  # as many as fit on a small screen and anyone uses at one till


class Menu(StrEnum):
    """The menu over the offer, if any."""

    NONE = "none"
    MUTE = "mute"
    PRIVACY = "privacy"


class Face:
    """The state of one phone's screen."""

    def __init__(self, session: Session) -> None:
        self.session = session
        self.menu = Menu.NONE
        self.notice = ""  # the answer to the last key or event
        self.place = ""  # where the shopper is
        self.trouble = "no answer yet"  # why there is no connection; empty while there is one
        self.has_quit = False
        self.codes: list[Offer] = []  # accepted, oldest first
        self._pile: list[str] = []  # offers on the screen, the front one last
        self.why: Explanation | None = None  # the answer that stands in place of its offer

    def front(self, now_ms: int) -> Card | None:
        """The offer to show, None when there is none. Offers that expired unanswered leave the pile."""
        while self._pile:
            card = self.session.card(self._pile[-1])
            if card and (card.stage is Stage.ACCEPTED or now_ms <= card.offer.expires_at):
                return card
            self._pile.pop()
            if card:
                self.notice = f"The offer on {card.offer.title} has expired."
        return None

    def waiting(self) -> int:
        """How many offers lie under the front one."""
        return max(0, len(self._pile) - 1)

    # --- what happens -----------------------------------------------------------------------------------------------

    def saw(self, event: Event) -> None:  # noqa: C901 one line per kind of event
        """Take in an event of the phone."""
        match event:
            case OfferArrived(offer=offer):
                self._pile.append(offer.id)
                self.menu, self.notice, self.why = Menu.NONE, "", None
            case OfferLate(offer=offer):
                self.notice = f"An offer on {offer.title} came too late and was not shown."
            case SettingsShown():
                self.trouble = ""
            case ZoneChanged(here=here):
                self.place = here.zone_label if here.zone else ""
            case Explained(explanation=explanation):
                self.notice, self.why = "", explanation
            case WasRefused(refused=refused):
                self.notice = f"The engine refused: {refused.detail or refused.reason}."
            case LinkLost(cause=cause):
                self.trouble = cause
            case EngineLeft():
                self.trouble = "the engine is going away for a moment"
            case _:  # what never rings: an offer that crossed a mute, a message of a newer engine
                pass

    # --- what the shopper does --------------------------------------------------------------------------------------

    def press(self, key: str, now_ms: int) -> None:
        """Do what a key stands for; an unknown one closes the menu, or does nothing."""
        self.notice = ""
        key = key.lower()
        if key == "q":
            self.has_quit = True
        elif self.menu is Menu.MUTE:
            self._press_in_mute(key, now_ms)
        elif self.menu is Menu.PRIVACY:
            self._press_in_privacy(key, now_ms)
        elif key == "w" and self.why:
            self.why = None
        elif key in KEYS:
            self.why = None
            KEYS[key][1](self, now_ms)

    def open(self, now_ms: int) -> None:
        """Look at the front offer."""
        if card := self._front_or_say(now_ms):
            self.session.open(card.offer.id, now_ms)

    def accept(self, now_ms: int) -> None:
        """Take the front offer; its code stays in sight."""
        card = self._front_or_say(now_ms)
        if card and self.session.accept(card.offer.id, now_ms):
            self.codes = [*self.codes, card.offer][-CODES_KEPT:]

    def dismiss(self, now_ms: int) -> None:
        """Put the front offer away; an accepted one keeps its code."""
        if card := self._front_or_say(now_ms):
            self.session.dismiss(card.offer.id, now_ms)
            self._pile.remove(card.offer.id)

    def not_for_me(self, now_ms: int) -> None:
        """Say that the front offer was a bad idea."""
        if card := self._front_or_say(now_ms):
            self.session.not_for_me(card.offer.id, now_ms)
            self._pile.remove(card.offer.id)
            self.codes = [offer for offer in self.codes if offer.id != card.offer.id]
            self.notice = "Noted: that was not for you."

    def ask_why(self, now_ms: int) -> None:
        """Ask for the reasons behind the front offer."""
        if card := self._front_or_say(now_ms):
            self.session.ask_why(card.offer.id)
            self.notice = "Asking why." if not self.trouble else "The answer comes with the connection."

    def unmute(self, now_ms: int) -> None:
        """Take every mute back."""
        self.session.unmute(now_ms)
        self.notice = "Offers may ring again."

    def show_mutes(self, _now_ms: int) -> None:
        """Open the menu of mutes."""
        self.menu = Menu.MUTE

    def show_privacy(self, _now_ms: int) -> None:
        """Open the menu of consents."""
        self.menu = Menu.PRIVACY

    def _front_or_say(self, now_ms: int) -> Card | None:
        card = self.front(now_ms)
        if card is None and not self.notice:
            self.notice = "There is no offer right now."
        return card

    def _press_in_mute(self, key: str, now_ms: int) -> None:
        self.menu = Menu.NONE
        card = self.front(now_ms)
        match key:
            case "1" if card:
                self._mute("offer", now_ms, card.offer)
                self.notice = "You will not get this offer again."
            case "2" if card:
                self._mute("category", now_ms, card.offer)
                self.notice = f"Muted: {category_name(card.offer.category)}."
            case "1" | "2":
                self.notice = "There is no offer right now."
            case "3":
                self._mute("hour", now_ms)
                self.notice = "Muted for an hour."
            case "4":
                self._mute("always", now_ms)
                self.notice = "Muted for good."
            case _:
                pass

    def _mute(
        self, scope: Literal["offer", "category", "hour", "always"], now_ms: int, about: Offer | None = None
    ) -> None:
        self.session.mute(scope, now_ms, about.id if about else None)
        self._sweep(now_ms)

    def _sweep(self, now_ms: int) -> None:
        """Take away what the shopper no longer wants to see; what was accepted stays."""
        cards = [card for offer_id in self._pile if (card := self.session.card(offer_id))]
        self._pile = [
            card.offer.id
            for card in cards
            if card.stage is Stage.ACCEPTED or is_wanted(self.session.choices, card.offer, now_ms)
        ]

    def _press_in_privacy(self, key: str, now_ms: int) -> None:
        choices = self.session.choices
        match key:
            case "1":
                self.session.set_consent(now_ms, location=not choices.location)
            case "2":
                self.session.set_consent(now_ms, basket=not choices.basket)
            case "3":
                self.session.set_consent(now_ms, history=not choices.history)
            case _:
                self.menu = Menu.NONE
        self._sweep(now_ms)


KEYS: dict[str, tuple[str, Callable[[Face, int], None]]] = {
    "o": ("open", Face.open),
    "a": ("accept", Face.accept),
    "n": ("not for me", Face.not_for_me),
    "d": ("dismiss", Face.dismiss),
    "w": ("why", Face.ask_why),
    "m": ("mute", Face.show_mutes),
    "u": ("unmute", Face.unmute),
    "p": ("privacy", Face.show_privacy),
}
