"""Stripe's objects in the shape of API version 2025-11-17.clover, cut to what a subscription
business meets. Amounts are in minor units, times in unix seconds."""

from webhooks.testing.stripe_objects.billing import (
    MONTH,
    checkout_session,
    customer,
    invoice,
    invoice_payment,
    subscription,
)
from webhooks.testing.stripe_objects.ids import Object, new_id
from webhooks.testing.stripe_objects.money import charge, dispute, payment_intent, payout, refund

__all__ = [
    "MONTH",
    "Object",
    "charge",
    "checkout_session",
    "customer",
    "dispute",
    "invoice",
    "invoice_payment",
    "new_id",
    "payment_intent",
    "payout",
    "refund",
    "subscription",
]
