"""The colours and the type of a drawn plan: those of the live page's light theme, and how wide a text comes out.

An SVG goes where its reader is, so nothing may rest on a font that only our machine has. Arial, Helvetica and
Liberation Sans are drawn to the same widths, and one of them is nearly everywhere; their widths are in the table below
(Adobe's font metrics for Helvetica), so that a label that fits here fits there.
"""

import unicodedata
from collections.abc import Mapping

FONT = "Arial, Helvetica, 'Liberation Sans', sans-serif"
BOLD_SHARE = 1.08  # how much wider the bold letters are, on the safe side

# Of api/web/tokens.css; a test compares them.
INKS: Mapping[str, str] = {
    "card": "#ffffff",
    "text": "#111a2c",
    "muted": "#4d5b75",
    "line-strong": "#8593ab",
    "accent": "#1157cc",
    "bad": "#b3261e",
    "floor": "#fbfcfe",
    "floor-wall": "#93a2b9",
    "floor-shelf": "#c2ccdc",
    "floor-label": "#24324d",
    "floor-edge": "#cfd8e6",
    "who-1": "#00766a",
    "zone-fresh": "#dff2e2",
    "zone-cold": "#dcedfb",
    "zone-counter": "#fdecd9",
    "zone-rack": "#efe3f7",
    "zone-dept": "#e6f0ea",
    "zone-aisle": "#eceff6",
    "zone-promo": "#fff2c9",
    "zone-service": "#e9ecf2",
}

_PER_MILLE = {
    "'": 191, "ijl": 222, "|": 260, " !,./:;I[\\]ft": 278, "()-`r": 333, "{}": 334, '"': 355, "*": 389, "^": 469,
    "Jcksvxyz": 500, "#$0123456789?_abdeghnopqu": 556, "+<=>~": 584, "FTZL": 611, "&ABEKPSVXY": 667, "CDHNRUw": 722,
    "GOQ": 778, "Mm": 833, "%": 889, "W": 944, "@": 1015,
}  # fmt: skip
_WIDTH = {letter: width / 1000 for letters, width in _PER_MILLE.items() for letter in letters}
_OTHER, _FULL = 0.6, 1.0  # letters beyond ASCII; ideographs


def text_width(text: str, size: float, *, is_bold: bool = False) -> float:
    """The width of a text, in the unit of `size`; accented letters are as wide as plain ones.

    >>> text_width("Wine", 10), text_width("Käse", 10) == text_width("Kase", 10)
    (22.78, True)
    """
    wide = 0.0
    for letter in unicodedata.normalize("NFKD", text):
        if not unicodedata.combining(letter):
            is_full = unicodedata.east_asian_width(letter) in "WF"
            wide += _WIDTH.get(letter, _FULL if is_full else _OTHER)
    return round(wide * size * (BOLD_SHARE if is_bold else 1.0), 6)
