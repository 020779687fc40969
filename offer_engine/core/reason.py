"""Every reason for which the engine speaks or stays silent; a value in each decision, listed in docs/reasons.md."""

from enum import StrEnum


class Stage(StrEnum):
    """The stages of a decision, in their order; each can only narrow."""

    CONSENT = "consent"
    ELIGIBLE = "eligible"
    POLICY = "policy"
    CHOICE = "choice"
    ATTENTION = "attention"
    HOLDOUT = "holdout"


class Reason(StrEnum):
    """Why a rule, or a whole decision, ended where it did."""

    SENT = "sent"
    # consent
    NO_LOCATION_CONSENT = "no_location_consent"
    NO_BASKET_CONSENT = "no_basket_consent"
    NO_HISTORY_CONSENT = "no_history_consent"
    # eligible
    NO_RULE = "no_rule"
    NOT_STARTED = "not_started"
    ENDED = "ended"
    OUT_OF_HOURS = "out_of_hours"
    NOT_IN_CART = "not_in_cart"
    ALREADY_COVERED = "already_covered"
    BASKET_REACHED = "basket_reached"
    BASKET_TOO_FAR = "basket_too_far"
    NOT_AUDIENCE = "not_audience"
    NO_PRODUCT = "no_product"
    OUT_OF_STOCK = "out_of_stock"
    IN_CART = "in_cart"
    FALLS_SHORT = "falls_short"
    REJECTED = "rejected"
    # policy
    QUIET_HOURS = "quiet_hours"
    MUTED = "muted"
    MUTED_RULE = "muted_rule"
    MUTED_CATEGORY = "muted_category"
    STORE_CAP = "store_cap"
    VISIT_CAP = "visit_cap"
    TOO_SOON = "too_soon"
    RULE_VISIT_CAP = "rule_visit_cap"
    RULE_COOLDOWN = "rule_cooldown"
    CATEGORY_COOLDOWN = "category_cooldown"
    PAUSED = "paused"
    RULE_PAUSED = "rule_paused"
    BUDGET = "budget"
    # choice, attention, holdout
    OUTSCORED = "outscored"
    NOT_WORTH_IT = "not_worth_it"
    WORTH_WAITING = "worth_waiting"
    CONTROL = "control"


REASONS: dict[Stage, tuple[Reason, ...]] = {
    Stage.CONSENT: (
        Reason.NO_LOCATION_CONSENT,
        Reason.NO_BASKET_CONSENT,
        Reason.NO_HISTORY_CONSENT,
    ),
    Stage.ELIGIBLE: (
        Reason.NO_RULE,
        Reason.NOT_STARTED,
        Reason.ENDED,
        Reason.OUT_OF_HOURS,
        Reason.NOT_IN_CART,
        Reason.ALREADY_COVERED,
        Reason.BASKET_REACHED,
        Reason.BASKET_TOO_FAR,
        Reason.NOT_AUDIENCE,
        Reason.NO_PRODUCT,
        Reason.OUT_OF_STOCK,
        Reason.IN_CART,
        Reason.FALLS_SHORT,
        Reason.REJECTED,
    ),
    Stage.POLICY: (
        Reason.QUIET_HOURS,
        Reason.MUTED,
        Reason.MUTED_RULE,
        Reason.MUTED_CATEGORY,
        Reason.STORE_CAP,
        Reason.VISIT_CAP,
        Reason.TOO_SOON,
        Reason.RULE_VISIT_CAP,
        Reason.RULE_COOLDOWN,
        Reason.CATEGORY_COOLDOWN,
        Reason.PAUSED,
        Reason.RULE_PAUSED,
        Reason.BUDGET,
    ),
    Stage.CHOICE: (Reason.OUTSCORED,),
    Stage.ATTENTION: (Reason.NOT_WORTH_IT, Reason.WORTH_WAITING),
    Stage.HOLDOUT: (
        Reason.CONTROL,
        Reason.SENT,
    ),
}

STAGE_OF = {reason: stage for stage, reasons in REASONS.items() for reason in reasons}
