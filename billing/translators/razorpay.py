"""Translates Razorpay's payments, refunds, disputes, subscriptions, invoices and settlements.

https://razorpay.com/docs/webhooks/payloads/. An event carries each object that it is about whole,
and nothing of how often that has changed: what is later is told by the event's time, in seconds,
and by the rules below. Money is in the smallest unit of its currency.
"""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, Final

from billing.changes import (
    UNKNOWN,
    Change,
    ChargeChange,
    CustomerChange,
    DisputeChange,
    InvoiceChange,
    PayoutChange,
    RefundChange,
    SubscriptionChange,
    SubscriptionItem,
)
from billing.order_rules import OrderRules, lifecycle
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
    attached,
    boolean,
    currency,
    identity,
    integer,
    known,
    named,
    prose,
    text,
    word,
)
from billing.translators.moments import moment
from webhooks.events import Event

_PAYMENTS: Final = {
    "created": ChargeStatus.PENDING,
    "authorized": ChargeStatus.PENDING,
    "captured": ChargeStatus.SUCCEEDED,
    "refunded": ChargeStatus.SUCCEEDED,
}
_REFUNDS: Final = {"processed": RefundStatus.SUCCEEDED}
_DISPUTES: Final = {
    "open": DisputeStatus.NEEDS_RESPONSE,
    "action_required": DisputeStatus.NEEDS_RESPONSE,
    # Closed without a decision: a retrieval that became no chargeback.
    "closed": DisputeStatus.WARNING_CLOSED,
}
_SUBSCRIPTIONS: Final = {
    "created": SubscriptionStatus.INCOMPLETE,
    # The way to pay is there, and the first payment is to come.
    "authenticated": SubscriptionStatus.INCOMPLETE,
    "pending": SubscriptionStatus.PAST_DUE,
    "halted": SubscriptionStatus.UNPAID,
    "cancelled": SubscriptionStatus.CANCELED,
    "completed": SubscriptionStatus.CANCELED,
    "expired": SubscriptionStatus.INCOMPLETE_EXPIRED,
}
_INVOICES: Final = {
    "issued": InvoiceStatus.OPEN,
    "partially_paid": InvoiceStatus.OPEN,
    "cancelled": InvoiceStatus.VOID,
    "expired": InvoiceStatus.VOID,
    "deleted": InvoiceStatus.VOID,
}
_SETTLEMENTS: Final = {"created": PayoutStatus.PENDING, "processed": PayoutStatus.PAID}

_KINDS: Final = ("payment", "refund", "dispute", "subscription", "invoice", "settlement")


def translate(event: Event) -> list[Change]:
    """Return the changes that an event tells of, one for each object that it carries.

    Raises `PermanentFailure` for what is not of Razorpay's shape or cannot be stored.
    """
    payload = Node(event.payload)["payload"]
    found = ((kind, payload[kind]["entity"]) for kind in _KINDS)
    return [
        change
        for kind, source in found
        if source.value is not UNKNOWN and source.value is not None
        for change in _changes(kind, source)
    ]


def translate_object(object_type: str, subject: Any) -> list[Change]:
    """Return the changes that an object tells of by itself."""
    kind = {"charge": "payment", "payout": "settlement"}.get(object_type, object_type)
    return _changes(kind, Node(subject)) if kind in _TRANSLATORS else []


def _changes(kind: str, source: Node) -> list[Change]:
    change = _TRANSLATORS[kind](source)
    customer_id = known(named(source["customer_id"]), "")
    # A payment carries what its payer typed in, and no event tells of a customer.
    if kind != "payment" or not customer_id:
        return [change]
    return [change, _customer(customer_id, source)]


def _customer(customer_id: str, source: Node) -> CustomerChange:
    return CustomerChange(
        provider_id=customer_id,
        email=text(source["email"], limit=512),
        phone=text(source["contact"], limit=LONGEST),
    )


def _payment(source: Node) -> ChargeChange:
    status = word(source["status"], _PAYMENTS)
    amount, refunded = integer(source["amount"]), integer(source["amount_refunded"])
    is_paid = boolean(source["captured"]) is True or status == ChargeStatus.SUCCEEDED
    return ChargeChange(
        provider_id=identity(source["id"]),
        created_at=moment(source["created_at"]),
        metadata=attached(source["notes"]),
        customer_id=named(source["customer_id"]),
        invoice_id=named(source["invoice_id"]),
        status=status,
        currency=currency(source["currency"]),
        amount=amount,
        amount_captured=amount if is_paid else 0,
        amount_refunded=refunded,
        paid=is_paid,
        captured=is_paid,
        refunded=text(source["refund_status"]) == "full",
        failure_code=text(source["error_code"]),
        failure_message=prose(source["error_description"]),
        card_brand=word(source["card"]["network"], {}),
        card_last4=text(source["card"]["last4"]),
    )


