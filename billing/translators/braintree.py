"""Translates Braintree's transactions, disputes, subscriptions and disbursements to changes.

https://developer.paypal.com/braintree/docs/reference/general/webhooks/. What its XML tells comes
as JSON (see `webhooks.providers.braintree`). Money is decimal text. Objects carry `updated_at`, in
seconds; what has none is told apart by the notification's time.
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
    Moment,
    PayoutChange,
    RefundChange,
    SubscriptionChange,
    SubscriptionItem,
    Text,
)
from billing.order_rules import OrderRules, lifecycle
from billing.statuses import (
    ChargeStatus,
    DisputeStatus,
    PayoutStatus,
    RefundStatus,
    SubscriptionStatus,
)
from billing.translators.amounts import decimal_minor
from billing.translators.base import Translator
from billing.translators.fields import (
    LONGEST,
    Node,
    boolean,
    currency,
    identity,
    known,
    named,
    text,
    word,
)
from billing.translators.moments import instant, microseconds
from webhooks.events import Event

_WAITING: Final = ("authorizing", "authorized")
_TAKEN: Final = (
    *("submitted_for_settlement", "settling", "settlement_pending", "settled"),
    "settlement_confirmed",
)
_NOT_TAKEN: Final = (
    *("authorization_expired", "failed", "gateway_rejected", "processor_declined"),
    *("settlement_declined", "voided"),
)
_SALES: Final = {
    **dict.fromkeys(_WAITING, ChargeStatus.PENDING),
    # As good as taken: what a bank declines after that is told.
    **dict.fromkeys(_TAKEN, ChargeStatus.SUCCEEDED),
    **dict.fromkeys(_NOT_TAKEN, ChargeStatus.FAILED),
}
_CREDITS: Final = {
    **dict.fromkeys(_WAITING, RefundStatus.PENDING),
    **dict.fromkeys(_TAKEN, RefundStatus.SUCCEEDED),
    **dict.fromkeys(_NOT_TAKEN, RefundStatus.FAILED),
}
_DISPUTES: Final = {
    "open": DisputeStatus.NEEDS_RESPONSE,
    "disputed": DisputeStatus.UNDER_REVIEW,
    "accepted": DisputeStatus.LOST,
    "auto_accepted": DisputeStatus.LOST,
    "expired": DisputeStatus.LOST,
}
_SUBSCRIPTIONS: Final = {
    # It begins on a day to come.
    "pending": SubscriptionStatus.INCOMPLETE,
    "past due": SubscriptionStatus.PAST_DUE,
    "expired": SubscriptionStatus.CANCELED,
}


def translate(event: Event) -> list[Change]:
    """Return the changes that an event tells of, none for what billing has no place for.

    Raises `PermanentFailure` for what is not of Braintree's shape or cannot be stored.
    """
    subject = Node(event.payload)["subject"]
    return [
        change
        for kind, translator in _TRANSLATORS.items()
        if isinstance(subject[kind].value, Mapping)
        for change in translator(subject[kind])
    ]


def _transaction(source: Node) -> Iterator[Change]:
    yield _credit(source) if source["type"].value == "credit" else _sale(source)
    charge_id = known(named(source["refunded_transaction_id"]), "")
    if source["type"].value == "credit" and charge_id:
        yield ChargeChange(provider_id=charge_id, complete=False, sums_refunds=True)
    yield from _customer(source["customer"])


def _sale(source: Node) -> ChargeChange:
    status, amount = word(source["status"], _SALES), _amount(source)
    is_taken = status == ChargeStatus.SUCCEEDED
    return ChargeChange(
        provider_id=identity(source["id"]),
        revision=microseconds(source["updated_at"]),
        sums_refunds=True,
        created_at=instant(source["created_at"]),
        customer_id=named(source["customer"]["id"]),
        # It has no bills: this is what a payment of a subscription belongs to.
        metadata=_belongs_to(source),
        status=status,
        currency=_currency(source),
        amount=amount,
        amount_captured=amount if is_taken else 0,
        paid=is_taken,
        captured=is_taken,
        failure_code=text(source["processor_response_code"]) if not is_taken else "",
        card_brand=word(source["credit_card"]["card_type"], {}),
        card_last4=text(source["credit_card"]["last_4"]),
    )


def _belongs_to(source: Node) -> Any:
    subscription_id = known(named(source["subscription_id"]), "")
    return {"subscription": subscription_id} if subscription_id else UNKNOWN


def _credit(source: Node) -> RefundChange:
    return RefundChange(
        provider_id=identity(source["id"]),
        revision=microseconds(source["updated_at"]),
        created_at=instant(source["created_at"]),
        charge_id=named(source["refunded_transaction_id"]),
        status=word(source["status"], _CREDITS),
        currency=_currency(source),
        amount=_amount(source),
    )


def _customer(source: Node) -> Iterator[Change]:
    # No event of its own tells of a customer: each transaction carries it.
    if customer_id := known(named(source["id"]), ""):
        names = [
            known(text(source[each], limit=LONGEST), "") for each in ("first_name", "last_name")
        ]
        yield CustomerChange(
            provider_id=customer_id,
            name=" ".join(filter(None, names)),
            email=text(source["email"], limit=512),
            phone=text(source["phone"], limit=LONGEST),
        )


def _dispute(source: Node) -> Iterator[Change]:
    charge_id = named(source["transaction"]["id"])
    yield DisputeChange(
        provider_id=identity(source["id"]),
        revision=microseconds(source["updated_at"]),
        created_at=instant(source["created_at"]),
        charge_id=charge_id,
        status=word(source["status"], _DISPUTES),
        currency=_currency(source),
        amount=_amount(source),
        reason=word(source["reason"], {}),
        evidence_due_at=instant(source["reply_by_date"]),
    )
    if name := known(charge_id, ""):
        yield ChargeChange(provider_id=name, complete=False, disputed=True)


def _subscription(source: Node) -> Iterator[Change]:
    status, plan = word(source["status"], _SUBSCRIPTIONS), known(named(source["plan_id"]), "")
    trial_end = _trial_end(source)
    end = _end_of(source["billing_period_end_date"])
    end = end if isinstance(end, datetime) else trial_end
    # A sample from the sandbox's console tells next to nothing.
    if source["status"].value is not UNKNOWN:
        yield SubscriptionChange(
            provider_id=identity(source["id"]),
            revision=microseconds(source["updated_at"]),
            created_at=instant(source["created_at"]),
            status=status,
            items=[
                SubscriptionItem(
                    id=plan,
                    price_id=plan,
                    product_id=plan,
                    quantity=1,
                    # In a currency that the subscription does not name.
                    unit_amount=None,
                    interval="",
                    current_period_end=end.isoformat() if isinstance(end, datetime) else None,
                )
            ],
            current_period_start=instant(source["billing_period_start_date"]),
            current_period_end=end,
            trial_end=trial_end,
            started_at=instant(source["first_billing_date"]),
            customer_id=_payer(source),
            ended_at=_ended_at(source, status),
        )
    for transaction in source["transactions"]:
        yield from _transaction(_of(transaction, source))


def _of(transaction: Node, subscription: Node) -> Node:
    """Return a transaction within a subscription, with the id of that."""
    if not isinstance(transaction.value, Mapping):
        return transaction
    owner = {"subscription_id": subscription["id"].value}
    return Node({**owner, **transaction.value}, transaction.path)


def _payer(source: Node) -> Text:
    ids = [named(one["customer"]["id"]) for one in source["transactions"]]
    return next((one for one in ids if known(one, "")), UNKNOWN)


def _trial_end(source: Node) -> Moment:
    is_trial = known(boolean(source["trial_period"]), False)
    return instant(source["first_billing_date"]) if is_trial else None


def _ended_at(source: Node, status: Text) -> Moment:
    return instant(source["updated_at"]) if status == SubscriptionStatus.CANCELED else None


def _end_of(node: Node) -> Moment:
    """Return the end of a day that is told by its date: the last one of a period."""
    day = instant(node)
    return day + timedelta(days=1) if isinstance(day, datetime) else day


def _disbursement(source: Node) -> Iterator[Change]:
    money = currency(source["merchant_account"]["currency_iso_code"])
    is_paid = known(boolean(source["success"]), False)
    yield PayoutChange(
        provider_id=identity(source["id"]),
        status=PayoutStatus.PAID if is_paid else PayoutStatus.FAILED,
        currency=money,
        amount=decimal_minor(source["amount"], money),
        arrival_at=instant(source["disbursement_date"]),
        failure_code=word(source["exception_message"], {}),
    )


def _currency(source: Node) -> Text:
    return currency(source["currency_iso_code"])


def _amount(source: Node) -> Integer:
    # Within a subscription's notification some tell no currency: then nobody can tell the amount.
    money = _currency(source)
    return decimal_minor(source["amount"], money) if known(money, "") else UNKNOWN


_TRANSLATORS: Final[Mapping[str, Callable[[Node], Iterator[Change]]]] = {
    "transaction": _transaction,
    "dispute": _dispute,
    "subscription": _subscription,
    "disbursement": _disbursement,
}

TRANSLATOR: Final = Translator(
    provider="braintree",
    event_types=("transaction_*", "dispute_*", "subscription_*", "disbursement*"),
    translate=translate,
    order={
        # What was submitted can be declined by the bank still.
        "charge": OrderRules(
            lifecycle=lifecycle(
                [{ChargeStatus.PENDING}], [{ChargeStatus.SUCCEEDED}], [{ChargeStatus.FAILED}]
            ),
            monotonic=("disputed",),
        ),
        # Of a dispute that is opened anew another id tells.
        "dispute": OrderRules(
            lifecycle=lifecycle(
                [{DisputeStatus.NEEDS_RESPONSE}, {DisputeStatus.UNDER_REVIEW}],
                [{DisputeStatus.WON, DisputeStatus.LOST}],
            )
        ),
    },
)
