"""Billing state: providers' objects as they are known, and the history of their changes."""

from typing import Final

from billing.models.base import ProviderObject
from billing.models.customers import Customer
from billing.models.fetches import FetchLock
from billing.models.history import BillingChange
from billing.models.idempotency import IdempotencyKey
from billing.models.outgoing import Dispute, Payout, Refund
from billing.models.payments import Charge, CheckoutSession, PaymentIntent
from billing.models.subscriptions import Invoice, Subscription

MODELS: Final[dict[str, type[ProviderObject]]] = {
    model.object_type: model
    for model in (
        Customer,
        Subscription,
        Invoice,
        PaymentIntent,
        Charge,
        Refund,
        Dispute,
        CheckoutSession,
        Payout,
    )
}
"""Each model by the type of its objects."""

__all__ = [
    "MODELS",
    "BillingChange",
    "Charge",
    "CheckoutSession",
    "Customer",
    "Dispute",
    "FetchLock",
    "IdempotencyKey",
    "Invoice",
    "PaymentIntent",
    "Payout",
    "ProviderObject",
    "Refund",
    "Subscription",
]
