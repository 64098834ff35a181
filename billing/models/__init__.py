"""Billing state: providers' objects as they are known, and the history of their changes."""

from typing import Final

from billing.models.base import ProviderObject
from billing.models.bookkeeping import BalanceTransaction, CreditNote
from billing.models.catalog import Coupon, Discount, Price, Product, PromotionCode
from billing.models.customers import Customer
from billing.models.fetches import FetchLock
from billing.models.history import BillingChange
from billing.models.idempotency import IdempotencyKey
from billing.models.outgoing import Dispute, Payout, Refund
from billing.models.payments import Charge, CheckoutSession, PaymentIntent
from billing.models.saved_methods import PaymentMethod, SetupIntent
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
        CreditNote,
        BalanceTransaction,
        PaymentMethod,
        SetupIntent,
        Product,
        Price,
        Coupon,
        PromotionCode,
        Discount,
    )
}
"""Each model by the type of its objects."""

__all__ = [
    "MODELS",
    "BalanceTransaction",
    "BillingChange",
    "Charge",
    "CheckoutSession",
    "Coupon",
    "CreditNote",
    "Customer",
    "Discount",
    "Dispute",
    "FetchLock",
    "IdempotencyKey",
    "Invoice",
    "PaymentIntent",
    "PaymentMethod",
    "Payout",
    "Price",
    "Product",
    "PromotionCode",
    "ProviderObject",
    "Refund",
    "SetupIntent",
    "Subscription",
]
