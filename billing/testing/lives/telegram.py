"""A subscription in Stars: https://core.telegram.org/bots/api#successfulpayment."""

from datetime import UTC, datetime, timedelta
from typing import Any, Final

from billing.models import Charge, Customer, Refund, Subscription
from billing.testing.lives import Life

FIRST: Final = datetime(2026, 3, 1, tzinfo=UTC)
MONTH: Final = timedelta(days=30)


def message(update_id: int, at: datetime, **content: Any) -> dict[str, Any]:
    return {
        "update_id": update_id,
        "message": {
            "message_id": update_id,
            "from": {"id": 42, "is_bot": False, "first_name": "Ada", "last_name": "L"},
            "chat": {"id": 42, "type": "private"},
            "date": int(at.timestamp()),
            **content,
        },
    }


def paid(update_id: int, at: datetime, charge: str, **more: Any) -> dict[str, Any]:
    payment = {
        "currency": "XTR",
        "total_amount": 250,
        "invoice_payload": "gold",
        "telegram_payment_charge_id": charge,
        "provider_payment_charge_id": "",
        **more,
    }
    return message(update_id, at, successful_payment=payment)


def refunded(update_id: int, at: datetime, charge: str) -> dict[str, Any]:
    payment = {
        "currency": "XTR",
        "total_amount": 250,
        "invoice_payload": "gold",
        "telegram_payment_charge_id": charge,
    }
    return message(update_id, at, refunded_payment=payment)


def renewal(update_id: int, number: int) -> dict[str, Any]:
    at = FIRST + number * MONTH
    return paid(
        update_id,
        at,
        f"stx{number}",
        subscription_expiration_date=int((at + MONTH).timestamp()),
        is_recurring=True,
    )


_CHARGE: Final = {"amount": 250, "currency": "xtr", "status": "succeeded", "customer_id": "42"}

LIFE: Final = Life(
    provider="telegram",
    secret="OursAndNobodyElses_OursAndNobodyElses",
    deliveries=[
        renewal(1, 0),
        renewal(7, 1),
        renewal(9, 2),
        refunded(12, FIRST + MONTH + timedelta(hours=1), "stx1"),
    ],
    rows={
        Customer: {"42": {"name": "Ada L"}},
        Charge: {
            "stx0": {**_CHARGE, "amount_refunded": None},
            "stx1": {**_CHARGE, "amount_refunded": 250, "refunded": True},
            "stx2": {**_CHARGE, "amount_refunded": None},
        },
        Refund: {
            "refund:stx1": {"charge_id": "stx1", "amount": 250, "status": "succeeded"},
        },
        Subscription: {"42:gold": {"current_period_end": FIRST + 3 * MONTH, "status": "active"}},
    },
)
