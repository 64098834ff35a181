"""Stripe's payment methods and setup intents."""

from billing.changes import PaymentMethodChange, SetupIntentChange
from billing.translators.fields import Node, integer, prose, reference, text
from billing.translators.stripe.common import common


def payment_method(source: Node) -> PaymentMethodChange:
    """Translate a payment method."""
    card = source["card"]
    return PaymentMethodChange(
        **common(source),
        customer_id=reference(source["customer"]),
        type=text(source["type"]),
        card_brand=text(card["brand"]),
        card_funding=text(card["funding"]),
        card_last4=text(card["last4"]),
        exp_month=integer(card["exp_month"]),
        exp_year=integer(card["exp_year"]),
    )


def setup_intent(source: Node) -> SetupIntentChange:
    """Translate a setup intent."""
    error = source["last_setup_error"]
    return SetupIntentChange(
        **common(source),
        customer_id=reference(source["customer"]),
        payment_method_id=reference(source["payment_method"]),
        status=text(source["status"]),
        usage=text(source["usage"]),
        cancellation_reason=text(source["cancellation_reason"]),
        error_code=text(error["code"]),
        error_message=prose(error["message"]),
    )
