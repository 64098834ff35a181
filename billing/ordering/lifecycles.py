"""The lifecycle of each type of object: what comes before what, and what is never taken back."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from billing.statuses import (
    ChargeStatus,
    CheckoutPaymentStatus,
    CheckoutStatus,
    DisputeStatus,
    InvoiceStatus,
    PaymentIntentStatus,
    PayoutStatus,
    RefundStatus,
    SubscriptionStatus,
)

Position = tuple[int, int]
"""A phase, and a stage within it."""


@dataclass(frozen=True)
class Lifecycle:
    """The positions of the states that one type of object can be in.

    From one phase to the next there is no way back, whatever a clock says. The stages of one
    phase are in the usual order, which decides between events of the same second only. A state
    that is not listed, such as one that a provider adds, has no position: no rule goes by it.
    """

    positions: Mapping[str, Position]

    def has_left(self, state: str, other: str) -> bool:
        """True when an object in the other state can never be in this one again."""
        here, there = self.positions.get(state), self.positions.get(other)
        return here is not None and there is not None and here[0] < there[0]

    def is_behind(self, state: str, other: str) -> bool:
        """True when this state usually comes before the other."""
        here, there = self.positions.get(state), self.positions.get(other)
        return here is not None and there is not None and here < there


def _lifecycle(*phases: list[set[str]]) -> Lifecycle:
    return Lifecycle(
        {
            state: (phase, stage)
            for phase, stages in enumerate(phases)
            for stage, states in enumerate(stages)
            for state in states
        }
    )


LIFECYCLES: Final[Mapping[str, Lifecycle]] = {
    "subscription": _lifecycle(
        [{SubscriptionStatus.INCOMPLETE}],
        [
            {
                # These come and go in any order.
                SubscriptionStatus.TRIALING,
                SubscriptionStatus.ACTIVE,
                SubscriptionStatus.PAST_DUE,
                SubscriptionStatus.UNPAID,
                SubscriptionStatus.PAUSED,
            }
        ],
        [{SubscriptionStatus.INCOMPLETE_EXPIRED, SubscriptionStatus.CANCELED}],
    ),
    "invoice": _lifecycle(
        [{InvoiceStatus.DRAFT}],
        [{InvoiceStatus.OPEN}],
        # The books may be closed on it, and the customer pay all the same.
        [{InvoiceStatus.UNCOLLECTIBLE}],
        [{InvoiceStatus.PAID, InvoiceStatus.VOID}],
    ),
    "payment_intent": _lifecycle(
        [
            {
                # A failed attempt leads back to the first of these.
                PaymentIntentStatus.REQUIRES_PAYMENT_METHOD,
                PaymentIntentStatus.REQUIRES_CONFIRMATION,
                PaymentIntentStatus.REQUIRES_ACTION,
                PaymentIntentStatus.PROCESSING,
                PaymentIntentStatus.REQUIRES_CAPTURE,
            }
        ],
        [{PaymentIntentStatus.SUCCEEDED, PaymentIntentStatus.CANCELED}],
    ),
    "charge": _lifecycle([{ChargeStatus.PENDING}], [{ChargeStatus.SUCCEEDED, ChargeStatus.FAILED}]),
    "refund": _lifecycle(
        [{RefundStatus.PENDING, RefundStatus.REQUIRES_ACTION}],
        # A bank may send the money back days later, so success is not the end.
        [{RefundStatus.SUCCEEDED}],
        [{RefundStatus.FAILED, RefundStatus.CANCELED}],
    ),
    "dispute": _lifecycle(
        [
            # An inquiry may be closed, or become a dispute.
            {DisputeStatus.WARNING_NEEDS_RESPONSE},
            {DisputeStatus.WARNING_UNDER_REVIEW},
            {DisputeStatus.WARNING_CLOSED},
            {DisputeStatus.NEEDS_RESPONSE},
            {DisputeStatus.UNDER_REVIEW},
        ],
        [
            # An appeal can be lost as well.
            {DisputeStatus.LOST},
            {DisputeStatus.APPEAL_NEEDS_RESPONSE},
            {DisputeStatus.APPEAL_UNDER_REVIEW},
        ],
        [{DisputeStatus.WON, DisputeStatus.PREVENTED}],
    ),
    "checkout.session": _lifecycle(
        [{CheckoutStatus.OPEN}], [{CheckoutStatus.COMPLETE, CheckoutStatus.EXPIRED}]
    ),
    "payout": _lifecycle(
        [{PayoutStatus.PENDING}, {PayoutStatus.IN_TRANSIT}],
        # A bank may send this money back as well.
        [{PayoutStatus.PAID}],
        [{PayoutStatus.FAILED, PayoutStatus.CANCELED}],
    ),
}


def lifecycle_of(kind: str) -> Lifecycle:
    """Return the lifecycle of a type of object; an empty one for a type that has no states."""
    return LIFECYCLES.get(kind, _NO_LIFECYCLE)


_NO_LIFECYCLE: Final = Lifecycle({})

MONOTONIC: Final[Mapping[str, tuple[str, ...]]] = {
    "charge": ("amount_captured", "amount_refunded", "captured", "refunded", "disputed"),
    "invoice": ("attempt_count",),
}
"""Numbers that only rise, and flags that stay true, unless an event says otherwise in so many
words: a refund that fails puts its money back on the charge."""

RETURNABLE: Final[Mapping[str, tuple[str, ...]]] = {"charge": ("amount_refunded", "refunded")}
"""Of those, the ones that are less after a change of which no event tells in so many words."""

SET_ONCE: Final[Mapping[str, tuple[str, ...]]] = {
    "invoice": (
        "finalized_at",
        "paid_at",
        "voided_at",
        "marked_uncollectible_at",
        "payment_intent_id",
        "charge_id",
    ),
    "checkout.session": ("payment_status",),
}
"""Facts that keep their value once they have one."""

UNSET: Final = (None, "", CheckoutPaymentStatus.UNPAID)
"""The values of facts that have not been set."""
