"""Turns a drawing in SVG into a PNG picture of it.

resvg renders it: one wheel of 1.4 MB without dependencies, the same picture on every machine, where cairosvg needs
Cairo installed beside it and matplotlib would draw the plan a second time. Many servers have no font at all, and a plan
without names is worse than none: so one comes along, as a wheel, a little narrower than the letters that the drawing
leaves room for (`look`). Where the machine has those, it writes with them.
"""

import re
from importlib.resources import files

from resvg_py import svg_to_bytes

ZOOM = 2.0  # pixels for each of the drawing's: sharp on today's screens
MAX_SIDE_PX = 6000.0  # of a picture: larger ones open slowly, or not at all

_FONTS, _FAMILY = str(files("font_hanken_grotesk") / "files"), "Hanken Grotesk"


def png(svg: str, *, zoom: float = ZOOM) -> bytes:
    """The picture, `zoom` times as large as the drawing, or as large as pictures get."""
    size = re.search(r'<svg [^>]*width="([\d.]+)" height="([\d.]+)"', svg)
    side_px = max(map(float, size.groups())) if size else 0.0
    return svg_to_bytes(
        svg_string=svg,
        zoom=min(zoom, MAX_SIDE_PX / max(side_px, 1.0)),
        font_dirs=[_FONTS],
        font_family=_FAMILY,
        sans_serif_family=_FAMILY,
    )
