"""The drawing's colours are the live page's, and its texts are as wide as it believes."""

import re

import pytest

from offer_engine.plans.look import INKS, text_width
from tests.worlds import MAPS

TOKENS = MAPS.parent / "offer_engine" / "api" / "web" / "tokens.css"


def test_colours_are_those_of_the_live_page() -> None:
    """The light theme's tokens, one by one: a plan on paper is the plan on the projector."""
    light = TOKENS.read_text().partition('[data-theme="dark"]')[0]
    tokens = dict(re.findall(r"--([a-z0-9-]+): (#[0-9a-f]{6});", light))
    assert {name: tokens.get(name) for name in INKS} == INKS


@pytest.mark.parametrize(
    ("text", "wide"),
    [("", 0.0), ("i", 0.222), ("W", 0.944), ("Käse", 0.667 + 0.556 + 0.5 + 0.556), ("ワイン", 3.0), ("Ω", 0.6)],
)
def test_texts_have_the_widths_of_helvetica(text: str, wide: float) -> None:
    """Letters by Adobe's table; an accent takes no room, an ideograph a square."""
    assert text_width(text, 1.0) == pytest.approx(wide)
    assert text_width(text, 10, is_bold=True) == pytest.approx(10.8 * wide)
