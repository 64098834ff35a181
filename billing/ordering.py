"""Whether what an event says of an object is to replace what is known of it.

Events come in any order, and the `created` of an event has whole seconds only. So a state that
is final outweighs the clock, and within one second the object's own course decides.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from billing.changes import UNKNOWN, Change
from billing.models import BillingChange, ProviderObject
from billing.states import (
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

Verdict = BillingChange.Verdict


@dataclass(frozen=True)
class Course:
    """The states of one type of object: the stage each belongs to, and which are final.

    A state that is left out has no place in the order, as is one that a provider adds.
    """

    stages: tuple[frozenset[str], ...] = ()
    final: frozenset[str] = frozenset()

    def stage(self, state: str) -> int | None:
        """How far along a state is."""
        return next((n for n, states in enumerate(self.stages) if state in states), None)

    def is_behind(self, one: str, other: str) -> bool:
        """Whether one state belongs to an earlier stage than the other."""
        here, there = self.stage(one), self.stage(other)
        return here is not None and there is not None and here < there

    def is_over(self, ended: str, other: str) -> bool:
        """Whether one state is final, and the other is on the way to it."""
        return ended in self.final and other not in self.final and self.is_behind(other, ended)


def _course(*stages: set[str], final: set[str]) -> Course:
    return Course(tuple(frozenset(stage) for stage in stages), frozenset(final))


COURSES: Final[Mapping[str, Course]] = {
    "subscription": _course(
        {SubscriptionStatus.INCOMPLETE},
        {
            # These come and go in any order.
            SubscriptionStatus.TRIALING,
            SubscriptionStatus.ACTIVE,
            SubscriptionStatus.PAST_DUE,
            SubscriptionStatus.UNPAID,
            SubscriptionStatus.PAUSED,
        },
        {SubscriptionStatus.INCOMPLETE_EXPIRED, SubscriptionStatus.CANCELED},
        final={SubscriptionStatus.INCOMPLETE_EXPIRED, SubscriptionStatus.CANCELED},
    ),
    "invoice": _course(
        {InvoiceStatus.DRAFT},
        {InvoiceStatus.OPEN},
        {InvoiceStatus.UNCOLLECTIBLE},
        {InvoiceStatus.PAID, InvoiceStatus.VOID},
        final={InvoiceStatus.PAID, InvoiceStatus.VOID},
    ),
    "payment_intent": _course(
        {
            # A failed attempt leads back to the first of these.
            PaymentIntentStatus.REQUIRES_PAYMENT_METHOD,
            PaymentIntentStatus.REQUIRES_CONFIRMATION,
            PaymentIntentStatus.REQUIRES_ACTION,
            PaymentIntentStatus.PROCESSING,
            PaymentIntentStatus.REQUIRES_CAPTURE,
        },
        {PaymentIntentStatus.SUCCEEDED, PaymentIntentStatus.CANCELED},
        final={PaymentIntentStatus.SUCCEEDED, PaymentIntentStatus.CANCELED},
    ),
    "charge": _course(
        {ChargeStatus.PENDING},
        {ChargeStatus.SUCCEEDED, ChargeStatus.FAILED},
        final={ChargeStatus.SUCCEEDED, ChargeStatus.FAILED},
    ),
    "refund": _course(
        {RefundStatus.PENDING, RefundStatus.REQUIRES_ACTION},
        {RefundStatus.SUCCEEDED},
        {RefundStatus.FAILED, RefundStatus.CANCELED},
        final={RefundStatus.SUCCEEDED, RefundStatus.FAILED, RefundStatus.CANCELED},
    ),
    "dispute": _course(
        {DisputeStatus.WARNING_NEEDS_RESPONSE},
        {DisputeStatus.WARNING_UNDER_REVIEW},
        {DisputeStatus.WARNING_CLOSED},
        {DisputeStatus.NEEDS_RESPONSE},
        {DisputeStatus.UNDER_REVIEW},
        {DisputeStatus.LOST},
        {DisputeStatus.APPEAL_NEEDS_RESPONSE},
        {DisputeStatus.APPEAL_UNDER_REVIEW},
        {DisputeStatus.WON, DisputeStatus.PREVENTED},
        final={DisputeStatus.LOST, DisputeStatus.WON, DisputeStatus.PREVENTED},
    ),
    "checkout.session": _course(
        {CheckoutStatus.OPEN},
        {CheckoutStatus.COMPLETE, CheckoutStatus.EXPIRED},
        final={CheckoutStatus.COMPLETE, CheckoutStatus.EXPIRED},
    ),
    "payout": _course(
        {PayoutStatus.PENDING},
        {PayoutStatus.IN_TRANSIT},
        {PayoutStatus.PAID},
        {PayoutStatus.FAILED, PayoutStatus.CANCELED},
        final={PayoutStatus.PAID, PayoutStatus.FAILED, PayoutStatus.CANCELED},
    ),
}

GROWING: Final[Mapping[str, frozenset[str]]] = {
    "charge": frozenset({"amount_captured", "amount_refunded", "captured", "refunded", "disputed"}),
    "invoice": frozenset({"attempt_count"}),
}
"""Numbers that only rise, and things that stay true once they are."""

LASTING: Final[Mapping[str, frozenset[str]]] = {
    "invoice": frozenset({"finalized_at", "paid_at", "voided_at", "marked_uncollectible_at"}),
    "checkout.session": frozenset({"payment_status"}),
}
"""What is not taken back once it has come about."""

NOT_YET: Final = (None, CheckoutPaymentStatus.UNPAID)


def decide(stored: ProviderObject, change: Change, event_at: datetime | None) -> Verdict:
    """Whether a change from an event made at `event_at` replaces what is stored.

    `APPLIED` or `OLDER`. Within one second and one stage, the event that came last has its way.
    """
    if not change.complete:
        return Verdict.APPLIED
    if stored.deleted != change.deleted:
        return Verdict.APPLIED if change.deleted else Verdict.OLDER
    course = COURSES.get(change.object_type, Course())
    was, now = _state(stored), _state(change)
    if course.is_over(was, now):
        return Verdict.OLDER
    if course.is_over(now, was):
        return Verdict.APPLIED
    if event_at is None or stored.snapshot_at is None or event_at == stored.snapshot_at:
        return Verdict.OLDER if course.is_behind(now, was) else Verdict.APPLIED
    return Verdict.APPLIED if event_at > stored.snapshot_at else Verdict.OLDER


def merge(stored: ProviderObject, change: Change) -> dict[str, Any]:
    """The facts of a change that applies, less those that would take back what cannot be."""
    growing = GROWING.get(change.object_type, frozenset())
    lasting = LASTING.get(change.object_type, frozenset())

    def is_step_back(name: str, value: Any) -> bool:
        known = getattr(stored, name)
        if known in (None, ""):
            return False
        if name in growing:
            return value is None or bool(value < known)
        return name in lasting and value in NOT_YET

    return {name: value for name, value in change.facts().items() if not is_step_back(name, value)}


def _state(of: ProviderObject | Change) -> str:
    state = getattr(of, "status", "")
    return "" if state is UNKNOWN else str(state)