def _refund(source: Node) -> RefundChange:
    return RefundChange(
        provider_id=identity(source["id"]),
        created_at=moment(source["created_at"]),
        metadata=attached(source["notes"]),
        charge_id=named(source["payment_id"]),
        status=word(source["status"], _REFUNDS),
        currency=currency(source["currency"]),
        amount=integer(source["amount"]),
    )


def _dispute(source: Node) -> DisputeChange:
    return DisputeChange(
        provider_id=identity(source["id"]),
        created_at=moment(source["created_at"]),
        charge_id=named(source["payment_id"]),
        status=word(source["status"], _DISPUTES),
        currency=currency(source["currency"]),
        amount=integer(source["amount"]),
        reason=text(source["reason_code"]),
        evidence_due_at=moment(source["respond_by"]),
    )


def _subscription(source: Node) -> SubscriptionChange:
    status = word(source["status"], _SUBSCRIPTIONS)
    plan, end = known(named(source["plan_id"]), ""), moment(source["current_end"])
    return SubscriptionChange(
        provider_id=identity(source["id"]),
        created_at=moment(source["created_at"]),
        metadata=attached(source["notes"]),
        customer_id=named(source["customer_id"]),
        status=status,
        items=[
            SubscriptionItem(
                id=plan,
                price_id=plan,
                product_id=plan,
                quantity=known(integer(source["quantity"]), None),
                unit_amount=None,
                interval="",
                current_period_end=end.isoformat() if isinstance(end, datetime) else None,
            )
        ],
        current_period_start=moment(source["current_start"]),
        current_period_end=end,
        started_at=moment(source["start_at"]),
        ended_at=moment(source["ended_at"]),
    )


def _invoice(source: Node) -> InvoiceChange:
    return InvoiceChange(
        provider_id=identity(source["id"]),
        created_at=moment(source["created_at"]),
        metadata=attached(source["notes"]),
        customer_id=named(source["customer_id"]),
        subscription_id=named(source["subscription_id"]),
        charge_id=named(source["payment_id"]),
        number=text(source["invoice_number"]),
        status=word(source["status"], _INVOICES),
        currency=currency(source["currency"]),
        amount_due=integer(source["amount"]),
        amount_paid=integer(source["amount_paid"]),
        amount_remaining=integer(source["amount_due"]),
        total=integer(source["amount"]),
        due_at=moment(source["expire_by"]),
        period_start=moment(source["billing_start"]),
        period_end=moment(source["billing_end"]),
        finalized_at=moment(source["issued_at"]),
        paid_at=moment(source["paid_at"]),
        voided_at=moment(source["cancelled_at"]),
    )


def _settlement(source: Node) -> PayoutChange:
    return PayoutChange(
        provider_id=identity(source["id"]),
        created_at=moment(source["created_at"]),
        status=word(source["status"], _SETTLEMENTS),
        # It is made in rupees alone, and does not say so.
        currency="inr",
        amount=integer(source["amount"]),
    )


_TRANSLATORS: Final[Mapping[str, Callable[[Node], Change]]] = {
    "payment": _payment,
    "refund": _refund,
    "dispute": _dispute,
    "subscription": _subscription,
    "invoice": _invoice,
    "settlement": _settlement,
}

TRANSLATOR: Final = Translator(
    provider="razorpay",
    event_types=(
        *("payment.*", "refund.*", "subscription.*", "invoice.*", "order.paid"),
        "settlement.processed",
    ),
    translate=translate,
    translate_object=translate_object,
    order={
        # A bank may tell of success after a failure: "late authorisation". Nothing leads back
        # from there. https://razorpay.com/docs/payments/payments/late-authorization/
        "charge": OrderRules(
            lifecycle=lifecycle(
                [{ChargeStatus.PENDING, ChargeStatus.FAILED}], [{ChargeStatus.SUCCEEDED}]
            ),
            monotonic=("amount_captured", "amount_refunded", "captured", "refunded", "disputed"),
            returnable=("amount_refunded", "refunded"),
        ),
        # Decided for good: there is no appeal.
        "dispute": OrderRules(
            lifecycle=lifecycle(
                [{DisputeStatus.NEEDS_RESPONSE}, {DisputeStatus.UNDER_REVIEW}],
                [{DisputeStatus.WON, DisputeStatus.LOST, DisputeStatus.WARNING_CLOSED}],
            )
        ),
        # A halted one is never canceled by itself, and resumes once its customer pays.
        "subscription": OrderRules(
            lifecycle=lifecycle(
                [{SubscriptionStatus.INCOMPLETE}],
                [
                    {
                        SubscriptionStatus.ACTIVE,
                        SubscriptionStatus.PAST_DUE,
                        SubscriptionStatus.UNPAID,
                        SubscriptionStatus.PAUSED,
                    }
                ],
                [{SubscriptionStatus.CANCELED, SubscriptionStatus.INCOMPLETE_EXPIRED}],
            )
        ),
    },
)
