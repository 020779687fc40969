"""Everything that should not happen, as one tree of exceptions that say whose fault it is.

    OffersError
    ├── MessageError    the sender's: a message on the wire that cannot be used
    ├── MapError        the retailer's: a floor plan, catalogue or pairing table with problems
    ├── RuleError       the retailer's: an offer rule file with problems
    ├── SettingsError   the operator's: a flag or an environment variable
    ├── RivalError      the operator's: another engine for the same store is at the broker
    └── ImportDataError the operator's: a purchase history file that cannot be read

What may well happen in a shop (no offer now, a muted shopper, an expired card) is a value, never an exception.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path


class Refusal(StrEnum):
    """Why a message was refused at the door; the `reason` on the `rejected` topic and the counter's label."""

    TOPIC = "topic"  # not a topic of ours
    TOO_LARGE = "too_large"  # payload above the limit
    MALFORMED = "malformed"  # not JSON (NaN and Infinity are not JSON)
    INVALID = "invalid"  # JSON of another shape, type or range
    CLOCK = "clock"  # its timestamp is too far from the engine's clock
    OUTSIDE = "outside"  # a position outside the store
    UNKNOWN_SKU = "unknown_sku"  # an item that the catalogue does not know
    UNKNOWN_GATEWAY = "unknown_gateway"  # a gateway that is not on the floor plan
    TRACKING = "tracking"  # ranges, where zones are told by fixes alone
    INTERNAL = "internal"  # our own fault: handling the message failed


class OffersError(Exception):
    """Root of every exception that the project raises itself."""


class MessageError(OffersError):
    """A message on the wire that cannot be used; the sender's fault."""

    def __init__(self, refusal: Refusal, detail: str) -> None:
        self.refusal = refusal
        self.detail = detail
        super().__init__(f"{refusal}: {detail}")


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing wrong with a retailer's file: where it is and what to do about it."""

    file: Path
    line: int  # 1-based; 0 when the whole file is meant
    field: str  # dotted path of the field, "" when the whole record is meant
    message: str

    def __str__(self) -> str:
        where = f"{self.file}:{self.line}" if self.line else str(self.file)
        return f"{where}: {self.field}: {self.message}" if self.field else f"{where}: {self.message}"


class _ProblemsError(OffersError):
    """A file refused whole, with every problem in it."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(str(problem) for problem in self.problems))


class MapError(_ProblemsError):
    """A floor plan, catalogue or pairing table with problems; the retailer's to mend."""


class RuleError(_ProblemsError):
    """An offer rule file with problems; the retailer's to mend."""


class SettingsError(OffersError):
    """A flag or an environment variable that cannot be used; the operator's to mend."""


class RivalError(OffersError):
    """Another engine for the same store is at the broker, and this one, the later, gives way."""

    def __init__(self, store: str, broker: str) -> None:
        self.store = store
        self.broker = broker
        super().__init__(
            f"another engine for '{store}' is at {broker}, and each takes the other's place; this one stops. "
            "Stop the other first, or give this one another store or broker"
        )


class ImportDataError(OffersError):
    """A purchase history file that cannot be read; the operator's to mend."""
