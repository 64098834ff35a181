"""A payment that fails late and is tried again, a refund that bounces, a subscription, a payout.

The shapes are those of https://developer.gocardless.com/api-reference/#appendix-webhooks and of
the resources there. What the API would answer in the end is in `ANSWERS`.
"""

from datetime import UTC, datetime
from typing import Any, Final

from billing.models import Charge, Customer, Payout, Refund, Subscription
from billing.testing.lives import Life, Rows

_DAY: Final = "2026-03-{:02}T10:00:00.000Z"


def event(number: int, day: int, kind: str, action: str, **links: str) -> dict[str, Any]:
    return {
        "id": f"EV{number:06}",
        "created_at": _DAY.format(day),
        "resource_type": kind,
        "action": action,
        "links": {**links, "organisation": "OR123"},
        "details": {
            "origin": "bank",
            "cause": f"{kind}_{action}",
            "description": "What a person would read",
            "scheme": "bacs",
            "reason_code": "ADDACS-B",
        },
        "metadata": {},
    }


def delivery(*events: dict[str, Any]) -> dict[str, Any]:
    return {"events": list(events), "meta": {"webhook_id": "WB123"}}


_PAYMENT: Final = {
    "id": "PM123",
    "created_at": _DAY.format(1),
    "charge_date": "2026-03-04",
    "amount": 1000,
    "description": None,
    "currency": "GBP",
    "status": "paid_out",
    "amount_refunded": 0,
    "reference": "WINEBOX001",
    "metadata": {"order_dispatch_date": "2026-05-22"},
    "fx": {"fx_currency": "EUR", "fx_amount": None},
    "links": {"mandate": "MD123", "creditor": "CR123"},
}

ANSWERS: Final[dict[str, dict[str, Any]]] = {
    "/payments/PM123": {"payments": _PAYMENT},
    "/payments/PM456": {
        "payments": {**_PAYMENT, "id": "PM456", "status": "charged_back", "amount": 700}
    },
    "/refunds/RF123": {
        "refunds": {
            "id": "RF123",
            "amount": 150,
            "created_at": _DAY.format(10),
            "currency": "GBP",
            "reference": "partial refund",
            "status": "bounced",
            "metadata": {},
            "links": {"payment": "PM123", "mandate": "MD123"},
        }
    },
    "/subscriptions/SB123": {
        "subscriptions": {
            "id": "SB123",
            "created_at": _DAY.format(1),
            "amount": 2500,
            "currency": "GBP",
            "status": "cancelled",
            "name": "Monthly Magazine",
            "start_date": "2026-03-05",
            "end_date": None,
            "interval": 1,
            "interval_unit": "monthly",
            "day_of_month": 1,
            "upcoming_payments": [],
            "metadata": {"order_no": "ABCD1234"},
            "links": {"mandate": "MD123"},
        }
    },
    "/payouts/PO123": {
        "payouts": {
            "id": "PO123",
            "amount": 1000,
            "arrival_date": "2026-03-09",
            "created_at": _DAY.format(8),
            "currency": "GBP",
            "deducted_fees": 20,
            "payout_type": "merchant",
            "reference": "ref-1",
            "status": "paid",
            "links": {"creditor": "CR123"},
        }
    },
    "/customers/CU123": {
        "customers": {
            "id": "CU123",
            "created_at": _DAY.format(1),
            "email": "ada@x.test",
            "given_name": "Ada",
            "family_name": "Lovelace",
            "company_name": None,
            "phone_number": None,
            "metadata": {},
        }
    },
}

_NOTHING: Final[dict[str, Any]] = {"amount": None}

LIFE: Final = Life(
    provider="gocardless",
    deliveries=[
        delivery(
            event(1, 1, "customers", "created", customer="CU123"),
            event(2, 1, "payments", "created", payment="PM123"),
        ),
        delivery(
            event(3, 2, "payments", "submitted", payment="PM123"),
            event(4, 4, "payments", "confirmed", payment="PM123"),
        ),
        delivery(event(5, 5, "payments", "failed", payment="PM123")),
        delivery(event(6, 6, "payments", "resubmission_requested", payment="PM123")),
        delivery(
            event(7, 8, "payments", "confirmed", payment="PM123"),
            event(8, 9, "payments", "paid_out", payment="PM123", payout="PO123"),
            event(9, 9, "payouts", "paid", payout="PO123"),
        ),
        delivery(event(10, 10, "refunds", "created", refund="RF123")),
        delivery(event(11, 12, "refunds", "paid", refund="RF123")),
        delivery(event(12, 20, "refunds", "bounced", refund="RF123")),
        delivery(event(13, 2, "subscriptions", "created", subscription="SB123")),
        delivery(event(14, 3, "subscriptions", "payment_created", subscription="SB123")),
        delivery(event(15, 28, "subscriptions", "cancelled", subscription="SB123")),
        delivery(
            event(16, 15, "payments", "confirmed", payment="PM456"),
            event(17, 25, "payments", "charged_back", payment="PM456"),
        ),
        delivery(event(18, 2, "mandates", "active", mandate="MD123")),
    ],
    rows={
        Customer: {"CU123": {"email": ""}},
        Charge: {"PM123": {"status": "succeeded", **_NOTHING}, "PM456": {"disputed": True}},
        Refund: {"RF123": {"status": "failed", **_NOTHING}},
        Subscription: {"SB123": {"status": "canceled"}},
        Payout: {"PO123": {"status": "paid", **_NOTHING}},
    },
    may_doubt=frozenset({"CU123", "PM123", "PM456", "RF123", "SB123", "PO123"}),
)

ANSWERED: Final[Rows] = {
    Customer: {"CU123": {"email": "ada@x.test", "name": "Ada Lovelace"}},
    Charge: {
        "PM123": {"status": "succeeded", "amount": 1000, "currency": "gbp", "disputed": False},
        "PM456": {"status": "succeeded", "amount": 700, "disputed": True},
    },
    Refund: {"RF123": {"status": "failed", "amount": 150, "charge_id": "PM123"}},
    Subscription: {
        "SB123": {
            "status": "canceled",
            "currency": "gbp",
            "started_at": datetime(2026, 3, 5, tzinfo=UTC),
        }
    },
    Payout: {"PO123": {"status": "paid", "amount": 1000}},
}
"""What is stored once each object was asked for."""
