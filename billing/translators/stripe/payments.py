"""Stripe's payments, refunds, disputes, checkout sessions and payouts."""

from billing.changes import (
    ChargeChange,
    CheckoutSessionChange,
    DisputeChange,
    PaymentIntentChange,
    PayoutChange,
    RefundChange,
    Text,
)
from billing.translators.fields import Node, boolean, first, integer, prose, reference, text
from billing.translators.moments import moment
from billing.translators.stripe.common import common, goes_on


def payment_intent(source: Node) -> PaymentIntentChange:
    """Translate a payment intent."""
    error = source["last_payment_error"]
    return PaymentIntentChange(
        **common(source),
        customer_id=reference(source["customer"]),
        invoice_id=reference(source["invoice"]),
        # Before 2022-11-15 it carries its charges, the latest first, and names none of them.
        latest_charge_id=first(
            reference(source["latest_charge"]),
            *(reference(charge) for charge in source["charges"]["data"]),
        ),
        status=text(source["status"]),
        currency=text(source["currency"]),
        amount=integer(source["amount"]),
        amount_received=integer(source["amount_received"]),
        amount_capturable=integer(source["amount_capturable"]),
        # Anybody may have written a card's number into it, as into the other messages.
        description=prose(source["description"]),
        canceled_at=moment(source["canceled_at"]),
        cancellation_reason=text(source["cancellation_reason"]),
        error_code=text(error["code"]),
        error_message=prose(error["message"]),
    )


def charge(source: Node) -> ChargeChange:
    """Translate a charge."""
    # Brand and last four digits are all of a card that may be stored and that staff need.
    card = source["payment_method_details"]["card"]
    return ChargeChange(
        **common(source),
        goes_on=goes_on(source["refunds"]),
        customer_id=reference(source["customer"]),
        payment_intent_id=reference(source["payment_intent"]),
        invoice_id=reference(source["invoice"]),
        status=text(source["status"]),
        currency=text(source["currency"]),
        amount=integer(source["amount"]),
        amount_captured=integer(source["amount_captured"]),
        amount_refunded=integer(source["amount_refunded"]),
        paid=boolean(source["paid"]),
        captured=boolean(source["captured"]),
        refunded=boolean(source["refunded"]),
        disputed=boolean(source["disputed"]),
        failure_code=text(source["failure_code"]),
        failure_message=prose(source["failure_message"]),
        card_brand=text(card["brand"]),
        card_last4=text(card["last4"]),
    )


def refund(source: Node) -> RefundChange:
    """Translate a refund."""
    return RefundChange(
        **common(source),
        charge_id=reference(source["charge"]),
        payment_intent_id=reference(source["payment_intent"]),
        status=text(source["status"]),
        currency=text(source["currency"]),
        amount=integer(source["amount"]),
        reason=text(source["reason"]),
        failure_reason=text(source["failure_reason"]),
    )


def dispute(source: Node) -> DisputeChange:
    """Translate a dispute."""
    return DisputeChange(
        **common(source),
        charge_id=reference(source["charge"]),
        payment_intent_id=reference(source["payment_intent"]),
        status=text(source["status"]),
        currency=text(source["currency"]),
        amount=integer(source["amount"]),
        reason=text(source["reason"]),
        evidence_due_at=moment(source["evidence_details"]["due_by"]),
    )


def checkout_session(source: Node) -> CheckoutSessionChange:
    """Translate a checkout session."""
    return CheckoutSessionChange(
        **common(source),
        customer_id=reference(source["customer"]),
        subscription_id=reference(source["subscription"]),
        payment_intent_id=reference(source["payment_intent"]),
        invoice_id=reference(source["invoice"]),
        client_reference_id=text(source["client_reference_id"]),
        customer_email=_email(source),
        mode=text(source["mode"]),
        status=text(source["status"]),
        payment_status=text(source["payment_status"]),
        currency=text(source["currency"]),
        amount_subtotal=integer(source["amount_subtotal"]),
        amount_total=integer(source["amount_total"]),
        expires_at=moment(source["expires_at"]),
    )


def payout(source: Node) -> PayoutChange:
    """Translate a payout."""
    return PayoutChange(
        **common(source),
        status=text(source["status"]),
        currency=text(source["currency"]),
        amount=integer(source["amount"]),
        arrival_at=moment(source["arrival_date"]),
        method=text(source["method"]),
        automatic=boolean(source["automatic"]),
        failure_code=text(source["failure_code"]),
        failure_message=prose(source["failure_message"]),
    )


def _email(source: Node) -> Text:
    """Return the address that the customer typed in, else the one given with the session."""
    return first(
        text(source["customer_details"]["email"], limit=512),
        text(source["customer_email"], limit=512),
    )
