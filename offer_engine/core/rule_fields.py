"""What each field of an offer rule may hold, said once: the parser refuses by it, the editors' schema is made of it."""

from offer_engine.core.rules import Transition

TRANSITIONS: tuple[Transition, ...] = ("enter", "dwell")
PLACES = ("zone", "zones")  # of each of these three, exactly one
CHOICES = ("product", "category", "favourite_in")
BENEFITS = ("percent_off", "amount_off_cents", "multi_buy", "basket_threshold", "reminder")

HOURS = r"((?:[01]\d|2[0-3]):[0-5]\d)-((?:[01]\d|2[0-3]):[0-5]\d|24:00)"
ALL_DAY = "00:00-24:00"

_MAX_CENTS = 100_000_000  # as on the wire

# From, up to and including.
PERCENT_OFF = (1, 90)
CENTS = (1, _MAX_CENTS)
PIECES = (2, 100)
TIMES = (1, 10_000)
PER_VISIT = (1, 100)
COOLDOWN_H = (0, 24 * 366)
VALID_S = (10, 86_400)
BUDGET = (1, 1_000_000_000)

DEFAULT_TIMES = 1
DEFAULT_PER_VISIT = 1
