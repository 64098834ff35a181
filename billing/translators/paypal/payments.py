"""PayPal's orders, authorizations, captures, sales, refunds and disputes."""

from collections.abc import Iterator, Mapping
from typing import Final

from billing.changes import (
    UNKNOWN,
    Change,
    ChargeChange,
    CheckoutSessionChange,
    DisputeChange,
    PaymentIntentChange,
    RefundChange,
    Text,
)
from billing.statuses import (
    ChargeStatus,
    CheckoutPaymentStatus,
    CheckoutStatus,
    DisputeStatus,
    PaymentIntentStatus,
    RefundStatus,
)
from billing.translators.fields import (
    Node,
    identity,
    known,
    named,
    text,
    word,
)
from billing.translators.moments import instant
from billing.translators.paypal.common import amount_of, attached, currency_of, customer, revision

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


def capture(source: Node) -> Iterator[Change]:
    """Translate a capture of an order."""
    # The order's amounts name their currency in another way than those of the older sales.
    related = source["supplementary_data"]["related_ids"]
    yield _charge(source, source["status"], source["amount"], related["authorization_id"])


def sale(source: Node) -> Iterator[Change]:
    """Translate a sale: what a payment is called in the older API, and of subscriptions."""
    yield _charge(source, source["state"], source["amount"], Node(UNKNOWN))


def _charge(source: Node, status_at: Node, amount: Node, authorization: Node) -> ChargeChange:
    status, money = word(status_at, _PAYMENTS), amount_of(amount)
    is_paid = status == ChargeStatus.SUCCEEDED
    return ChargeChange(
        provider_id=identity(source["id"]),
        revision=revision(source),
        sums_refunds=True,
        created_at=instant(source["create_time"]),
        metadata=attached(source),
        payment_intent_id=named(authorization),
        status=status,
        currency=currency_of(amount),
        amount=money,
        amount_captured=money if is_paid else 0,
        paid=is_paid,
        captured=is_paid,
        failure_code=word(source["status_details"]["reason"], {}),
    )


def refund(source: Node) -> Iterator[Change]:
    """Translate a refund."""
    # Those of the older sales have a `state`, and name their sale.
    is_old = source["state"].value is not UNKNOWN
    charge_id = known(named(source["sale_id"]), "") or known(named(source["capture_id"]), "")
    charge_id = charge_id or _above(source)
    amount = amount_of(source["amount"])
    yield RefundChange(
        provider_id=identity(source["id"]),
        revision=revision(source),
        created_at=instant(source["create_time"]),
        charge_id=charge_id,
        status=word(source["state" if is_old else "status"], _REFUNDS),
        currency=currency_of(source["amount"]),
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


def authorization(source: Node) -> Iterator[Change]:
    """Translate an authorization."""
    status = word(source["status"], _AUTHORIZATIONS)
    amount = amount_of(source["amount"])
    is_held = status == PaymentIntentStatus.REQUIRES_CAPTURE
    yield PaymentIntentChange(
        provider_id=identity(source["id"]),
        revision=revision(source),
        created_at=instant(source["create_time"]),
        metadata=attached(source),
        status=status,
        currency=currency_of(source["amount"]),
        amount=amount,
        amount_capturable=amount if is_held else 0,
    )


def order(source: Node) -> Iterator[Change]:
    """Translate an order, with its payer."""
    unit = next(iter(source["purchase_units"]), Node(UNKNOWN))
    payer, status = source["payer"], word(source["status"], _ORDERS)
    is_paid = status == CheckoutStatus.COMPLETE
    yield CheckoutSessionChange(
        provider_id=identity(source["id"]),
        revision=revision(source),
        created_at=instant(source["create_time"]),
        customer_id=named(payer["payer_id"]),
        client_reference_id=known(text(unit["custom_id"]), "") or text(unit["reference_id"]),
        customer_email=text(payer["email_address"], limit=512),
        mode="payment",
        status=status,
        payment_status=CheckoutPaymentStatus.PAID if is_paid else CheckoutPaymentStatus.UNPAID,
        currency=currency_of(unit["amount"]),
        amount_total=amount_of(unit["amount"]),
    )
    yield from customer(payer)


def dispute(source: Node) -> Iterator[Change]:
    """Translate a dispute."""
    disputed = next(iter(source["disputed_transactions"]), Node(UNKNOWN))
    charge_id = named(disputed["seller_transaction_id"])
    yield DisputeChange(
        provider_id=identity(source["dispute_id"]),
        revision=revision(source),
        created_at=instant(source["create_time"]),
        charge_id=charge_id,
        status=_dispute_status(source),
        currency=currency_of(source["dispute_amount"]),
        amount=amount_of(source["dispute_amount"]),
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
