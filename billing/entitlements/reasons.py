"""The answer to the question of entitlement, and the reasons that it can give."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final


class EntitlementReason(StrEnum):
    """The reason why a customer may use a product, or may not. Programs may rely on the values."""

    TRIALING = "trialing"
    ACTIVE = "active"
    ENDING = "ending"
    """Trialing or active, with a cancellation to come."""
    RENEWAL_DUE = "renewal_due"
    """The period is over, and no event tells of its renewal yet; allowed within the grace."""
    IN_GRACE = "in_grace"
    """Behind with payment; allowed within the grace."""

    PAST_DUE = "past_due"
    """Behind with payment for longer than the grace."""
    STALE = "stale"
    """The period is over, and no event came for longer than the grace: some must be missing."""
    UNPAID = "unpaid"
    PAUSED = "paused"
    INCOMPLETE = "incomplete"
    UNKNOWN_STATUS = "unknown_status"
    INCOMPLETE_EXPIRED = "incomplete_expired"
    CANCELED = "canceled"
    NOT_SUBSCRIBED = "not_subscribed"
    CUSTOMER_DELETED = "customer_deleted"


ENDED: Final = frozenset({EntitlementReason.CANCELED, EntitlementReason.INCOMPLETE_EXPIRED})
"""The reasons that are final: with any other, a refusal can still become an allowance."""


@dataclass(frozen=True, slots=True)
class Entitlement:
    """Says if a customer may use a product, and why.

    `until` is in UTC: the time at which an allowance ends unless an event extends it or, of a
    refusal, the time at which it ended; None where that is not known. `explanation` is a phrase
    for support staff.

    An answer that is `in_doubt` goes by what is known, and more may turn it: `doubt` names the
    objects that are in doubt, and why.
    """

    allowed: bool
    reason: EntitlementReason
    until: datetime | None = None
    subscription_id: str = ""
    explanation: str = ""
    doubt: str = ""

    @property
    def in_doubt(self) -> bool:
        """True where what is not known could make this another answer."""
        return bool(self.doubt)
