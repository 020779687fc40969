"""The ledger's questions as commands and as values: why, why not, the funnel, the uplift."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from offer_engine.__main__ import cli
from offer_engine.core.reason import Reason, Stage
from offer_engine.errors import SettingsError
from offer_engine.funnel import funnels
from offer_engine.ledger import Ledger
from offer_engine.uplift import EVERY_OFFER, exposures, profits, worth
from tests.engines import Bench
from tests.worlds import MAPS, demo_market

WINE_AISLE = (3.0, 12.0)
LAMB, WINE = "rack-of-lamb", "silver-oak-cabernet"


@pytest.fixture
def db(tmp_path: Path) -> Path:
    """The ledger of a morning: Dave got an offer, took it and paid; Erin stood there without lamb."""
    file = tmp_path / "ledger.db"
    bench = Bench(demo_market(), Ledger(file))
    bench.remember("dave", WINE, times=2)
    for shopper in ("dave", "erin"):
        bench.connect(shopper)
    bench.basket("dave", [LAMB])
    bench.stand("dave", *WINE_AISLE, seconds=10)
    bench.stand("erin", *WINE_AISLE, seconds=10)
    (delivery,) = bench.service.shopper("dave").state.person.deliveries
    sale = {"ts": bench.now_ms, "visit": delivery.visit, "items": [{"sku": WINE, "qty": 1, "price_cents": 1192}]}
    bench.send("dave", "checkout", json.dumps(sale).encode())
    bench.ledger.close()
    return file


def _run(db: Path, *words: str) -> str:
    result = CliRunner().invoke(cli, [*words, "--db", str(db), "--store", str(MAPS / "demo-market")])
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result.output


def test_why_shows_the_checks_of_the_newest_decision(db: Path) -> None:
    """The retailer's view of one decision."""
    assert "✓ In the cart: Lamb" in _run(db, "why", "dave")
    assert json.loads(_run(db, "why", "erin", "--json"))["outcome"] == "silent"


def test_why_not_answers_from_the_ledger(db: Path) -> None:
    """No engine needs to run for it."""
    assert "not in the cart" in _run(db, "why-not", "erin", "silver-oak-with-lamb")
    assert json.loads(_run(db, "why-not", "erin", "silver-oak-with-lamb", "--json"))["would_send"] is False


def test_the_funnel_counts_each_rules_chances_once(db: Path) -> None:
    """Of two chances of the founding rule one fell for want of lamb, and one was sent."""
    (own,) = [row for row in funnels(Ledger(db)) if row.rule == "silver-oak-with-lamb"]

    assert own.waited == 2
    assert (own.left_after(Stage.CONSENT), own.left_after(Stage.ELIGIBLE), own.left_after(Stage.HOLDOUT)) == (2, 1, 1)
    assert own.ended[Reason.SENT] == 1
    assert own.main_obstacle() is Reason.NOT_IN_CART
    assert "silver-oak-with-lamb" in _run(db, "funnel")


def test_uplift_counts_profit_and_says_when_there_is_too_little(db: Path) -> None:
    """One visit with an offer and no control: the profit is known, the uplift is not."""
    ledger, store = Ledger(db), demo_market().store
    (exposure,) = exposures(ledger)
    cost = store.products[WINE].price_cents * (1 - store.products[WINE].margin_share)

    assert (exposure.shopper, exposure.is_control) == ("dave", False)
    assert profits(ledger, store)[exposure.visit] == pytest.approx(1192 - cost)
    assert [row.name for row in worth(ledger, store)] == [EVERY_OFFER, "silver-oak-with-lamb"]
    assert "too few to say" in _run(db, "uplift")


def test_a_ledger_that_is_not_there_is_said_so(tmp_path: Path) -> None:
    """Asking must not create an empty ledger, and says where to look."""
    with pytest.raises(SettingsError, match="there is no ledger"):
        _run(tmp_path / "nothing.db", "funnel")
    assert not (tmp_path / "nothing.db").exists()
