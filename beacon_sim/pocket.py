"""The phone in a shopper's pocket: from an offer that buzzes to what the shopper does about it.

What connects the phone with an engine is handed in, a websocket or a direct call; here is only the hand that holds it.
Reactions come from the shopper's own dice and the events received, in virtual time, and from nothing else.
"""

from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np
import simpy

from beacon_sim.population import Consents, Persona, liking
from beacon_sim.reaction import Act, Mood, Reaction, react
from offer_engine.core.store_map import StoreMap
from offer_engine.messages import Offer
from phone_client.events import Event, OfferArrived
from phone_client.session import Session

MUTE_SCOPES: Mapping[Act, Literal["category", "hour", "always"]] = {
    Act.MUTE_CATEGORY: "category",
    Act.MUTE_HOUR: "hour",
    Act.MUTE_ALWAYS: "always",
}
IN_CART_FIT = 0.2  # how much of the liking is left for what is in the cart already


@dataclass(frozen=True, slots=True)
class PhoneLink:
    """A phone that is switched on."""

    session: Session
    close: Callable[[], None]  # switch it off; nothing arrives afterwards


OpenPhone = Callable[[Persona, Callable[[Event], None]], PhoneLink]


@dataclass(frozen=True, slots=True)
class Hand:
    """What a phone may ask of the shopper who holds it."""

    has: Callable[[str], bool]  # whether a sku is in the cart
    take: Callable[[Offer], bool]  # go and get it; False when it is too late for that


class Pocket:
    """One shopper's phone."""

    def __init__(
        self, env: simpy.Environment, store: StoreMap, persona: Persona, hand: Hand, dice: np.random.Generator
    ) -> None:
        self._env = env
        self._store = store
        self._persona = persona
        self._hand = hand
        self._dice = dice
        self._link: PhoneLink | None = None
        self._mood = Mood()
        self._start_ms = 0

    def switch_on(self, open_phone: OpenPhone, consents: Consents, start_ms: int) -> None:
        """Connect, and say what the shopper allows; `start_ms` is the event time of virtual time zero."""
        self._start_ms = start_ms
        self._link = open_phone(self._persona, self._happened)
        self._link.session.set_consent(
            self._now_ms(), location=consents.location, basket=consents.basket, history=consents.history
        )

    def switch_off(self) -> None:
        """Disconnect, if connected."""
        if self._link is not None:
            self._link.close()
            self._link = None

    def _now_ms(self) -> int:
        return self._start_ms + int(self._env.now)

    def _happened(self, event: Event) -> None:
        if isinstance(event, OfferArrived):
            self._env.process(self._consider(event.offer))

    def _consider(self, offer: Offer) -> Generator[simpy.Event, object, None]:
        """Notice, perhaps read, and do something about an offer."""
        fit = self._fit(offer)
        saving_share = 1 - offer.offer_price_cents / offer.price_cents if offer.price_cents else 0.0
        reaction = react(fit, max(saving_share, 0.0), self._mood, self._dice)
        self._mood = self._mood.after(fit)
        yield self._env.timeout(reaction.notice_ms)
        if reaction.is_opened and self._link is not None:
            self._link.session.open(offer.id, self._now_ms())
            yield self._env.timeout(reaction.read_ms)
        if self._link is not None:
            self._act(self._link.session, offer, reaction)

    def _fit(self, offer: Offer) -> float:
        product = self._store.products.get(offer.sku)
        if product is None:
            return 0.0
        return liking(self._persona.tastes, product) * (IN_CART_FIT if self._hand.has(offer.sku) else 1.0)

    def _act(self, session: Session, offer: Offer, reaction: Reaction) -> None:
        now_ms = self._now_ms()
        match reaction.act:
            case Act.TAKE if self._hand.take(offer):
                session.accept(offer.id, now_ms)
            case Act.TAKE | Act.DISMISS:
                session.dismiss(offer.id, now_ms)
            case Act.NOT_FOR_ME:
                session.not_for_me(offer.id, now_ms)
            case Act.MUTE_CATEGORY | Act.MUTE_HOUR | Act.MUTE_ALWAYS:
                session.mute(MUTE_SCOPES[reaction.act], now_ms, offer.id)
            case Act.MISS | Act.IGNORE:
                pass
