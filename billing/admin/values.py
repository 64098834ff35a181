"""The fields of billing objects as HTML."""

import json
from datetime import datetime
from typing import Any, Final

from django.http import HttpRequest
from django.utils.dateparse import parse_datetime
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.text import capfirst

from billing.admin.money import money
from billing.models import (
    Charge,
    Coupon,
    Customer,
    Invoice,
    PaymentIntent,
    PaymentMethod,
    Product,
    PromotionCode,
    ProviderObject,
    Subscription,
)
from billing.privacy.masking import shown
from billing.statuses import (
    ChargeStatus,
    CheckoutPaymentStatus,
    CheckoutStatus,
    DisputeStatus,
    InvoiceStatus,
    PaymentIntentStatus,
    PayoutStatus,
    RefundStatus,
    SubscriptionStatus,
)
from webhooks.admin.values import (
    NOTHING,
    BadgeKind,
    badge,
    code,
    link,
    link_if_viewable,
    moment,
    page_url,
    search_url,
)

IN_DOUBT: Final = "In doubt"

STATUSES: Final = frozenset({"status", "payment_status"})
REFERENCES: Final[dict[str, type[ProviderObject]]] = {
    "customer_id": Customer,
    "subscription_id": Subscription,
    "invoice_id": Invoice,
    "latest_invoice_id": Invoice,
    "payment_intent_id": PaymentIntent,
    "charge_id": Charge,
    "latest_charge_id": Charge,
    "payment_method_id": PaymentMethod,
    "product_id": Product,
    "coupon_id": Coupon,
    "promotion_code_id": PromotionCode,
}
"""The columns that name other objects. Each has an index."""

_GOOD: Final = frozenset(
    {
        SubscriptionStatus.ACTIVE,
        InvoiceStatus.PAID,
        PaymentIntentStatus.SUCCEEDED,
        CheckoutStatus.COMPLETE,
        CheckoutPaymentStatus.NO_PAYMENT_REQUIRED,
        DisputeStatus.WON,
        DisputeStatus.PREVENTED,
    }
)
_BAD: Final = frozenset(
    {
        SubscriptionStatus.INCOMPLETE_EXPIRED,
        SubscriptionStatus.UNPAID,
        InvoiceStatus.UNCOLLECTIBLE,
        ChargeStatus.FAILED,
        DisputeStatus.NEEDS_RESPONSE,
        DisputeStatus.APPEAL_NEEDS_RESPONSE,
        DisputeStatus.LOST,
    }
)
_OVER: Final = frozenset(
    {
        SubscriptionStatus.CANCELED,
        InvoiceStatus.DRAFT,
        InvoiceStatus.VOID,
        CheckoutStatus.EXPIRED,
        DisputeStatus.WARNING_CLOSED,
    }
)
_UNDER_WAY: Final = frozenset(
    {
        SubscriptionStatus.TRIALING,
        InvoiceStatus.OPEN,
        PaymentIntentStatus.PROCESSING,
        PayoutStatus.IN_TRANSIT,
        RefundStatus.PENDING,
    }
)


def status(text: str) -> str:
    """Return a provider's status, coloured. One that is not known here is one to look at."""
    return badge(text.replace("_", " "), _kind(text)) if text else NOTHING


def _kind(text: str) -> BadgeKind:
    # Warning is what is left: a state that a provider adds must catch somebody's eye.
    if text in _GOOD:
        return "success"
    if text in _BAD:
        return "danger"
    if text in _OVER:
        return ""
    return "info" if text in _UNDER_WAY else "warning"


def is_money(name: str) -> bool:
    """True for a field of this name that holds an amount in minor units."""
    return name.startswith("amount") or name in {"balance", "subtotal", "total"}


def label(model: type[ProviderObject], name: str) -> str:
    """Return a field's name as a label."""
    names = {field.name: field.verbose_name for field in model._meta.concrete_fields}
    return capfirst(str(names[name]))


def value(request: HttpRequest, row: ProviderObject, name: str) -> str:
    """Return a field of an object as HTML, with a search for what it names."""
    raw = getattr(row, name)
    if name in STATUSES:
        return status(raw)
    if name in REFERENCES and raw:
        model = REFERENCES[name]
        return link_if_viewable(request, model, search_url(model, raw), code(raw))
    raw = shown(request.user, row.object_type, name, raw)
    return plain(name, raw, getattr(row, "currency", ""))


def plain(name: str, raw: Any, currency: str) -> str:
    """Return the value of a field of this name, as text."""
    if is_money(name):
        return money(raw, currency)
    if raw is None or raw in ("", [], {}):
        return NOTHING
    if isinstance(raw, bool):
        return "yes" if raw else "no"
    if isinstance(raw, datetime):
        return moment(raw)
    # In the history of changes, moments are JSON, and so texts.
    if name.endswith(("_at", "_start", "_end")) and isinstance(raw, str):
        return moment(parse_datetime(raw))
    return code(json.dumps(raw, ensure_ascii=False)) if isinstance(raw, list | dict) else str(raw)


def flagged(row: ProviderObject) -> SafeString:
    """Return a link to an object's page, with its flags."""
    return format_html("{} {}", link(page_url(row), code(row.provider_id)), flags(row))


def flags(row: ProviderObject) -> SafeString:
    """Return badges of what must be known before the rest of an object is believed."""
    badges = [badge("Deleted", "danger")] if row.deleted else []
    badges += [badge(IN_DOUBT, "danger")] if row.in_doubt else []
    return format_html_join(" ", "{}", ((one,) for one in badges))
