"""What an event says about billing objects, in no provider's own terms.

A field is `UNKNOWN` where the event does not say: what is stored is kept. None, or an empty
string for text, says that there is nothing: what is stored is cleared.

Money is in the currency's minor units (cents; yen) and currencies are lower-case ISO codes.
Moments are in UTC. `…_id` is the provider's own id of another object.
"""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import datetime
from enum import Enum
from functools import cache
from typing import Any, ClassVar, Final, TypeAlias, TypedDict


class Unknown(Enum):
    """The type of `UNKNOWN`, an enum so that a type checker can tell it apart."""

    UNKNOWN = "unknown"


UNKNOWN: Final = Unknown.UNKNOWN

Text: TypeAlias = str | Unknown
Integer: TypeAlias = int | Unknown | None
Flag: TypeAlias = bool | Unknown | None
Moment: TypeAlias = datetime | Unknown | None
Metadata: TypeAlias = Mapping[str, str] | Unknown


class SubscriptionItem(TypedDict):
    """One thing subscribed to. `unit_amount` is in minor units, the moment in ISO 8601."""

    id: str
    price_id: str
    product_id: str
    quantity: int | None
    unit_amount: int | None
    interval: str
    current_period_end: str | None


_ABOUT_THE_CHANGE: Final = (
    "provider_id",
    "complete",
    "before",
    "is_first",
    "casts_doubt",
)


@dataclass(frozen=True, kw_only=True)
class Change:
    """What is now true of one object; its fields are named like its model's.

    One that is not `complete` says only a few facts, and so nothing of how recent the rest is.
    `before` is what the facts that the event changed had been, by name; None where the event does
    not tell. `is_first` means that nothing can have come before it. One that `casts_doubt` tells
    that the object has changed, and not what it is like now.
    """

    object_type: ClassVar[str]

    provider_id: str
    deleted: bool = False
    complete: bool = True
    before: Mapping[str, Any] | None = None
    is_first: bool = False
    casts_doubt: bool = False
    created_at: Moment = UNKNOWN
    metadata: Metadata = UNKNOWN

    @classmethod
    @cache
    def names(cls) -> tuple[str, ...]:
        """The names of the facts that can be said of such an object."""
        return tuple(field.name for field in fields(cls) if field.name not in _ABOUT_THE_CHANGE)

    def facts(self) -> dict[str, Any]:
        """The fields that are said, by name. A deletion is one; that there was none is not."""
        said = {name: getattr(self, name) for name in self.names()}
        if not self.deleted:
            del said["deleted"]
        return {name: value for name, value in said.items() if value is not UNKNOWN}


@dataclass(frozen=True, kw_only=True)
class CustomerChange(Change):
    """`balance`: below zero is a credit."""

    object_type = "customer"

    email: Text = UNKNOWN
    name: Text = UNKNOWN
    phone: Text = UNKNOWN
    currency: Text = UNKNOWN
    balance: Integer = UNKNOWN
    delinquent: Flag = UNKNOWN


@dataclass(frozen=True, kw_only=True)
class SubscriptionChange(Change):
    """The current period is the one that all items are in: it ends when the first of them does."""

    object_type = "subscription"

    customer_id: Text = UNKNOWN
    latest_invoice_id: Text = UNKNOWN
    status: Text = UNKNOWN
    currency: Text = UNKNOWN
    collection_method: Text = UNKNOWN
    items: list[SubscriptionItem] | Unknown = UNKNOWN
    current_period_start: Moment = UNKNOWN
    current_period_end: Moment = UNKNOWN
    trial_start: Moment = UNKNOWN
    trial_end: Moment = UNKNOWN
    started_at: Moment = UNKNOWN
    cancel_at: Moment = UNKNOWN
    cancel_at_period_end: Flag = UNKNOWN
    canceled_at: Moment = UNKNOWN
    ended_at: Moment = UNKNOWN


