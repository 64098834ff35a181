"""Translates Paddle's transactions, adjustments, subscriptions, customers and payouts to changes.

https://developer.paddle.com/webhooks. An event carries its object whole, with the time of its last
change in microseconds. Money is text, in the smallest unit of its currency.

A transaction is a bill and its payment in one, so it has a row of each, by its own id.
"""

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from functools import partial
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
)
from billing.statuses import (
    ChargeStatus,
    DisputeStatus,
    InvoiceStatus,
    PayoutStatus,
    RefundStatus,
    SubscriptionStatus,
)
from billing.translators.amounts import whole_number
from billing.translators.base import Translator
from billing.translators.fields import (
    LONGEST,
    Node,
    attached,
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

_BILLS: Final = {
    "ready": InvoiceStatus.OPEN,
    "billed": InvoiceStatus.OPEN,
    "past_due": InvoiceStatus.OPEN,
    "completed": InvoiceStatus.PAID,
    "canceled": InvoiceStatus.VOID,
}
_ATTEMPTS: Final = {
    "captured": ChargeStatus.SUCCEEDED,
    "error": ChargeStatus.FAILED,
    "canceled": ChargeStatus.FAILED,
    "dropped": ChargeStatus.FAILED,
}
_REFUNDS: Final = {
    "pending_approval": RefundStatus.PENDING,
    "approved": RefundStatus.SUCCEEDED,
    "rejected": RefundStatus.CANCELED,
    "reversed": RefundStatus.FAILED,
}
_DISPUTES: Final = {
    # Paddle answers the bank itself, and takes the money back at once.
    "chargeback": DisputeStatus.LOST,
    "chargeback_reverse": DisputeStatus.WON,
    "chargeback_warning": DisputeStatus.WARNING_UNDER_REVIEW,
    "chargeback_warning_reverse": DisputeStatus.WARNING_CLOSED,
}
_PAYOUTS: Final = {"unpaid": PayoutStatus.PENDING}


def translate(event: Event) -> list[Change]:
    """Return the changes that an event tells of, none for what billing has no place for.

    Raises `PermanentFailure` for what is not of Paddle's shape or cannot be stored.
    """
    payload = Node(event.payload)
    if event.type.startswith("payout."):
        # Of its changes a payout says nothing, and Paddle says that this time orders events.
        return [_payout(payload["data"], microseconds(payload["occurred_at"]))]
    return _changes(event.type.partition(".")[0], payload["data"])


def translate_object(object_type: str, subject: Any) -> list[Change]:
    """Return the changes that an object tells of, in the answer that carries it."""
    data = Node(subject)["data"]
    if object_type in ("refund", "dispute"):
        # Adjustments are listed, and not had one by one.
        return [change for one in data for change in _adjustment(one)]
    changes = _changes(
        {"charge": "transaction", "invoice": "transaction"}.get(object_type, object_type), data
    )
    return sorted(changes, key=lambda change: change.object_type != object_type)


def _changes(kind: str, source: Node) -> list[Change]:
    translator = _TRANSLATORS.get(kind)
    return list(translator(source)) if translator else []


def _transaction(source: Node) -> Iterator[Change]:
    totals = source["details"]["totals"]
    total, due = whole_number(totals["grand_total"]), whole_number(totals["balance"])
    status = word(source["status"], _BILLS)
    is_paid = status == InvoiceStatus.PAID
    transaction_id = identity(source["id"])
    attempts = list(source["payments"])
    yield InvoiceChange(
        provider_id=transaction_id,
        revision=microseconds(source["updated_at"]),
        created_at=instant(source["created_at"]),
        metadata=attached(source["custom_data"]),
        customer_id=named(source["customer_id"]),
        subscription_id=named(source["subscription_id"]),
        charge_id=transaction_id if attempts else UNKNOWN,
        number=text(source["invoice_number"]),
        status=status,
        currency=currency(source["currency_code"]),
        amount_due=total,
        amount_paid=total if is_paid else 0,
        amount_remaining=0 if is_paid else due,
        subtotal=whole_number(totals["subtotal"]),
        total=whole_number(totals["total"]),
        billing_reason=text(source["origin"]),
        collection_method=text(source["collection_mode"]),
        attempt_count=len(attempts),
        period_start=instant(source["billing_period"]["starts_at"]),
        period_end=instant(source["billing_period"]["ends_at"]),
        finalized_at=instant(source["billed_at"]),
    )
    if attempts:
        yield _charge(transaction_id, source, attempts, total, is_paid=is_paid)


def _charge(
    transaction_id: str, source: Node, attempts: list[Node], total: Integer, *, is_paid: bool
) -> ChargeChange:
    # The one that took the money counts; before there is one, the latest, which is listed first.
    captured = (one for one in attempts if one["status"].value == "captured")
    attempt = next(captured, attempts[0])
    card = attempt["method_details"]["card"]
    told = word(attempt["status"], _ATTEMPTS)
    known_words = (ChargeStatus.SUCCEEDED, ChargeStatus.FAILED)
    return ChargeChange(
        provider_id=transaction_id,
        revision=microseconds(source["updated_at"]),
        sums_refunds=True,
        created_at=instant(source["created_at"]),
        customer_id=named(source["customer_id"]),
        invoice_id=transaction_id,
        status=told if is_paid or told in known_words else ChargeStatus.PENDING,
        currency=currency(source["currency_code"]),
        amount=total,
        amount_captured=total if is_paid else 0,
        paid=is_paid,
        captured=is_paid,
        failure_code=text(attempt["error_code"]),
        card_brand=text(card["type"]),
        card_last4=text(card["last4"]),
    )


def _adjustment(source: Node) -> Iterator[Change]:
    action, transaction_id = text(source["action"]), named(source["transaction_id"])
    charge = partial(ChargeChange, provider_id=known(transaction_id, ""), complete=False)
    if action == "refund":
        yield RefundChange(
            **_common(source),
            charge_id=transaction_id,
            status=word(source["status"], _REFUNDS),
            currency=currency(source["currency_code"]),
            amount=whole_number(source["totals"]["total"]),
        )
        yield charge(sums_refunds=True)
    elif isinstance(action, str) and action in _DISPUTES:
        yield DisputeChange(
            **_common(source),
            charge_id=transaction_id,
            status=_DISPUTES[action],
            currency=currency(source["currency_code"]),
            amount=whole_number(source["totals"]["total"]),
            reason=action,
        )
        yield charge(disputed=True)


def _common(source: Node) -> dict[str, Any]:
    return {
        "provider_id": identity(source["id"]),
        "revision": microseconds(source["updated_at"]),
        "created_at": instant(source["created_at"]),
    }


def _subscription(source: Node) -> Iterator[Change]:
    period, planned = source["current_billing_period"], source["scheduled_change"]
    is_ending = planned["action"].value == "cancel"
    end = instant(period["ends_at"])
    ends_at = instant(planned["effective_at"]) if is_ending else None
    trials = [instant(item["trial_dates"]["ends_at"]) for item in source["items"]]
    yield SubscriptionChange(
        **_common(source),
        metadata=attached(source["custom_data"]),
        customer_id=named(source["customer_id"]),
        status=text(source["status"]),
        currency=currency(source["currency_code"]),
        collection_method=text(source["collection_mode"]),
        items=[_item(item, end) for item in source["items"]],
        current_period_start=instant(period["starts_at"]),
        current_period_end=end,
        trial_end=max((one for one in trials if isinstance(one, datetime)), default=None),
        started_at=instant(source["started_at"]),
        cancel_at=ends_at,
        cancel_at_period_end=is_ending and ends_at == end,
        canceled_at=instant(source["canceled_at"]),
        ended_at=_ended_at(source),
    )


def _ended_at(source: Node) -> Moment:
    over = source["status"].value == SubscriptionStatus.CANCELED
    return instant(source["canceled_at"]) if over else None


def _item(source: Node, end: Moment) -> SubscriptionItem:
    price = source["price"]
    price_id = known(named(price["id"]), "")
    return SubscriptionItem(
        # It has no id of its own: each price is in a subscription once.
        id=price_id,
        price_id=price_id,
        product_id=known(named(price["product_id"]), ""),
        quantity=known(integer(source["quantity"]), None),
        unit_amount=known(whole_number(price["unit_price"]["amount"]), None),
        interval=known(text(price["billing_cycle"]["interval"]), ""),
        current_period_end=end.isoformat() if isinstance(end, datetime) else None,
    )


def _customer(source: Node) -> Iterator[Change]:
    yield CustomerChange(
        **_common(source),
        metadata=attached(source["custom_data"]),
        name=text(source["name"], limit=LONGEST),
        email=text(source["email"], limit=512),
    )


def _payout(source: Node, revision: int | None) -> PayoutChange:
    return PayoutChange(
        provider_id=identity(source["id"]),
        revision=revision,
        status=word(source["status"], _PAYOUTS),
        currency=currency(source["currency_code"]),
        amount=whole_number(source["amount"]),
    )


_TRANSLATORS: Final[Mapping[str, Callable[[Node], Iterator[Change]]]] = {
    "transaction": _transaction,
    "adjustment": _adjustment,
    "subscription": _subscription,
    "customer": _customer,
}

TRANSLATOR: Final = Translator(
    provider="paddle",
    event_types=("transaction.*", "adjustment.*", "subscription.*", "customer.*", "payout.*"),
    translate=translate,
    translate_object=translate_object,
)
