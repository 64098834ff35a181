"""Translates Square's payments, refunds, disputes, customers, invoices, subscriptions and payouts.

https://developer.squareup.com/reference/square/webhooks. An event carries its object whole, with
its `version`, the count of its changes; a refund has `updated_at` alone, in milliseconds.
Money is in the smallest unit of its currency.
"""

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any, Final

from billing.changes import (
    UNKNOWN,
    Change,
    ChargeChange,
    CustomerChange,
    DisputeChange,
    Integer,
    InvoiceChange,
    Moment,
    PayoutChange,
    RefundChange,
    SubscriptionChange,
    SubscriptionItem,
    Text,
)
from billing.statuses import (
    ChargeStatus,
    DisputeStatus,
    InvoiceStatus,
    PayoutStatus,
    RefundStatus,
    SubscriptionStatus,
)
from billing.translators.base import Translator
from billing.translators.fields import (
    LONGEST,
    Node,
    currency,
    identity,
    integer,
    known,
    named,
    text,
    word,
)
from billing.translators.moments import instant, microseconds
from webhooks.events import Event

_PAYMENTS: Final = {
    # Authorised, and captured later or never.
    "approved": ChargeStatus.PENDING,
    "completed": ChargeStatus.SUCCEEDED,
    "canceled": ChargeStatus.FAILED,
}
_REFUNDS: Final = {
    "completed": RefundStatus.SUCCEEDED,
    "rejected": RefundStatus.FAILED,
}
_DISPUTES: Final = {
    "inquiry_evidence_required": DisputeStatus.WARNING_NEEDS_RESPONSE,
    "inquiry_processing": DisputeStatus.WARNING_UNDER_REVIEW,
    "inquiry_closed": DisputeStatus.WARNING_CLOSED,
    "evidence_required": DisputeStatus.NEEDS_RESPONSE,
    "processing": DisputeStatus.UNDER_REVIEW,
    "accepted": DisputeStatus.LOST,
}
_INVOICES: Final = {
    "unpaid": InvoiceStatus.OPEN,
    "scheduled": InvoiceStatus.OPEN,
    "partially_paid": InvoiceStatus.OPEN,
    "payment_pending": InvoiceStatus.OPEN,
    "failed": InvoiceStatus.OPEN,
    "partially_refunded": InvoiceStatus.PAID,
    "refunded": InvoiceStatus.PAID,
    "canceled": InvoiceStatus.VOID,
}
_SUBSCRIPTIONS: Final = {
    "pending": SubscriptionStatus.INCOMPLETE,
    # Its payments failed for too long, or its plan is gone.
    "deactivated": SubscriptionStatus.UNPAID,
    "completed": SubscriptionStatus.CANCELED,
}
_PAYOUTS: Final = {"sent": PayoutStatus.IN_TRANSIT}


def translate(event: Event) -> list[Change]:
    """Return the changes that an event tells of, none for objects that billing has no place for.

    Raises `PermanentFailure` for what is not of Square's shape or cannot be stored.
    """
    data = Node(event.payload)["data"]
    if event.type == "customer.deleted":
        return [CustomerChange(provider_id=identity(data["id"]), deleted=True)]
    for kind, translator in _TRANSLATORS.items():
        if (source := data["object"][kind]).value is not UNKNOWN:
            return [translator(source)]
    return []


def translate_object(object_type: str, subject: Any) -> list[Change]:
    """Return the change that an object tells of, in the answer that carries it."""
    kind = _KINDS.get(object_type, object_type)
    translator, source = _TRANSLATORS.get(kind), Node(subject)[kind]
    return [translator(source)] if translator and source.value is not UNKNOWN else []


def _payment(source: Node) -> ChargeChange:
    status = known(word(source["status"], _PAYMENTS), "")
    total, refunded = _amount(source["total_money"]), known(_amount(source["refunded_money"]), 0)
    is_paid = status == ChargeStatus.SUCCEEDED
    card = source["card_details"]["card"]
    return ChargeChange(
        provider_id=identity(source["id"]),
        revision=_revision(source),
        created_at=instant(source["created_at"]),
        customer_id=named(source["customer_id"]),
        status=status,
        currency=_currency(source["total_money"]),
        amount=total,
        amount_captured=total if is_paid else 0,
        amount_refunded=refunded,
        paid=is_paid,
        captured=is_paid,
        refunded=bool(refunded) and refunded == total,
        failure_code=next((_small(one["code"]) for one in source["card_details"]["errors"]), ""),
        card_brand=_small(card["card_brand"]),
        card_last4=text(card["last_4"]),
    )


def _refund(source: Node) -> RefundChange:
    return RefundChange(
        provider_id=identity(source["id"]),
        revision=microseconds(source["updated_at"]),
        created_at=instant(source["created_at"]),
        charge_id=named(source["payment_id"]),
        status=word(source["status"], _REFUNDS),
        currency=_currency(source["amount_money"]),
        amount=_amount(source["amount_money"]),
    )


