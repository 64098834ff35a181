"""Payments, refunds, disputes, checkout sessions and payouts."""

from dataclasses import dataclass

from billing.changes.base import UNKNOWN, Change, Flag, Integer, Moment, Text


@dataclass(frozen=True, kw_only=True)
class PaymentIntentChange(Change):
    """A payment intent."""

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
    # Of the last attempt: the next one clears them.
    error_code: Text = UNKNOWN
    error_message: Text = UNKNOWN


@dataclass(frozen=True, kw_only=True)
class ChargeChange(Change):
    """A charge. `refunded` means in full.

    `sums_refunds`: the provider tells of each refund alone, so `amount_refunded` and `refunded`
    are what the refunds that succeeded come to. Whatever tells of such a refund has a change of
    its charge beside it, be it one without facts.
    """

    object_type = "charge"

    sums_refunds: bool = False
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
    # True for good: a dispute that is won leaves it so.
    disputed: Flag = UNKNOWN
    failure_code: Text = UNKNOWN
    failure_message: Text = UNKNOWN
    card_brand: Text = UNKNOWN
    card_last4: Text = UNKNOWN


@dataclass(frozen=True, kw_only=True)
class RefundChange(Change):
    """A refund. `reason` is ours for refunding, `failure_reason` the bank's for its failing."""

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
    """A dispute. `evidence_due_at` is the deadline of our answer; None where none is asked for."""

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
    """A checkout session. `client_reference_id` is ours, given when the session was made."""

    object_type = "checkout.session"

    customer_id: Text = UNKNOWN
    subscription_id: Text = UNKNOWN
    payment_intent_id: Text = UNKNOWN
    invoice_id: Text = UNKNOWN
    client_reference_id: Text = UNKNOWN
    customer_email: Text = UNKNOWN
    mode: Text = UNKNOWN
    status: Text = UNKNOWN
    # Apart from the status: a session is complete before its money has come.
    payment_status: Text = UNKNOWN
    currency: Text = UNKNOWN
    amount_subtotal: Integer = UNKNOWN
    amount_total: Integer = UNKNOWN
    expires_at: Moment = UNKNOWN


@dataclass(frozen=True, kw_only=True)
class PayoutChange(Change):
    """A payout. `arrival_at` is when the bank is expected to have the money."""

    object_type = "payout"

    status: Text = UNKNOWN
    currency: Text = UNKNOWN
    amount: Integer = UNKNOWN
    arrival_at: Moment = UNKNOWN
    method: Text = UNKNOWN
    automatic: Flag = UNKNOWN
    failure_code: Text = UNKNOWN
    failure_message: Text = UNKNOWN
