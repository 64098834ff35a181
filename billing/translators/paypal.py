"""Translates PayPal's orders, payments, refunds, disputes, subscriptions and invoices to changes.

https://developer.paypal.com/api/rest/webhooks/event-names/. An event carries its object whole, with
the time of its last change in seconds: of two within one second the usual order of the states
decides. Money is decimal text.
"""

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from typing import Any, Final

from billing.changes import (
    UNKNOWN,
    Change,
    ChargeChange,
    CheckoutSessionChange,
    CustomerChange,
    DisputeChange,
    Integer,
    InvoiceChange,
    Metadata,
    PaymentIntentChange,
    RefundChange,
    SubscriptionChange,
    SubscriptionItem,
    Text,
)
from billing.order_rules import OrderRules, lifecycle
from billing.statuses import (
    ChargeStatus,
    CheckoutPaymentStatus,
    CheckoutStatus,
    DisputeStatus,
    InvoiceStatus,
    PaymentIntentStatus,
    RefundStatus,
    SubscriptionStatus,
)
from billing.translators.amounts import decimal_minor
from billing.translators.base import Translator
from billing.translators.fields import (
    LONGEST,
    Node,
    currency,
    identity,
    integer,
    known,
    named,
    prose,
    text,
    word,
)
from billing.translators.moments import instant, microseconds
from webhooks.events import Event

_PAYMENTS: Final = {
    "completed": ChargeStatus.SUCCEEDED,
    "partially_refunded": ChargeStatus.SUCCEEDED,
    "refunded": ChargeStatus.SUCCEEDED,
    "reversed": ChargeStatus.SUCCEEDED,
    "declined": ChargeStatus.FAILED,
    "denied": ChargeStatus.FAILED,
}
_REFUNDS: Final = {"completed": RefundStatus.SUCCEEDED, "cancelled": RefundStatus.CANCELED}
_AUTHORIZATIONS: Final = {
    "created": PaymentIntentStatus.REQUIRES_CAPTURE,
    "pending": PaymentIntentStatus.PROCESSING,
    "partially_captured": PaymentIntentStatus.REQUIRES_CAPTURE,
    "captured": PaymentIntentStatus.SUCCEEDED,
    "denied": PaymentIntentStatus.CANCELED,
    "expired": PaymentIntentStatus.CANCELED,
    "voided": PaymentIntentStatus.CANCELED,
}
_ORDERS: Final = {
    **dict.fromkeys(("created", "saved", "approved", "payer_action_required"), CheckoutStatus.OPEN),
    "completed": CheckoutStatus.COMPLETE,
    "voided": CheckoutStatus.EXPIRED,
}
_DISPUTES: Final = {
    "open": DisputeStatus.NEEDS_RESPONSE,
    "waiting_for_seller_response": DisputeStatus.NEEDS_RESPONSE,
    "waiting_for_buyer_response": DisputeStatus.UNDER_REVIEW,
    "other": DisputeStatus.UNDER_REVIEW,
}
_INQUIRIES: Final[Mapping[Text, Text]] = {
    DisputeStatus.NEEDS_RESPONSE: DisputeStatus.WARNING_NEEDS_RESPONSE,
    DisputeStatus.UNDER_REVIEW: DisputeStatus.WARNING_UNDER_REVIEW,
}
_OURS_TO_KEEP: Final = (
    "resolved_seller_favour",
    "canceled_by_buyer",
    "denied",
    "resolved_with_payout",
)
"""The outcomes of disputes after which the money is ours: it was, or PayPal pays it."""
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


def translate(event: Event) -> list[Change]:
    """Return the changes that an event tells of, none for what billing has no place for.

    Raises `PermanentFailure` for what is not of PayPal's shape or cannot be stored.
    """
    payload = Node(event.payload)
    kind = known(word(payload["resource_type"], {}), "")
    translator = _TRANSLATORS.get(kind)
    return list(translator(payload["resource"])) if translator else []


def translate_object(object_type: str, subject: Any) -> list[Change]:
    """Return the changes that an object tells of by itself: its own first."""
    kind = _KINDS.get(object_type)
    return list(_TRANSLATORS[kind](Node(subject))) if kind else []


def _capture(source: Node) -> Iterator[Change]:
    # The order's amounts name their currency in another way than those of the older sales.
    related = source["supplementary_data"]["related_ids"]
    yield _charge(source, source["status"], source["amount"], related["authorization_id"])


