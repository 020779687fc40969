"""Turns a drawing in SVG into a PNG picture of it.

resvg renders it: one wheel of 1.4 MB without dependencies, the same picture on every machine, where cairosvg needs
Cairo installed beside it and matplotlib would draw the plan a second time. It uses the machine's fonts; where there are
none, a plan without names would come out, which is worse than none.
"""

import re

from offer_engine.errors import SettingsError
from offer_engine.plans.look import FONT

ZOOM = 2.0  # pixels for each of the drawing's: sharp on today's screens
MAX_SIDE_PX = 6000.0  # of a picture: larger ones open slowly, or not at all

_LETTER = (
    f'<svg xmlns="http://www.w3.org/2000/svg" width="20" height="20"><text y="16" font-family="{FONT}">M</text></svg>'
)


def png(svg: str, *, zoom: float = ZOOM) -> bytes:
    """The picture, `zoom` times as large as the drawing, or as large as pictures get.

    Raises:
        SettingsError: the renderer is not installed, or has no font to write with.
    """
    try:
        from resvg_py import svg_to_bytes  # noqa: PLC0415  a native library: only who wants a picture loads it
    except ImportError:
        raise SettingsError("a PNG needs resvg-py (pip install resvg-py); an .svg needs nothing") from None
    if svg_to_bytes(svg_string=_LETTER) == svg_to_bytes(svg_string=_LETTER.replace(">M<", "> <")):
        raise SettingsError("no font is installed to write names with; install one (fonts-liberation), or draw an .svg")
    size = re.search(r'<svg [^>]*width="([\d.]+)" height="([\d.]+)"', svg)
    side_px = max(map(float, size.groups())) if size else 0.0
    return svg_to_bytes(svg_string=svg, zoom=min(zoom, MAX_SIDE_PX / max(side_px, 1.0)))
