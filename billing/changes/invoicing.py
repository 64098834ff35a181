"""Customers, subscriptions and invoices."""

from dataclasses import dataclass
from typing import TypedDict

from billing.changes.base import UNKNOWN, Change, Flag, Integer, Moment, Text, Unknown


class SubscriptionItem(TypedDict):
    """One thing subscribed to. `unit_amount` is in minor units, the moment in ISO 8601."""

    id: str
    price_id: str
    product_id: str
    quantity: int | None
    unit_amount: int | None
    interval: str
    current_period_end: str | None


@dataclass(frozen=True, kw_only=True)
class CustomerChange(Change):
    """A customer. A `balance` below zero is a credit."""

    object_type = "customer"

    email: Text = UNKNOWN
    name: Text = UNKNOWN
    phone: Text = UNKNOWN
    currency: Text = UNKNOWN
    balance: Integer = UNKNOWN
    delinquent: Flag = UNKNOWN
    default_payment_method_id: Text = UNKNOWN


@dataclass(frozen=True, kw_only=True)
class SubscriptionChange(Change):
    """A subscription. The current period is the one that all items are in."""

    object_type = "subscription"

    customer_id: Text = UNKNOWN
    latest_invoice_id: Text = UNKNOWN
    # Any text: providers add statuses, and what is not known here is stored all the same.
    status: Text = UNKNOWN
    currency: Text = UNKNOWN
    collection_method: Text = UNKNOWN
    items: list[SubscriptionItem] | Unknown = UNKNOWN
    # True where the event carries the first items only.
    abridged: bool | Unknown = UNKNOWN
    # It ends when the first item's does: an entitlement must not outlast what was paid for.
    current_period_start: Moment = UNKNOWN
    current_period_end: Moment = UNKNOWN
    trial_start: Moment = UNKNOWN
    trial_end: Moment = UNKNOWN
    started_at: Moment = UNKNOWN
    cancel_at: Moment = UNKNOWN
    cancel_at_period_end: Flag = UNKNOWN
    # When somebody decided that it ends, which may be long before it does.
    canceled_at: Moment = UNKNOWN
    ended_at: Moment = UNKNOWN


@dataclass(frozen=True, kw_only=True)
class InvoiceChange(Change):
    """An invoice."""

    object_type = "invoice"

    customer_id: Text = UNKNOWN
    subscription_id: Text = UNKNOWN
    # Of several payments, those of the one that paid it, or that its customer is asked to make.
    payment_intent_id: Text = UNKNOWN
    charge_id: Text = UNKNOWN
    # True where the one that counts may be among payments that are not carried.
    abridged: bool | Unknown = UNKNOWN
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
