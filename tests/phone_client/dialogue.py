"""Values for the phone's tests: one offer, one welcome, and a time to count from."""

from msgspec.structs import replace

from offer_engine.messages import Offer, Welcome
from phone_client.session import Session

T0 = 1_800_000_000_000  # ms since the epoch
MINUTE = 60_000

SILVER_OAK = Offer(
    id="o-1",
    ts=T0,
    expires_at=T0 + 5 * MINUTE,
    visit="v-1",
    rule="lamb-and-red",
    zone="wine",
    zone_label="Wine",
    category="red-wine",
    sku="silver-oak",
    title="Silver Oak Cabernet Sauvignon",
    benefit="20% off",
    price_cents=2490,
    offer_price_cents=1992,
    reason="Because there is lamb in your cart and you have bought this twice.",
    signals=["location", "basket", "history"],
    code="OAK-20",
    vibrate=[200, 100, 200],
)
CHABLIS = replace(
    SILVER_OAK,
    id="o-2",
    ts=T0 + 1000,
    expires_at=T0 + 5 * MINUTE + 1000,
    rule="fish-and-white",
    category="white-wine",
    title="Chablis",
    code="CHA-10",
)
WELCOME = Welcome(
    shopper="dave",
    store="demo-market",
    store_label="Northgate Market",
    ts=T0,
    location=True,
    basket=True,
    history=True,
)


def welcomed() -> Session:
    """A phone that has been greeted and welcomed."""
    phone = Session("dave", "t0ken")
    phone.connected()
    phone.received(WELCOME, T0)
    return phone