def _sale(source: Node) -> Iterator[Change]:
    yield _charge(source, source["state"], source["amount"], Node(UNKNOWN))


def _charge(source: Node, status_at: Node, amount: Node, authorization: Node) -> ChargeChange:
    status, money = word(status_at, _PAYMENTS), _amount(amount)
    is_paid = status == ChargeStatus.SUCCEEDED
    return ChargeChange(
        provider_id=identity(source["id"]),
        revision=_revision(source),
        sums_refunds=True,
        created_at=instant(source["create_time"]),
        metadata=_attached(source),
        payment_intent_id=named(authorization),
        status=status,
        currency=_currency(amount),
        amount=money,
        amount_captured=money if is_paid else 0,
        paid=is_paid,
        captured=is_paid,
        failure_code=word(source["status_details"]["reason"], {}),
    )


def _refund(source: Node) -> Iterator[Change]:
    # Those of the older sales have a `state`, and name their sale.
    is_old = source["state"].value is not UNKNOWN
    charge_id = known(named(source["sale_id"]), "") or known(named(source["capture_id"]), "")
    charge_id = charge_id or _above(source)
    amount = _amount(source["amount"])
    yield RefundChange(
        provider_id=identity(source["id"]),
        revision=_revision(source),
        created_at=instant(source["create_time"]),
        charge_id=charge_id,
        status=word(source["state" if is_old else "status"], _REFUNDS),
        currency=_currency(source["amount"]),
        # Some are told as what is taken from us.
        amount=abs(amount) if isinstance(amount, int) else amount,
    )
    if charge_id:
        yield ChargeChange(provider_id=charge_id, complete=False, sums_refunds=True)


def _above(source: Node) -> str:
    """Return the id of what a refund is of, which it names by a link alone."""
    for link in source["links"]:
        if link["rel"].value == "up":
            return known(text(link["href"], limit=2000), "").rstrip("/").rpartition("/")[2]
    return ""


def _authorization(source: Node) -> Iterator[Change]:
    status = word(source["status"], _AUTHORIZATIONS)
    amount = _amount(source["amount"])
    is_held = status == PaymentIntentStatus.REQUIRES_CAPTURE
    yield PaymentIntentChange(
        provider_id=identity(source["id"]),
        revision=_revision(source),
        created_at=instant(source["create_time"]),
        metadata=_attached(source),
        status=status,
        currency=_currency(source["amount"]),
        amount=amount,
        amount_capturable=amount if is_held else 0,
    )


def _order(source: Node) -> Iterator[Change]:
    unit = next(iter(source["purchase_units"]), Node(UNKNOWN))
    payer, status = source["payer"], word(source["status"], _ORDERS)
    is_paid = status == CheckoutStatus.COMPLETE
    yield CheckoutSessionChange(
        provider_id=identity(source["id"]),
        revision=_revision(source),
        created_at=instant(source["create_time"]),
        customer_id=named(payer["payer_id"]),
        client_reference_id=known(text(unit["custom_id"]), "") or text(unit["reference_id"]),
        customer_email=text(payer["email_address"], limit=512),
        mode="payment",
        status=status,
        payment_status=CheckoutPaymentStatus.PAID if is_paid else CheckoutPaymentStatus.UNPAID,
        currency=_currency(unit["amount"]),
        amount_total=_amount(unit["amount"]),
    )
    yield from _customer(payer)


def _customer(source: Node) -> Iterator[Change]:
    # No event of its own tells of a payer.
    if customer_id := known(named(source["payer_id"]), ""):
        names = [
            known(text(source["name"][each], limit=LONGEST), "")
            for each in ("given_name", "surname")
        ]
        yield CustomerChange(
            provider_id=customer_id,
            name=" ".join(filter(None, names)),
            email=text(source["email_address"], limit=512),
        )


def _dispute(source: Node) -> Iterator[Change]:
    disputed = next(iter(source["disputed_transactions"]), Node(UNKNOWN))
    charge_id = named(disputed["seller_transaction_id"])
    yield DisputeChange(
        provider_id=identity(source["dispute_id"]),
        revision=_revision(source),
        created_at=instant(source["create_time"]),
        charge_id=charge_id,
        status=_dispute_status(source),
        currency=_currency(source["dispute_amount"]),
        amount=_amount(source["dispute_amount"]),
        reason=word(source["reason"], {}),
        evidence_due_at=instant(source["seller_response_due_date"]),
    )
    if name := known(charge_id, ""):
        yield ChargeChange(provider_id=name, complete=False, disputed=True)


