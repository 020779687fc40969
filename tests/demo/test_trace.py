"""The trace of one message: every step of the tour was called, in a real run, and each value fits on a line."""

import subprocess
from pathlib import Path

import pytest

from demo.child import python
from demo.trace import SHOWN_CHARS, brief, resolve
from offer_engine import TOUR
from offer_engine.messages import BasketItem, Position
from tests.worlds import demo_market

ROOT = Path(__file__).parents[2]


def test_the_trace_prints_every_step_of_the_tour_as_called() -> None:
    """In its order, with the file and line of the function and with what came in and went out."""
    done = subprocess.run(python("demo.trace"), cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr

    steps = [part.splitlines() for part in done.stdout.split("\n\n") if part.strip()]
    assert [step[0].split()[1] for step in steps] == list(TOUR)
    assert "was not called" not in done.stdout
    for name, (_, where, *values) in zip(TOUR, steps, strict=True):
        code = resolve(name).__code__
        assert where.strip() == f"{Path(code.co_filename).relative_to(ROOT)}:{code.co_firstlineno}"
        assert values[-1].startswith("    -> ")
        assert all(len(line) < SHOWN_CHARS + 50 and line.isprintable() for line in values)
    assert "rack of lamb in your cart" in done.stdout


def test_names_of_the_tour_lead_to_functions() -> None:
    """Modules, classes and methods are told apart; what is not there is said."""
    assert resolve("offer_engine.messages.parse_report").__name__ == "parse_report"
    assert resolve("offer_engine.service.Service.receive").__qualname__ == "Service.receive"
    with pytest.raises(AttributeError):
        resolve("offer_engine.messages.parse_nothing")
    with pytest.raises(ModuleNotFoundError):
        resolve("nobody.at_all")


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (b'{"ts": 1}', '{"ts": 1}'),
        (b"\x00\x05topic\xff", "··topic\N{REPLACEMENT CHARACTER}"),
        (Position(1, 2.0, 3.0), '{"ts":1,"x":2.0,"y":3.0,"accuracy":null,"floor":null}'),
        ((BasketItem("rice", 1), BasketItem("tea", 2)), '[{"sku":"rice","qty":1},{"sku":"tea","qty":2}]'),
        (None, "None"),
        ("x" * 200, "'" + "x" * (SHOWN_CHARS - 1) + " …"),
    ],
)
def test_values_are_shown_on_one_line(value: object, shown: str) -> None:
    """As JSON where they have some, shortened where they are long, without what would steer a terminal."""
    assert brief(value) == shown


def test_a_world_is_shown_by_how_much_it_holds() -> None:
    """Not by its three hundred products."""
    text = brief(demo_market())

    assert text.startswith("World(")
    assert len(text) <= SHOWN_CHARS + 2
