"""Turns the names that a drawing gives its features into labels, keys and ids that a store can use.

A key travels in topics and messages, so it is plain ASCII; a drawing's names are for people. Where a drawing has no id,
one is made from the key, so that importing a file twice gives the same plan.
"""

import re
import unicodedata
from collections.abc import Mapping
from uuid import NAMESPACE_OID, UUID, uuid5

from offer_engine.core.record import MAX_TEXT

MAX_KEY = 64
_NOT_PLAIN = re.compile(r"[^a-z0-9]+")


def labels(name: object) -> dict[str, str]:
    """Labels by language of an IMDF labels object, or of the plain text that a GIS has instead; empty without a name.

    >>> labels("Wine"), labels({"de": "Wein", "fr": " "}), labels(None)
    ({'en': 'Wine'}, {'de': 'Wein'}, {})
    """
    found = {"en": name} if isinstance(name, str) else name
    if not isinstance(found, Mapping):
        return {}
    texts = {str(language): text.strip()[:MAX_TEXT] for language, text in found.items() if isinstance(text, str)}
    return {language: text for language, text in texts.items() if text}


def english(name: object) -> str:
    """The English label, else the first; "" without any.

    >>> english({"de": "Wein", "en": "Wine"}), english({"de": "Wein"}), english(None)
    ('Wine', 'Wein', '')
    """
    found = labels(name)
    return found.get("en") or next(iter(found.values()), "")


def key_for(label: str, taken: set[str]) -> str:
    """A key like a label, that is not taken yet; it is taken from now on.

    >>> taken = {"kase"}
    >>> key_for("Käse", taken), key_for("Wine & Spirits", taken)
    ('kase-2', 'wine-spirits')
    """
    plain = unicodedata.normalize("NFKD", label).encode("ascii", "ignore").decode().lower()
    stem = _NOT_PLAIN.sub("-", plain).strip("-")[: MAX_KEY - 4].strip("-") or "zone"
    key, number = stem, 1
    while key in taken:
        number += 1
        key = f"{stem}-{number}"
    taken.add(key)
    return key


def uuid_for(found: str, *parts: str) -> str:
    """An id as IMDF wants it, a UUID: the one that was found, or one made from `parts`.

    >>> uuid_for("L", "tiny", "level", "0")
    '8e34b7a6-4f13-5aaa-ae29-1d4cb4b64ede'
    """
    try:
        return str(UUID(found))
    except ValueError:
        return str(uuid5(NAMESPACE_OID, "/".join(("aislewise", *parts))))