@dataclass(frozen=True, kw_only=True)
class InvoiceChange(Change):
    """`payment_intent_id` and `charge_id` are of the payment that counts where there are many."""

    object_type = "invoice"

    customer_id: Text = UNKNOWN
    subscription_id: Text = UNKNOWN
    payment_intent_id: Text = UNKNOWN
    charge_id: Text = UNKNOWN
    number: Text = UNKNOWN
    status: Text = UNKNOWN
    currency: Text = UNKNOWN
    amount_due: Integer = UNKNOWN
    amount_paid: Integer = UNKNOWN
    amount_remaining: Integer = UNKNOWN
    subtotal: Integer = UNKNOWN
    total: Integer = UNKNOWN
    billing_reason: Text = UNKNOWN
    collection_method: Text = UNKNOWN
    attempt_count: Integer = UNKNOWN
    next_payment_attempt_at: Moment = UNKNOWN
    due_at: Moment = UNKNOWN
    period_start: Moment = UNKNOWN
    period_end: Moment = UNKNOWN
    finalized_at: Moment = UNKNOWN
    paid_at: Moment = UNKNOWN
    voided_at: Moment = UNKNOWN
    marked_uncollectible_at: Moment = UNKNOWN


@dataclass(frozen=True, kw_only=True)
class PaymentIntentChange(Change):
    """The error is that of the last attempt, and gone with the next one."""

    object_type = "payment_intent"

    customer_id: Text = UNKNOWN
    invoice_id: Text = UNKNOWN
    latest_charge_id: Text = UNKNOWN
    status: Text = UNKNOWN
    currency: Text = UNKNOWN
    amount: Integer = UNKNOWN
    amount_received: Integer = UNKNOWN
    amount_capturable: Integer = UNKNOWN
    description: Text = UNKNOWN
    canceled_at: Moment = UNKNOWN
    cancellation_reason: Text = UNKNOWN
    error_code: Text = UNKNOWN
    error_message: Text = UNKNOWN


@dataclass(frozen=True, kw_only=True)
class ChargeChange(Change):
    """`refunded` is said of a charge refunded in full."""

    object_type = "charge"

    customer_id: Text = UNKNOWN
    payment_intent_id: Text = UNKNOWN
    invoice_id: Text = UNKNOWN
    status: Text = UNKNOWN
    currency: Text = UNKNOWN
    amount: Integer = UNKNOWN
    amount_captured: Integer = UNKNOWN
    amount_refunded: Integer = UNKNOWN
    paid: Flag = UNKNOWN
    captured: Flag = UNKNOWN
    refunded: Flag = UNKNOWN
    disputed: Flag = UNKNOWN
    failure_code: Text = UNKNOWN
    failure_message: Text = UNKNOWN
    card_brand: Text = UNKNOWN
    card_last4: Text = UNKNOWN


@dataclass(frozen=True, kw_only=True)
class RefundChange(Change):
    """`reason` is ours for refunding, `failure_reason` theirs for its failing."""

    object_type = "refund"

    charge_id: Text = UNKNOWN
    payment_intent_id: Text = UNKNOWN
    status: Text = UNKNOWN
    currency: Text = UNKNOWN
    amount: Integer = UNKNOWN
    reason: Text = UNKNOWN
    failure_reason: Text = UNKNOWN


@dataclass(frozen=True, kw_only=True)
class DisputeChange(Change):
    """`evidence_due_at`: when the answer must have been given; None where none is asked for."""

    object_type = "dispute"

    charge_id: Text = UNKNOWN
    payment_intent_id: Text = UNKNOWN
    status: Text = UNKNOWN
    currency: Text = UNKNOWN
    amount: Integer = UNKNOWN
    reason: Text = UNKNOWN
    evidence_due_at: Moment = UNKNOWN


@dataclass(frozen=True, kw_only=True)
class CheckoutSessionChange(Change):
    """`client_reference_id` is ours, given when the session was made."""

    object_type = "checkout.session"

    customer_id: Text = UNKNOWN
    subscription_id: Text = UNKNOWN
    payment_intent_id: Text = UNKNOWN
    invoice_id: Text = UNKNOWN
    client_reference_id: Text = UNKNOWN
    customer_email: Text = UNKNOWN
    mode: Text = UNKNOWN
    status: Text = UNKNOWN
    payment_status: Text = UNKNOWN
    currency: Text = UNKNOWN
    amount_subtotal: Integer = UNKNOWN
    amount_total: Integer = UNKNOWN
    expires_at: Moment = UNKNOWN


@dataclass(frozen=True, kw_only=True)
class PayoutChange(Change):
    """`arrival_at`: when the bank is expected to have the money."""

    object_type = "payout"

    status: Text = UNKNOWN
    currency: Text = UNKNOWN
    amount: Integer = UNKNOWN
    arrival_at: Moment = UNKNOWN
    method: Text = UNKNOWN
    automatic: Flag = UNKNOWN
    failure_code: Text = UNKNOWN
    failure_message: Text = UNKNOWN
