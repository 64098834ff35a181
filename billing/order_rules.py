"""What is known of the order of an object's states: its lifecycle, and what is never taken back.

As data, for each type of object; a translator gives a provider's own where that differs.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from billing.statuses import (
    BalanceTransactionStatus,
    ChargeStatus,
    CheckoutPaymentStatus,
    CheckoutStatus,
    CreditNoteStatus,
    DisputeStatus,
    InvoiceStatus,
    PaymentIntentStatus,
    PayoutStatus,
    RefundStatus,
    SetupIntentStatus,
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


@dataclass(frozen=True, kw_only=True)
class OrderRules:
    """What tells the order of the states of one type of object, apart from clocks and updates.

    `monotonic` are numbers that only rise and flags that stay true, unless an event says otherwise
    in so many words: a refund that fails puts its money back on the charge. `returnable` are those
    of them that are less after a change of which no event tells in so many words. `set_once` are
    facts that keep their value once they have one. `required` are those without which too little
    was told of an object: for providers whose events have a few facts each.
    """

    lifecycle: Lifecycle = Lifecycle({})
    monotonic: tuple[str, ...] = ()
    returnable: tuple[str, ...] = ()
    set_once: tuple[str, ...] = ()
    required: tuple[str, ...] = ()

    def lacks(self, facts: Mapping[str, Any]) -> bool:
        """True while a fact is missing that is required."""
        return any(facts.get(name) is None for name in self.required)


def lifecycle(*phases: list[set[str]]) -> Lifecycle:
    """Return the lifecycle of these phases, each a list of stages, each a set of states."""
    return Lifecycle(
        {
            state: (phase, stage)
            for phase, stages in enumerate(phases)
            for stage, states in enumerate(stages)
            for state in states
        }
    )


ORDER_RULES: Final[Mapping[str, OrderRules]] = {
    "customer": OrderRules(),
    "subscription": OrderRules(
        lifecycle=lifecycle(
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
    ),
    "invoice": OrderRules(
        lifecycle=lifecycle(
            [{InvoiceStatus.DRAFT}],
            [{InvoiceStatus.OPEN}],
            # The books may be closed on it, and the customer pay all the same.
            [{InvoiceStatus.UNCOLLECTIBLE}],
            [{InvoiceStatus.PAID, InvoiceStatus.VOID}],
        ),
        monotonic=("attempt_count",),
        set_once=(
            "finalized_at",
            "paid_at",
            "voided_at",
            "marked_uncollectible_at",
            "payment_intent_id",
            "charge_id",
        ),
    ),
    "payment_intent": OrderRules(
        lifecycle=lifecycle(
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
    ),
    "charge": OrderRules(
        lifecycle=lifecycle(
            [{ChargeStatus.PENDING}], [{ChargeStatus.SUCCEEDED, ChargeStatus.FAILED}]
        ),
        monotonic=("amount_captured", "amount_refunded", "captured", "refunded", "disputed"),
        returnable=("amount_refunded", "refunded"),
    ),
    "refund": OrderRules(
        lifecycle=lifecycle(
            [{RefundStatus.PENDING, RefundStatus.REQUIRES_ACTION}],
            # A bank may send the money back days later, so success is not the end.
            [{RefundStatus.SUCCEEDED}],
            [{RefundStatus.FAILED, RefundStatus.CANCELED}],
        ),
    ),
    "dispute": OrderRules(
        lifecycle=lifecycle(
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
    ),
    "checkout.session": OrderRules(
        lifecycle=lifecycle(
            [{CheckoutStatus.OPEN}], [{CheckoutStatus.COMPLETE, CheckoutStatus.EXPIRED}]
        ),
        set_once=("payment_status",),
    ),
    "product": OrderRules(),
    "price": OrderRules(),
    "coupon": OrderRules(monotonic=("times_redeemed",)),
    "promotion_code": OrderRules(monotonic=("times_redeemed",)),
    "discount": OrderRules(),
    "payment_method": OrderRules(),
    "setup_intent": OrderRules(
        lifecycle=lifecycle(
            [
                {
                    SetupIntentStatus.REQUIRES_PAYMENT_METHOD,
                    SetupIntentStatus.REQUIRES_CONFIRMATION,
                    SetupIntentStatus.REQUIRES_ACTION,
                    SetupIntentStatus.PROCESSING,
                }
            ],
            [{SetupIntentStatus.SUCCEEDED, SetupIntentStatus.CANCELED}],
        ),
    ),
    "credit_note": OrderRules(
        lifecycle=lifecycle([{CreditNoteStatus.ISSUED}], [{CreditNoteStatus.VOID}]),
        set_once=("voided_at",),
    ),
    "balance_transaction": OrderRules(
        lifecycle=lifecycle(
            [{BalanceTransactionStatus.PENDING}], [{BalanceTransactionStatus.AVAILABLE}]
        ),
    ),
    "payout": OrderRules(
        lifecycle=lifecycle(
            [{PayoutStatus.PENDING}, {PayoutStatus.IN_TRANSIT}],
            # A bank may send this money back as well.
            [{PayoutStatus.PAID}],
            [{PayoutStatus.FAILED, PayoutStatus.CANCELED}],
        ),
    ),
}
"""What holds for each type of object where a provider has no rules of its own."""

UNSET: Final = (None, "", CheckoutPaymentStatus.UNPAID)
"""The values of facts that have not been set."""
