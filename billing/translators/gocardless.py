"""Translates GoCardless's events to changes, and the objects that it answers when it is asked.

https://developer.gocardless.com/api-reference/#core-endpoints-events. An event names an object and
what happened to it, and carries nothing of it: no amount, no currency, no customer. So each tells a
state, and casts doubt on its object: that is fetched, by `GOCARDLESS_API_KEY`, or stays in doubt.
Money is in the smallest unit of its currency.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

from billing.changes import (
    Change,
    ChargeChange,
    CustomerChange,
    PayoutChange,
    RefundChange,
    SubscriptionChange,
    SubscriptionItem,
)
from billing.order_rules import OrderRules, lifecycle
from billing.statuses import ChargeStatus, PayoutStatus, RefundStatus, SubscriptionStatus
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
from billing.translators.moments import instant
from webhooks.events import Event

_PAYMENTS: Final = {
    **dict.fromkeys(("pending_customer_approval", "pending_submission"), ChargeStatus.PENDING),
    **dict.fromkeys(("created", "submitted", "customer_approval_granted"), ChargeStatus.PENDING),
    **dict.fromkeys(("resubmission_requested", "submission_retried"), ChargeStatus.PENDING),
    **dict.fromkeys(("confirmed", "paid_out"), ChargeStatus.SUCCEEDED),
    **dict.fromkeys(("cancelled", "customer_approval_denied"), ChargeStatus.FAILED),
    # A bank took it back, at its customer's word; `charged_back` is said of what had been paid.
    "charged_back": ChargeStatus.SUCCEEDED,
    "chargeback_cancelled": ChargeStatus.SUCCEEDED,
    "failed": ChargeStatus.FAILED,
    "late_failure_settled": ChargeStatus.FAILED,
}
_REFUNDS: Final = {
    **dict.fromkeys(("created", "pending_submission", "submitted"), RefundStatus.PENDING),
    **dict.fromkeys(("paid", "refund_settled"), RefundStatus.SUCCEEDED),
    **dict.fromkeys(("failed", "bounced", "funds_returned"), RefundStatus.FAILED),
    "cancelled": RefundStatus.CANCELED,
}
_SUBSCRIPTIONS: Final = {
    **dict.fromkeys(("pending_customer_approval", "created"), SubscriptionStatus.INCOMPLETE),
    **dict.fromkeys(("customer_approval_granted", "resumed"), SubscriptionStatus.ACTIVE),
    **dict.fromkeys(("cancelled", "finished"), SubscriptionStatus.CANCELED),
    "paused": SubscriptionStatus.PAUSED,
    "customer_approval_denied": SubscriptionStatus.INCOMPLETE_EXPIRED,
}
_PAYOUTS: Final = {"bounced": PayoutStatus.FAILED, "fx_rate_confirmed": PayoutStatus.PENDING}


def translate(event: Event) -> list[Change]:
    """Return the changes that an event tells of, none for what billing has no place for.

    Raises `PermanentFailure` for what is not of GoCardless's shape or cannot be stored.
    """
    source = Node(event.payload)
    kind, action = known(text(source["resource_type"]), ""), source["action"]
    told = _TOLD.get(kind)
    if told is None:
        return []
    make, link, states = told
    object_id = identity(source["links"][link])
    status = known(word(action, states), "")
    # Of the others nothing more is known than that something happened.
    facts: dict[str, Any] = {"status": status} if status in states.values() else {}
    if action.value == "charged_back":
        facts["disputed"] = True
    stated = [make(provider_id=object_id, **facts)] if facts else []
    return [*stated, make(provider_id=object_id, complete=False, casts_doubt=event.id)]


def translate_object(object_type: str, subject: Any) -> list[Change]:
    """Return the changes that an object tells of, in the answer that carries it: its own first."""
    kind, translator = _ANSWERED.get(object_type, ("", None))
    source = Node(subject)[kind]
    return list(translator(source)) if translator and source.value is not None else []


def _payment(source: Node) -> Iterator[Change]:
    status = word(source["status"], _PAYMENTS)
    amount, refunded = integer(source["amount"]), integer(source["amount_refunded"])
    is_paid = status == ChargeStatus.SUCCEEDED
    links = source["links"]
    yield ChargeChange(
        provider_id=identity(source["id"]),
        created_at=instant(source["created_at"]),
        metadata=attached(source["metadata"]),
        status=status,
        currency=currency(source["currency"]),
        amount=amount,
        amount_captured=amount if is_paid else 0,
        amount_refunded=refunded,
        paid=is_paid,
        captured=is_paid,
        refunded=bool(known(refunded, 0)) and refunded == amount,
        disputed=source["status"].value == "charged_back",
    )
    if subscription_id := known(named(links["subscription"]), ""):
        # What the payment belongs to, of which it tells nothing.
        yield SubscriptionChange(provider_id=subscription_id, complete=False)


def _refund(source: Node) -> Iterator[Change]:
    yield RefundChange(
        provider_id=identity(source["id"]),
        created_at=instant(source["created_at"]),
        metadata=attached(source["metadata"]),
        charge_id=named(source["links"]["payment"]),
        status=word(source["status"], _REFUNDS),
        currency=currency(source["currency"]),
        amount=integer(source["amount"]),
    )


def _subscription(source: Node) -> Iterator[Change]:
    status, name = word(source["status"], _SUBSCRIPTIONS), known(text(source["name"]), "")
    upcoming = next(iter(source["upcoming_payments"]), Node(None))
    next_charge = instant(upcoming["charge_date"])
    yield SubscriptionChange(
        provider_id=identity(source["id"]),
        created_at=instant(source["created_at"]),
        metadata=attached(source["metadata"]),
        status=status,
        currency=currency(source["currency"]),
        items=[
            # It has no products: what it is called stands for one.
            SubscriptionItem(
                id=name,
                price_id="",
                product_id=name,
                quantity=1,
                unit_amount=known(integer(source["amount"]), None),
                interval=known(word(source["interval_unit"], _UNITS), ""),
                current_period_end=None,
            )
        ],
        current_period_end=next_charge,
        started_at=instant(source["start_date"]),
    )


_UNITS: Final = {"weekly": "week", "monthly": "month", "yearly": "year"}


def _customer(source: Node) -> Iterator[Change]:
    names = [known(text(source[each], limit=LONGEST), "") for each in ("given_name", "family_name")]
    yield CustomerChange(
        provider_id=identity(source["id"]),
        created_at=instant(source["created_at"]),
        metadata=attached(source["metadata"]),
        name=" ".join(filter(None, names)) or text(source["company_name"], limit=LONGEST),
        email=text(source["email"], limit=512),
        phone=text(source["phone_number"], limit=LONGEST),
    )


def _payout(source: Node) -> Iterator[Change]:
    yield PayoutChange(
        provider_id=identity(source["id"]),
        created_at=instant(source["created_at"]),
        status=word(source["status"], _PAYOUTS),
        currency=currency(source["currency"]),
        amount=integer(source["amount"]),
        arrival_at=instant(source["arrival_date"]),
        method=text(source["payout_type"]),
    )


_TOLD: Final[Mapping[str, tuple[Callable[..., Change], str, Mapping[str, str]]]] = {
    "payments": (ChargeChange, "payment", _PAYMENTS),
    "refunds": (RefundChange, "refund", _REFUNDS),
    "subscriptions": (SubscriptionChange, "subscription", _SUBSCRIPTIONS),
    "payouts": (PayoutChange, "payout", {**_PAYOUTS, "paid": PayoutStatus.PAID}),
    "customers": (CustomerChange, "customer", {}),
}
"""What events tell of, by its type: the change, the link that names it, our words for actions."""

_ANSWERED: Final[Mapping[str, tuple[str, Callable[[Node], Iterator[Change]]]]] = {
    "charge": ("payments", _payment),
    "refund": ("refunds", _refund),
    "subscription": ("subscriptions", _subscription),
    "customer": ("customers", _customer),
    "payout": ("payouts", _payout),
}

TRANSLATOR: Final = Translator(
    provider="gocardless",
    event_types=("payments.*", "refunds.*", "subscriptions.*", "payouts.*", "customers.*"),
    translate=translate,
    translate_object=translate_object,
    order={
        # A payment may fail after it was confirmed and paid out, and be tried again.
        "charge": OrderRules(
            lifecycle=lifecycle(
                [{ChargeStatus.PENDING}, {ChargeStatus.SUCCEEDED}, {ChargeStatus.FAILED}]
            ),
            monotonic=("amount_refunded", "refunded"),
            returnable=("amount_refunded", "refunded"),
        ),
        "payout": OrderRules(
            lifecycle=lifecycle(
                [{PayoutStatus.PENDING}, {PayoutStatus.PAID}, {PayoutStatus.FAILED}]
            )
        ),
    },
)
