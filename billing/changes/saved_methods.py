"""Ways to pay that were saved, and the saving of one."""

from dataclasses import dataclass

from billing.changes.base import UNKNOWN, Change, Integer, Text


@dataclass(frozen=True, kw_only=True)
class PaymentMethodChange(Change):
    """A way to pay; no customer's once it was detached. The card's details are empty of others."""

    object_type = "payment_method"

    customer_id: Text = UNKNOWN
    type: Text = UNKNOWN
    card_brand: Text = UNKNOWN
    card_funding: Text = UNKNOWN
    card_last4: Text = UNKNOWN
    exp_month: Integer = UNKNOWN
    exp_year: Integer = UNKNOWN


@dataclass(frozen=True, kw_only=True)
class SetupIntentChange(Change):
    """The saving of a way to pay, for payments to come."""

    object_type = "setup_intent"

    customer_id: Text = UNKNOWN
    payment_method_id: Text = UNKNOWN
    status: Text = UNKNOWN
    usage: Text = UNKNOWN
    cancellation_reason: Text = UNKNOWN
    # Of the last attempt: the next one clears them.
    error_code: Text = UNKNOWN
    error_message: Text = UNKNOWN
