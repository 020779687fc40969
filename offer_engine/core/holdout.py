"""A stable hash keeps a share of shoppers as controls, and makes ids a function of their cause.

Chance in the engine is SHA-256: the same shopper is a control today, tomorrow and in a replay, on any machine.
"""

from hashlib import sha256

_SPACE = float(1 << 64)


def bucket(salt: str, shopper: str) -> float:
    """A shopper's place in [0, 1), uniform over shoppers for any salt.

    >>> bucket("a", "dave") == bucket("a", "dave") != bucket("b", "dave")
    True
    """
    return int.from_bytes(sha256(f"{salt}|{shopper}".encode()).digest()[:8], "big") / _SPACE


def is_control(salt: str, shopper: str, share: float) -> bool:
    """Whether a shopper belongs to the held-out `share`, in [0, 1)."""
    return bucket(salt, shopper) < share


def cause_id(*cause: object) -> str:
    """20 hex digits that are a function of their cause: the same cause, the same id, in every replay."""
    return sha256("|".join(map(str, cause)).encode()).hexdigest()[:20]


_CODE_ALPHABET = "23456789ABCDEFGHJKMNPQRSTVWXYZ"  # nothing a cashier could misread


def redemption_code(offer: str) -> str:
    """A code for the till, readable aloud: eight characters of an offer id's hash.

    >>> len(redemption_code("x"))
    9
    """
    number = int.from_bytes(sha256(f"code|{offer}".encode()).digest()[:8], "big")
    letters = ""
    for _ in range(8):
        number, digit = divmod(number, len(_CODE_ALPHABET))
        letters += _CODE_ALPHABET[digit]
    return f"{letters[:4]}-{letters[4:]}"
