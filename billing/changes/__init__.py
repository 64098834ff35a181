"""Changes of billing objects as events tell them, in no provider's own terms."""

from collections.abc import Mapping
from typing import Final

from billing.changes.base import UNKNOWN, Change, Flag, Integer, Metadata, Moment, Text, Unknown
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

CHANGES: Final[Mapping[str, type[Change]]] = {
    change.object_type: change for change in Change.__subclasses__()
}
"""Each class of changes by the type of the objects it tells of."""

__all__ = [
    "CHANGES",
    "UNKNOWN",
    "Change",
    "ChargeChange",
    "CheckoutSessionChange",
    "CustomerChange",
    "DisputeChange",
    "Flag",
    "Integer",
    "InvoiceChange",
    "Metadata",
    "Moment",
    "PaymentIntentChange",
    "PayoutChange",
    "RefundChange",
    "SubscriptionChange",
    "SubscriptionItem",
    "Text",
    "Unknown",
]
