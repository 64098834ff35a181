"""Changes of billing objects as events tell them, in no provider's own terms."""

from collections.abc import Mapping
from typing import Final

from billing.changes.base import UNKNOWN, Change, Flag, Integer, Metadata, Moment, Text, Unknown
from billing.changes.bookkeeping import BalanceTransactionChange, CreditNoteChange
from billing.changes.catalog import (
    CouponChange,
    DiscountChange,
    PriceChange,
    PriceTier,
    ProductChange,
    PromotionCodeChange,
)
from billing.changes.invoicing import (
    CustomerChange,
    InvoiceChange,
    SubscriptionChange,
    SubscriptionItem,
)
from billing.changes.payments import (
    ChargeChange,
    CheckoutSessionChange,
    DisputeChange,
    PaymentIntentChange,
    PayoutChange,
    RefundChange,
)
from billing.changes.saved_methods import PaymentMethodChange, SetupIntentChange

CHANGES: Final[Mapping[str, type[Change]]] = {
    change.object_type: change for change in Change.__subclasses__()
}
"""Each class of changes by the type of the objects it tells of."""

__all__ = [
    "CHANGES",
    "UNKNOWN",
    "BalanceTransactionChange",
    "Change",
    "ChargeChange",
    "CheckoutSessionChange",
    "CouponChange",
    "CreditNoteChange",
    "CustomerChange",
    "DiscountChange",
    "DisputeChange",
    "Flag",
    "Integer",
    "InvoiceChange",
    "Metadata",
    "Moment",
    "PaymentIntentChange",
    "PaymentMethodChange",
    "PayoutChange",
    "PriceChange",
    "PriceTier",
    "ProductChange",
    "PromotionCodeChange",
    "RefundChange",
    "SetupIntentChange",
    "SubscriptionChange",
    "SubscriptionItem",
    "Text",
    "Unknown",
]
