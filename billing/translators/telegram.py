"""Translates Telegram's payments to changes, those in its Stars (`xtr`) as well.

https://core.telegram.org/bots/api#successfulpayment, https://core.telegram.org/bots/api#refundedpayment
"""

from collections.abc import Iterator
from datetime import datetime
from typing import Final

from billing.changes import (
    Change,
    ChargeChange,
    CustomerChange,
    Moment,
    RefundChange,
    SubscriptionChange,
    SubscriptionItem,
    Text,
)
from billing.statuses import ChargeStatus, RefundStatus, SubscriptionStatus
from billing.translators.base import Translator
from billing.translators.fields import Node, integer, known, prose, text
from billing.translators.moments import moment
from webhooks.events import Event
from webhooks.exceptions import PermanentFailure

_REFUNDED: Final = "message.refunded_payment"


def translate(event: Event) -> list[Change]:
    """Return the changes that a payment, or a refund, tells of.

    Raises `PermanentFailure` for what is not of Telegram's shape or cannot be stored.
    """
    message = Node(event.payload)["message"]
    at = moment(message["date"])
    if event.type == _REFUNDED:
        return list(_refunded(message["refunded_payment"], at))
    return list(_paid(message, message["successful_payment"], at))


def _paid(message: Node, payment: Node, at: Moment) -> Iterator[Change]:
    payer = message["from"]
    customer_id, amount = _number(payer["id"]), integer(payment["total_amount"])
    names = [known(prose(payer[name]), "") for name in ("first_name", "last_name")]
    # Erased where it was somebody's words: of it no other subscription may be made.
    bought = known(prose(payment["invoice_payload"]), "")
    yield CustomerChange(
        provider_id=customer_id,
        name=" ".join(filter(None, names)),
        email=text(payment["order_info"]["email"], limit=512),
        phone=prose(payment["order_info"]["phone_number"]),
    )
    yield ChargeChange(
        provider_id=_charge_id(payment),
        created_at=at,
        customer_id=customer_id,
        status=ChargeStatus.SUCCEEDED,
        currency=_currency(payment),
        amount=amount,
        amount_captured=amount,
        paid=True,
        captured=True,
        metadata={"invoice_payload": bought} if bought else {},
    )
    ends = moment(payment["subscription_expiration_date"])
    if bought and isinstance(ends, datetime):
        yield _subscription(payment, customer_id, at, ends)


def _subscription(
    payment: Node, customer_id: str, at: Moment, ends: datetime
) -> SubscriptionChange:
    """Return the subscription that a payment carries on: one for each payer and payload.

    Telegram gives it no id of its own, and sends nothing when it is canceled: it ends by its time.
    """
    product = known(text(payment["invoice_payload"]), "")
    item = SubscriptionItem(
        id=product,
        price_id="",
        product_id=product,
        quantity=1,
        unit_amount=known(integer(payment["total_amount"]), None),
        # The one period that there is: 30 days.
        interval="month",
        current_period_end=ends.isoformat(),
    )
    return SubscriptionChange(
        provider_id=f"{customer_id}:{product}",
        customer_id=customer_id,
        status=SubscriptionStatus.ACTIVE,
        currency=_currency(payment),
        items=[item],
        current_period_start=at,
        current_period_end=ends,
    )


def _refunded(payment: Node, at: Moment) -> Iterator[Change]:
    charge_id, amount = _charge_id(payment), integer(payment["total_amount"])
    yield ChargeChange(provider_id=charge_id, complete=False, amount_refunded=amount, refunded=True)
    # There are refunds of the whole alone, so one for each charge.
    yield RefundChange(
        provider_id=f"refund:{charge_id}",
        created_at=at,
        charge_id=charge_id,
        status=RefundStatus.SUCCEEDED,
        currency=_currency(payment),
        amount=amount,
    )


def _charge_id(payment: Node) -> str:
    found = known(text(payment["telegram_payment_charge_id"], limit=240), "")
    if not found:
        raise PermanentFailure(f"{payment.path}.telegram_payment_charge_id: expected an id")
    return found


def _currency(payment: Node) -> Text:
    found = text(payment["currency"])
    return found.lower() if isinstance(found, str) else found


def _number(node: Node) -> str:
    found = integer(node)
    if not isinstance(found, int):
        raise PermanentFailure(f"{node.path}: expected an integer")
    return str(found)


TRANSLATOR: Final = Translator(
    provider="telegram",
    event_types=("message.successful_payment", _REFUNDED),
    translate=translate,
)
