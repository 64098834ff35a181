"""Translates Lemon Squeezy's orders, subscriptions and their invoices to changes.

https://docs.lemonsqueezy.com/help/webhooks/event-types, and the objects of its API, such as
https://docs.lemonsqueezy.com/api/subscriptions/the-subscription-object. An event carries its
object whole, with the time of its last change in microseconds. Money is in cents.
"""

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from typing import Any, Final

from billing.changes import (
    UNKNOWN,
    Change,
    ChargeChange,
    CustomerChange,
    InvoiceChange,
    Moment,
    SubscriptionChange,
    SubscriptionItem,
)
from billing.statuses import ChargeStatus, InvoiceStatus, SubscriptionStatus
from billing.translators.base import Translator
from billing.translators.fields import (
    LONGEST,
    Node,
    boolean,
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

_ORDERS: Final = {
    "paid": ChargeStatus.SUCCEEDED,
    "refunded": ChargeStatus.SUCCEEDED,
    "partial_refund": ChargeStatus.SUCCEEDED,
    "fraudulent": ChargeStatus.FAILED,
}
_INVOICES: Final = {
    "pending": InvoiceStatus.OPEN,
    "refunded": InvoiceStatus.PAID,
    "partial_refund": InvoiceStatus.PAID,
}
_SUBSCRIPTIONS: Final = {
    "on_trial": SubscriptionStatus.TRIALING,
    # It was paid for, and lasts until then.
    "cancelled": SubscriptionStatus.ACTIVE,
    "expired": SubscriptionStatus.CANCELED,
}
_PAID: Final = (InvoiceStatus.PAID, ChargeStatus.SUCCEEDED)


def translate(event: Event) -> list[Change]:
    """Return the changes that an event tells of, none for objects that billing has no place for.

    Raises `PermanentFailure` for what is not of Lemon Squeezy's shape or cannot be stored.
    """
    return translate_object("", event.payload)


def translate_object(_: str, subject: Any) -> list[Change]:
    """Return the changes that an object tells of, in the document that carries it."""
    data = Node(subject)["data"]
    kind = text(data["type"])
    translator = _TRANSLATORS.get(kind) if isinstance(kind, str) else None
    return list(translator(identity(data["id"]), data["attributes"])) if translator else []


def _order(order_id: str, source: Node) -> Iterator[Change]:
    yield _charge(order_id, source, known(word(source["status"], _ORDERS), ""))
    yield from _customer(source)


def _charge(charge_id: str, source: Node, status: str) -> ChargeChange:
    is_paid = status in _PAID
    return ChargeChange(
        provider_id=charge_id,
        revision=microseconds(source["updated_at"]),
        created_at=instant(source["created_at"]),
        customer_id=named(source["customer_id"]),
        status=status,
        currency=currency(source["currency"]),
        amount=integer(source["total"]),
        amount_captured=integer(source["total"]) if is_paid else 0,
        amount_refunded=integer(source["refunded_amount"]),
        paid=is_paid,
        captured=is_paid,
        # Of a part that was refunded it says the same, and the status another.
        refunded=text(source["status"]) == "refunded",
        card_brand=text(source["card_brand"]),
        card_last4=text(source["card_last_four"]),
    )


def _customer(source: Node) -> Iterator[Change]:
    # No event of its own tells of a customer: each object carries what it was made with.
    if customer_id := known(named(source["customer_id"]), ""):
        yield CustomerChange(
            provider_id=customer_id,
            name=text(source["user_name"], limit=LONGEST),
            email=text(source["user_email"], limit=512),
        )


def _subscription(subscription_id: str, source: Node) -> Iterator[Change]:
    status, ends_at = text(source["status"]), instant(source["ends_at"])
    is_over = status == "expired"
    item = source["first_subscription_item"]
    period_end = _period_end(source, ends_at)
    yield SubscriptionChange(
        provider_id=subscription_id,
        revision=microseconds(source["updated_at"]),
        created_at=instant(source["created_at"]),
        started_at=instant(source["created_at"]),
        customer_id=named(source["customer_id"]),
        status=_standing(source),
        items=[
            SubscriptionItem(
                id=str(known(named(item["id"]), "")),
                price_id=known(named(source["variant_id"]), ""),
                product_id=known(named(source["product_id"]), ""),
                quantity=known(integer(item["quantity"]), None),
                unit_amount=None,
                interval="",
                current_period_end=(
                    period_end.isoformat() if isinstance(period_end, datetime) else None
                ),
            )
        ],
        current_period_end=period_end,
        trial_end=instant(source["trial_ends_at"]),
        cancel_at=None if is_over else ends_at,
        cancel_at_period_end=boolean(source["cancelled"]) if not is_over else False,
        ended_at=ends_at if is_over else None,
    )
    yield from _customer(source)


def _standing(source: Node) -> str:
    # Paused in the mode that has the customer go on for nothing.
    if text(source["status"]) == "paused" and text(source["pause"]["mode"]) == "free":
        return SubscriptionStatus.ACTIVE
    return known(word(source["status"], _SUBSCRIPTIONS), "")


def _period_end(source: Node, ends_at: Moment) -> Moment:
    if text(source["status"]) == "paused":
        # Nothing is due until it is resumed.
        return None
    return ends_at if isinstance(ends_at, datetime) else instant(source["renews_at"])


def _invoice(invoice_id: str, source: Node) -> Iterator[Change]:
    status = known(word(source["status"], _INVOICES), "")
    is_first = text(source["billing_reason"]) == "initial"
    is_paid = status == InvoiceStatus.PAID
    total = integer(source["total"])
    # The first one was paid by the order, which no invoice names.
    charge_id = "" if is_first else f"invoice:{invoice_id}"
    yield InvoiceChange(
        provider_id=invoice_id,
        revision=microseconds(source["updated_at"]),
        created_at=instant(source["created_at"]),
        customer_id=named(source["customer_id"]),
        subscription_id=named(source["subscription_id"]),
        charge_id=UNKNOWN if is_first else charge_id,
        status=status,
        currency=currency(source["currency"]),
        amount_due=total,
        amount_paid=total if is_paid else 0,
        amount_remaining=0 if is_paid else total,
        subtotal=integer(source["subtotal"]),
        total=total,
        billing_reason=text(source["billing_reason"]),
    )
    if charge_id:
        yield _charge(charge_id, source, ChargeStatus.SUCCEEDED if is_paid else _unpaid(status))
    yield from _customer(source)


def _unpaid(status: str) -> str:
    return ChargeStatus.PENDING if status == InvoiceStatus.OPEN else ChargeStatus.FAILED


_TRANSLATORS: Final[Mapping[str, Callable[[str, Node], Iterator[Change]]]] = {
    "orders": _order,
    "subscriptions": _subscription,
    "subscription-invoices": _invoice,
}

TRANSLATOR: Final = Translator(
    provider="lemonsqueezy",
    event_types=("order_*", "subscription_*"),
    translate=translate,
    translate_object=translate_object,
)
