"""Whether a customer may use a product, and the reasons there are."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final


class EntitlementReason(StrEnum):
    """Why a customer may use a product, or may not."""

    TRIALING = "trialing"
    ACTIVE = "active"
    ENDING = "ending"
    """Trialing or active, and to be canceled at the end of it."""
    RENEWAL_DUE = "renewal_due"
    """The period is over and its renewal is not heard of yet; allowed within the grace."""
    IN_GRACE = "in_grace"
    """Behind with payment; allowed within the grace."""

    PAST_DUE = "past_due"
    """Behind with payment for longer than the grace."""
    STALE = "stale"
    """The period is over, and nothing was heard for longer than the grace: events are missing."""
    UNPAID = "unpaid"
    PAUSED = "paused"
    INCOMPLETE = "incomplete"
    UNKNOWN_STATUS = "unknown_status"
    INCOMPLETE_EXPIRED = "incomplete_expired"
    CANCELED = "canceled"
    NOT_SUBSCRIBED = "not_subscribed"
    CUSTOMER_DELETED = "customer_deleted"


ENDED: Final = frozenset({EntitlementReason.CANCELED, EntitlementReason.INCOMPLETE_EXPIRED})
"""What is over for good; any other no can still become a yes."""


@dataclass(frozen=True, slots=True)
class Entitlement:
    """The answer, and why.

    `until` is in UTC: when an allowance ends unless something is heard by then, or, of a no, when
    it ended; None where that is not known. `explanation` is a phrase for support staff.
    """

    allowed: bool
    reason: EntitlementReason
    until: datetime | None = None
    subscription_id: str = ""
    explanation: str = ""
