"""A drawing as a PNG picture."""

import struct
from functools import partial

import pytest
import resvg_py

from offer_engine.plans import picture
from offer_engine.plans.look import FONT
from offer_engine.plans.picture import png

SQUARE = '<svg xmlns="http://www.w3.org/2000/svg" width="30" height="20"><text y="15">Tea</text></svg>'


def test_a_picture_is_a_png_of_the_size_asked_for() -> None:
    """The header says it: 30 by 20 at twice the size."""
    content = png(SQUARE, zoom=2)
    assert content.startswith(b"\x89PNG\r\n\x1a\n")
    assert struct.unpack(">II", content[16:24]) == (60, 40)


def test_a_picture_does_not_outgrow_its_readers() -> None:
    """A drawing of five metres of paper becomes a picture of 6,000 pixels."""
    content = png(SQUARE.replace('width="30" height="20"', 'width="15000" height="20"'), zoom=2)
    assert struct.unpack(">II", content[16:24]) == (6000, 8)


@pytest.mark.parametrize("has_fonts", [True, False])
def test_names_are_written_whatever_fonts_the_machine_has(monkeypatch: pytest.MonkeyPatch, *, has_fonts: bool) -> None:
    """A plan without a single name would look finished and be useless: it comes with letters of its own."""
    monkeypatch.setattr(picture, "svg_to_bytes", partial(resvg_py.svg_to_bytes, skip_system_fonts=not has_fonts))
    named = SQUARE.replace("<text ", f'<text font-family="{FONT}" ')
    assert png(named) != png(named.replace("Tea", " "))
