"""A drawing as a PNG picture."""

import struct

import pytest
import resvg_py

from offer_engine.errors import SettingsError
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


def test_a_machine_without_fonts_is_told_so(monkeypatch: pytest.MonkeyPatch) -> None:
    """A plan without a single name would look finished and be useless."""
    render = resvg_py.svg_to_bytes

    def without_fonts(*, svg_string: str, zoom: float = 1.0) -> bytes:
        return render(svg_string=svg_string, zoom=zoom, skip_system_fonts=True)

    monkeypatch.setattr(resvg_py, "svg_to_bytes", without_fonts)
    with pytest.raises(SettingsError, match="no font is installed"):
        png(SQUARE)
