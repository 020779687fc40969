"""Pages and JSON for developers: what there is, what is not, and who may ask about a shopper."""

import json
from xml.etree import ElementTree as ET

import pytest

from offer_engine.messages import ConsentChange
from tests.asgi import ELSEWHERE, JOIN_URL, Site, site
from tests.engines import START_MS

WINE_AISLE = (3.0, 12.0)
LAMB, SILVER_OAK = "rack-of-lamb", "silver-oak-cabernet"


@pytest.fixture
def store() -> Site:
    """The application of Northgate Market in the morning."""
    return site()


def dave_has_an_offer(store: Site) -> None:
    """Dave, his lamb, his history, and ten seconds in the wine aisle."""
    bench = store.bench
    bench.remember("dave", SILVER_OAK, times=2)
    bench.connect("dave")
    bench.basket("dave", [LAMB])
    bench.stand("dave", *WINE_AISLE, seconds=10)


async def test_health_says_whether_the_broker_is_there(store: Site) -> None:
    """Up is up, with or without a broker; a monitor can tell the two apart."""
    assert (await store.get("/healthz")).json() == {"state": "up", "broker": "connected"}

    store.view.is_connected = lambda: False

    assert (await store.get("/healthz")).json() == {"state": "up", "broker": "lost"}


async def test_the_map_is_the_store_in_metres(store: Site) -> None:
    """The pages draw zones, shelves and doors from it, and know nothing of this store themselves."""
    plan = (await store.get("/api/map")).json()

    assert (plan["store"], plan["label"], plan["currency"]) == ("demo-market", "Northgate Market", "EUR")
    assert plan["bounds"] == [0.0, 0.0, 48.0, 34.0]
    assert plan["join_url"] == JOIN_URL
    wine = next(zone for zone in plan["zones"] if zone["key"] == "wine")
    (outline,) = wine["polygons"]
    assert outline[0] == outline[-1], "a closed ring"
    assert all(0 <= x <= 48 and 0 <= y <= 34 for x, y in outline)
    assert len(plan["zones"]) == len(store.bench.world.store.zones)
    assert plan["fixtures"]
    assert plan["openings"]


async def test_products_are_listed_by_zone_and_by_name(store: Site) -> None:
    """Everything without a zone, a zone's own with one, and 404 for a zone that is not there."""
    everything = (await store.get("/api/products")).json()
    wine = (await store.get("/api/products?zone=wine")).json()
    missing = await store.get("/api/products?zone=moon")

    assert len(everything) == len(store.bench.world.store.products)
    assert {product["zone"] for product in wine} == {"wine"}
    assert [product["name"] for product in wine] == sorted(product["name"] for product in wine)
    assert next(product for product in wine if product["sku"] == SILVER_OAK)["price_cents"] > 0
    assert (missing.status_code, missing.json()) == (404, {"detail": "no zone 'moon' in this store"})


async def test_the_rules_in_force_are_there_to_read(store: Site) -> None:
    """Their version is the one that decisions name, and nothing is wrong with them."""
    rules = (await store.get("/api/rules")).json()

    assert rules["version"] == store.bench.world.rules.version
    assert rules["problems"] == []
    assert rules["paused"] == {}
    assert "silver-oak-with-lamb" in [rule["id"] for rule in rules["rules"]]


async def test_decisions_are_listed_newest_first_and_by_shopper(store: Site) -> None:
    """The record as it stands in the ledger, one or many."""
    dave_has_an_offer(store)
    store.bench.service.phone("ana", ConsentChange(store.bench.now_ms, location=True))
    store.bench.stand("ana", *WINE_AISLE, seconds=10)

    everybody = (await store.get("/api/decisions?limit=500")).json()
    own = (await store.get("/api/decisions?shopper=dave&limit=1")).json()
    one = await store.get(f"/api/decisions/{own[0]['id']}")

    assert [found["ts"] for found in everybody] == sorted((found["ts"] for found in everybody), reverse=True)
    assert {found["shopper"] for found in everybody} == {"dave", "ana"}
    assert [found["shopper"] for found in own] == ["dave"]
    assert {**own[0], "intrusion": one.json()["intrusion"]} == one.json()
    assert own[0] == json.loads(store.bench.ledger.decisions(shopper="dave", limit=1)[0])