def _dispute_status(source: Node) -> Text:
    status = word(source["status"], _DISPUTES)
    if status == "resolved":
        outcome = word(source["dispute_outcome"]["outcome_code"], {})
        return DisputeStatus.WON if outcome in _OURS_TO_KEEP else DisputeStatus.LOST
    is_inquiry = word(source["dispute_life_cycle_stage"], {}) == "inquiry"
    return _INQUIRIES.get(status, status) if is_inquiry else status


def _subscription(source: Node) -> Iterator[Change]:
    bill, payer = source["billing_info"], source["subscriber"]
    status, plan = _subscription_status(source), known(named(source["plan_id"]), "")
    end = instant(bill["next_billing_time"])
    is_over = status == SubscriptionStatus.CANCELED
    yield SubscriptionChange(
        provider_id=identity(source["id"]),
        revision=_revision(source),
        created_at=instant(source["create_time"]),
        metadata=_attached(source),
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
    yield from _customer(payer)


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


def _invoice(source: Node) -> Iterator[Change]:
    # An event has it within another object, and an answer does not.
    if "invoice" in source:
        source = source["invoice"]
    detail, total = source["detail"], _amount(source["amount"])
    due, status = _amount(source["due_amount"]), word(source["status"], _INVOICES)
    yield InvoiceChange(
        provider_id=identity(source["id"]),
        revision=microseconds(detail["metadata"]["last_update_time"]),
        created_at=instant(detail["metadata"]["create_time"]),
        number=text(detail["invoice_number"]),
        status=status,
        currency=_currency(source["amount"]),
        amount_due=total,
        amount_paid=_amount(source["payments"]["paid_amount"]),
        amount_remaining=0 if status == InvoiceStatus.PAID else due,
        total=total,
        due_at=instant(detail["payment_term"]["due_date"]),
    )


def _attached(source: Node) -> Metadata:
    # What whoever charges has given along, and the subscription that a sale is of.
    names = {
        "custom_id": "custom_id",
        "custom": "custom_id",
        "billing_agreement_id": "subscription",
    }
    found = {
        ours: known(prose(source[theirs]), "") for theirs, ours in names.items() if theirs in source
    }
    return {name: value for name, value in found.items() if value} or UNKNOWN


def _revision(source: Node) -> int | None:
    return microseconds(source["update_time"])


def _currency(money: Node) -> Text:
    return currency(money["currency_code" if "currency_code" in money else "currency"])


def _amount(money: Node) -> Integer:
    return decimal_minor(money["value" if "value" in money else "total"], _currency(money))


_TRANSLATORS: Final[Mapping[str, Callable[[Node], Iterator[Change]]]] = {
    "capture": _capture,
    "sale": _sale,
    "refund": _refund,
    "authorization": _authorization,
    "checkout-order": _order,
    "dispute": _dispute,
    "subscription": _subscription,
    "invoices": _invoice,
}
_KINDS: Final = {
    "charge": "capture",
    "refund": "refund",
    "payment_intent": "authorization",
    "checkout.session": "checkout-order",
    "dispute": "dispute",
    "subscription": "subscription",
    "invoice": "invoices",
}

TRANSLATOR: Final = Translator(
    provider="paypal",
    event_types=(
        *("CHECKOUT.ORDER.*", "PAYMENT.CAPTURE.*", "PAYMENT.SALE.*", "PAYMENT.REFUND.*"),
        *("PAYMENT.AUTHORIZATION.*", "CUSTOMER.DISPUTE.*", "BILLING.SUBSCRIPTION.*"),
        "INVOICING.INVOICE.*",
    ),
    translate=translate,
    translate_object=translate_object,
    order={
        "charge": OrderRules(
            lifecycle=lifecycle(
                [{ChargeStatus.PENDING}], [{ChargeStatus.SUCCEEDED, ChargeStatus.FAILED}]
            ),
            monotonic=("disputed",),
        ),
        # An inquiry may become a chargeback; what is resolved stays so.
        "dispute": OrderRules(
            lifecycle=lifecycle(
                [
                    {DisputeStatus.WARNING_NEEDS_RESPONSE},
                    {DisputeStatus.WARNING_UNDER_REVIEW},
                    {DisputeStatus.NEEDS_RESPONSE},
                    {DisputeStatus.UNDER_REVIEW},
                ],
                [{DisputeStatus.WON, DisputeStatus.LOST}],
            )
        ),
    },
)