def _dispute(source: Node) -> DisputeChange:
    # Since 2021-06-16 its id stands at `id` alone.
    at = "id" if source["id"].value is not UNKNOWN else "dispute_id"
    return DisputeChange(
        provider_id=identity(source[at]),
        revision=_revision(source),
        created_at=instant(source["created_at"]),
        charge_id=named(source["disputed_payment"]["payment_id"]),
        status=word(source["state"], _DISPUTES),
        currency=_currency(source["amount_money"]),
        amount=_amount(source["amount_money"]),
        reason=_small(source["reason"]),
        evidence_due_at=instant(source["due_at"]),
    )


def _customer(source: Node) -> CustomerChange:
    names = [known(text(source[each], limit=LONGEST), "") for each in ("given_name", "family_name")]
    return CustomerChange(
        provider_id=identity(source["id"]),
        revision=_revision(source),
        created_at=instant(source["created_at"]),
        name=" ".join(filter(None, names)),
        email=text(source["email_address"], limit=512),
        phone=text(source["phone_number"], limit=LONGEST),
    )


def _invoice(source: Node) -> InvoiceChange:
    requests = list(source["payment_requests"])
    due = [_amount(one["computed_amount_money"]) for one in requests]
    paid = [_amount(one["total_completed_amount_money"]) for one in requests]
    total, done = sum(known(one, 0) or 0 for one in due), sum(known(one, 0) or 0 for one in paid)
    status = word(source["status"], _INVOICES)
    return InvoiceChange(
        provider_id=identity(source["id"]),
        revision=_revision(source),
        created_at=instant(source["created_at"]),
        customer_id=named(source["primary_recipient"]["customer_id"]),
        subscription_id=named(source["subscription_id"]),
        number=text(source["invoice_number"]),
        status=status,
        currency=_currency(requests[0]["computed_amount_money"]) if requests else UNKNOWN,
        amount_due=total,
        amount_paid=done,
        amount_remaining=max(total - done, 0),
        total=total,
        due_at=max(_days(requests), default=None),
    )


def _days(requests: list[Node]) -> Iterator[datetime]:
    for one in requests:
        if isinstance(day := instant(one["due_date"]), datetime):
            yield day


def _subscription(source: Node) -> SubscriptionChange:
    end = _end_of(source["charged_through_date"])
    plan = known(named(source["plan_variation_id"]), "") or known(named(source["plan_id"]), "")
    status = word(source["status"], _SUBSCRIPTIONS)
    canceled = _end_of(source["canceled_date"])
    is_over = status == SubscriptionStatus.CANCELED
    return SubscriptionChange(
        provider_id=identity(source["id"]),
        revision=_revision(source),
        created_at=instant(source["created_at"]),
        customer_id=named(source["customer_id"]),
        status=status,
        items=[
            SubscriptionItem(
                id=plan,
                price_id=plan,
                product_id=plan,
                quantity=1,
                unit_amount=known(_amount(source["price_override_money"]), None),
                interval="",
                current_period_end=end.isoformat() if isinstance(end, datetime) else None,
            )
        ],
        current_period_end=end,
        started_at=instant(source["start_date"]),
        # The day on which it is to end, and then that on which it did.
        cancel_at=None if is_over else canceled,
        ended_at=canceled if is_over else None,
    )


def _payout(source: Node) -> PayoutChange:
    return PayoutChange(
        provider_id=identity(source["id"]),
        revision=_revision(source),
        created_at=instant(source["created_at"]),
        status=word(source["status"], _PAYOUTS),
        currency=_currency(source["amount_money"]),
        amount=_amount(source["amount_money"]),
        arrival_at=instant(source["arrival_date"]),
        method=_small(source["type"]),
    )


def _end_of(node: Node) -> Moment:
    """Return the end of a day, which is told by its date; the last one that was paid for, say."""
    day = instant(node)
    return day + timedelta(days=1) if isinstance(day, datetime) else day


def _revision(source: Node) -> int | None:
    return known(integer(source["version"]), None)


def _amount(money: Node) -> Integer:
    return integer(money["amount"])


def _currency(money: Node) -> Text:
    return currency(money["currency"])


def _small(node: Node) -> Text:
    return word(node, {})


_TRANSLATORS: Final[Mapping[str, Callable[[Node], Change]]] = {
    "payment": _payment,
    "refund": _refund,
    "dispute": _dispute,
    "customer": _customer,
    "invoice": _invoice,
    "subscription": _subscription,
    "payout": _payout,
}
_KINDS: Final = {"charge": "payment"}

TRANSLATOR: Final = Translator(
    provider="square",
    event_types=(
        *("payment.*", "refund.*", "dispute.*", "customer.created", "customer.updated"),
        *("customer.deleted", "invoice.*", "subscription.*", "payout.*"),
    ),
    translate=translate,
    translate_object=translate_object,
)