@pytest.mark.parametrize(("limit", "count"), [("1", 1), ("0", 1), ("-5", 1), ("1000000", 2)])
async def test_a_limit_beyond_reason_is_brought_back_to_it(store: Site, limit: str, count: int) -> None:
    """Nobody gets the whole ledger in one answer, or nothing."""
    dave_has_an_offer(store)

    assert len((await store.get(f"/api/decisions?limit={limit}")).json()) == count


async def test_what_is_not_there_is_404_in_json(store: Site) -> None:
    """A developer's typing mistake says what is missing."""
    unknown = await store.get("/api/decisions/none")
    nowhere = await store.get("/api/nothing")

    assert (unknown.status_code, unknown.json()) == (404, {"detail": "no decision 'none'"})
    assert nowhere.status_code == 404


async def test_a_shopper_is_shown_to_programs_on_this_machine_only(store: Site) -> None:
    """Cart, consents and place of a person are nobody else's business, unless the store was opened up."""
    dave_has_an_offer(store)

    here = (await store.get("/api/shoppers/dave")).json()
    elsewhere = await store.get("/api/shoppers/dave", caller=ELSEWHERE)
    opened = await site(is_open=True).get("/api/shoppers/dave", caller=ELSEWHERE)

    assert here["basket"] == [{"sku": LAMB, "qty": 1}]
    assert here["zones"] == ["wine"]
    assert here["consents"] == {"location": True, "basket": True, "history": True}
    assert here["position"]["ts"] == START_MS + 10_000
    assert (elsewhere.status_code, opened.status_code) == (403, 200)


async def test_asking_about_somebody_does_not_make_them_known(store: Site) -> None:
    """A thousand questions about nobody leave nothing in memory, and an id that cannot be one is refused."""
    answer = await store.get("/api/shoppers/nobody")
    bad = await store.get("/api/shoppers/a%20b")

    assert (answer.json()["visit"], answer.json()["basket"]) == (None, [])
    assert list(store.bench.service.shoppers()) == []
    assert bad.status_code == 422


async def test_the_qr_code_is_a_picture(store: Site) -> None:
    """SVG, so that it is sharp on a projector."""
    answer = await store.get("/api/qr.svg")

    assert answer.headers["content-type"] == "image/svg+xml"
    assert ET.fromstring(answer.text).tag == "{http://www.w3.org/2000/svg}svg"  # noqa: S314  our own text


@pytest.mark.parametrize("path", ["/", "/p", "/static/live.js", "/p/static/phone.js", "/docs", "/openapi.json"])
async def test_pages_and_their_files_are_served(store: Site, path: str) -> None:
    """Each page, the scripts it loads, and the description for developers."""
    assert (await store.get(path)).status_code == 200


async def test_numbers_since_the_start_are_those_of_the_live_page(store: Site) -> None:
    """One set of numbers, two ways to read it."""
    dave_has_an_offer(store)

    stats = (await store.get("/api/stats")).json()

    assert (stats["in_store"], stats["sharing"], stats["sent"]) == (1, 1, 1)
    assert stats["rules_version"] == store.bench.world.rules.version


@pytest.mark.parametrize("path", ["/api/decisions", "/api/decisions/x", "/api/shoppers/dave"])
async def test_what_is_known_of_shoppers_is_told_on_this_machine_only(store: Site, path: str) -> None:
    """Phones on the network reach the pages, not other people's decisions."""
    assert (await store.get(path, caller=ELSEWHERE)).status_code == 403
