"""PayPal's subscriptions and invoices."""

from collections.abc import Iterator
from datetime import datetime
from typing import Final

from billing.changes import (
    Change,
    InvoiceChange,
    SubscriptionChange,
    SubscriptionItem,
    Text,
)
from billing.statuses import (
    InvoiceStatus,
    SubscriptionStatus,
)
from billing.translators.fields import (
    Node,
    identity,
    integer,
    known,
    named,
    text,
    word,
)
from billing.translators.moments import instant, microseconds
from billing.translators.paypal.common import amount_of, attached, currency_of, customer, revision

_SUBSCRIPTIONS: Final = {
    "approval_pending": SubscriptionStatus.INCOMPLETE,
    "approved": SubscriptionStatus.INCOMPLETE,
    "cancelled": SubscriptionStatus.CANCELED,
    "expired": SubscriptionStatus.CANCELED,
}
_INVOICES: Final = {
    **dict.fromkeys(("sent", "unpaid", "partially_paid", "payment_pending"), InvoiceStatus.OPEN),
    "scheduled": InvoiceStatus.DRAFT,
    **dict.fromkeys(("marked_as_paid", "refunded", "partially_refunded"), InvoiceStatus.PAID),
    "marked_as_refunded": InvoiceStatus.PAID,
    "cancelled": InvoiceStatus.VOID,
}


def subscription(source: Node) -> Iterator[Change]:
    """Translate a subscription, with its payer."""
    bill, payer = source["billing_info"], source["subscriber"]
    status, plan = _subscription_status(source), known(named(source["plan_id"]), "")
    end = instant(bill["next_billing_time"])
    is_over = status == SubscriptionStatus.CANCELED
    yield SubscriptionChange(
        provider_id=identity(source["id"]),
        revision=revision(source),
        created_at=instant(source["create_time"]),
        metadata=attached(source),
        customer_id=named(payer["payer_id"]),
        status=status,
        items=[
            SubscriptionItem(
                id=plan,
                price_id=plan,
                product_id=plan,
                quantity=_quantity(source),
                unit_amount=None,
                interval="",
                current_period_end=end.isoformat() if isinstance(end, datetime) else None,
            )
        ],
        current_period_start=instant(bill["last_payment"]["time"]),
        current_period_end=end,
        started_at=instant(source["start_time"]),
        canceled_at=instant(source["status_update_time"]) if is_over else None,
        ended_at=instant(source["status_update_time"]) if is_over else None,
    )
    yield from customer(payer)


def _subscription_status(source: Node) -> Text:
    failures = known(integer(source["billing_info"]["failed_payments_count"]), 0) or 0
    match known(word(source["status"], _SUBSCRIPTIONS), ""):
        # It stays so while PayPal tries again, and is suspended then, or by the merchant.
        case "active":
            return SubscriptionStatus.PAST_DUE if failures else SubscriptionStatus.ACTIVE
        case "suspended":
            return SubscriptionStatus.UNPAID if failures else SubscriptionStatus.PAUSED
        case other:
            return other


def _quantity(source: Node) -> int | None:
    written = known(text(source["quantity"]), "")
    return int(written) if written.isascii() and written.isdigit() and len(written) < 10 else None


def invoice(source: Node) -> Iterator[Change]:
    """Translate an invoice."""
    # An event has it within another object, and an answer does not.
    if "invoice" in source:
        source = source["invoice"]
    detail, total = source["detail"], amount_of(source["amount"])
    due, status = amount_of(source["due_amount"]), word(source["status"], _INVOICES)
    yield InvoiceChange(
        provider_id=identity(source["id"]),
        revision=microseconds(detail["metadata"]["last_update_time"]),
        created_at=instant(detail["metadata"]["create_time"]),
        number=text(detail["invoice_number"]),
        status=status,
        currency=currency_of(source["amount"]),
        amount_due=total,
        amount_paid=amount_of(source["payments"]["paid_amount"]),
        amount_remaining=0 if status == InvoiceStatus.PAID else due,
        total=total,
        due_at=instant(detail["payment_term"]["due_date"]),
    )
