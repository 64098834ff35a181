"""A subscription that is renewed, refunded in part, fails, recovers and ends, and an order.

The shapes are those of https://docs.lemonsqueezy.com/help/webhooks/example-payloads and of
https://docs.lemonsqueezy.com/api/subscription-invoices/the-subscription-invoice-object.
"""

from datetime import UTC, datetime
from typing import Any, Final

from billing.models import Charge, Customer, Invoice, Subscription
from billing.testing.lives import Life

_OF: Final = {"store_id": 1, "customer_id": 7, "user_name": "Ada L", "user_email": "ada@x.test"}


def _event(name: str, kind: str, number: int, at: str, **attributes: Any) -> dict[str, Any]:
    return {
        "meta": {"test_mode": True, "event_name": name, "custom_data": {"user": "17"}},
        "data": {
            "type": kind,
            "id": str(number),
            "attributes": {
                **_OF,
                "created_at": "2026-03-01T10:00:00.000000Z",
                "updated_at": at,
                "test_mode": True,
                **attributes,
            },
        },
    }


def order(name: str, at: str, **attributes: Any) -> dict[str, Any]:
    whole: dict[str, Any] = {
        "identifier": "104e18a2-d755-4d4b-80c4-a6c1dcbe1c10",
        "order_number": 1,
        "currency": "USD",
        "currency_rate": "1.0000",
        "subtotal": 999,
        "discount_total": 0,
        "tax": 200,
        "total": 1199,
        "status": "paid",
        "refunded": False,
        "refunded_at": None,
        "refunded_amount": 0,
        "first_order_item": {"id": 1, "order_id": 1, "product_id": 3, "variant_id": 4},
    }
    return _event(name, "orders", 1, at, **whole | attributes)


def subscription(name: str, at: str, **attributes: Any) -> dict[str, Any]:
    whole: dict[str, Any] = {
        "order_id": 1,
        "order_item_id": 1,
        "product_id": 3,
        "variant_id": 4,
        "product_name": "Gold",
        "variant_name": "Monthly",
        "status": "active",
        "status_formatted": "Active",
        "card_brand": "visa",
        "card_last_four": "4242",
        "pause": None,
        "cancelled": False,
        "trial_ends_at": None,
        "billing_anchor": 1,
        "first_subscription_item": {
            "id": 11,
            "subscription_id": 2,
            "price_id": 5,
            "quantity": 2,
            "is_usage_based": False,
        },
        "renews_at": "2026-04-01T10:00:00.000000Z",
        "ends_at": None,
    }
    return _event(name, "subscriptions", 2, at, **whole | attributes)


def invoice(name: str, number: int, at: str, **attributes: Any) -> dict[str, Any]:
    whole: dict[str, Any] = {
        "subscription_id": 2,
        "billing_reason": "renewal",
        "card_brand": "visa",
        "card_last_four": "4242",
        "currency": "USD",
        "status": "paid",
        "refunded": False,
        "refunded_at": None,
        "subtotal": 999,
        "discount_total": 0,
        "tax": 200,
        "total": 1199,
        "refunded_amount": 0,
    }
    return _event(name, "subscription-invoices", number, at, **whole | attributes)


_MAY: Final = "2026-05-01T10:00:00.000000Z"

LIFE: Final = Life(
    provider="lemonsqueezy",
    deliveries=[
        order("order_created", "2026-03-01T10:00:00.000000Z"),
        subscription("subscription_created", "2026-03-01T10:00:01.100000Z"),
        invoice(
            "subscription_payment_success",
            21,
            "2026-03-01T10:00:01.000000Z",
            billing_reason="initial",
        ),
        invoice("subscription_payment_success", 22, "2026-04-01T10:00:02.000000Z"),
        subscription("subscription_updated", "2026-04-01T10:00:02.000001Z", renews_at=_MAY),
        invoice(
            "subscription_payment_refunded",
            22,
            "2026-04-02T09:00:00.000000Z",
            status="partial_refund",
            refunded=True,
            refunded_at="2026-04-02T09:00:00.000000Z",
            refunded_amount=300,
        ),
        order(
            "order_refunded",
            "2026-04-03T09:00:00.000000Z",
            status="refunded",
            refunded=True,
            refunded_at="2026-04-03T09:00:00.000000Z",
            refunded_amount=1199,
        ),
        invoice("subscription_payment_failed", 23, "2026-05-01T10:00:01.000000Z", status="pending"),
        # Twice within a second: the microseconds tell which came last.
        subscription(
            "subscription_updated", "2026-05-01T10:00:01.200000Z", status="past_due", renews_at=_MAY
        ),
        invoice("subscription_payment_recovered", 23, "2026-05-04T10:00:01.000000Z"),
        subscription(
            "subscription_updated",
            "2026-05-04T10:00:01.900000Z",
            renews_at="2026-06-01T10:00:00.000000Z",
        ),
        subscription(
            "subscription_cancelled",
            "2026-05-20T10:00:00.000000Z",
            status="cancelled",
            cancelled=True,
            renews_at="2026-06-01T10:00:00.000000Z",
            ends_at="2026-06-01T10:00:00.000000Z",
        ),
        subscription(
            "subscription_expired",
            "2026-06-01T10:00:03.000000Z",
            status="expired",
            cancelled=True,
            renews_at="2026-06-01T10:00:00.000000Z",
            ends_at="2026-06-01T10:00:00.000000Z",
        ),
        {"meta": {"event_name": "license_key_created"}, "data": {"type": "license-keys"}},
    ],
    rows={
        Customer: {"7": {"name": "Ada L", "email": "ada@x.test", "livemode": False}},
        Charge: {
            "1": {"status": "succeeded", "amount": 1199, "amount_refunded": 1199, "refunded": True},
            "invoice:22": {"status": "succeeded", "amount_refunded": 300, "refunded": False},
            "invoice:23": {"status": "succeeded", "amount": 1199, "card_last4": "4242"},
        },
        Invoice: {
            "21": {"status": "paid", "billing_reason": "initial", "charge_id": ""},
            "22": {"status": "paid", "subscription_id": "2", "charge_id": "invoice:22"},
            "23": {"status": "paid", "amount_paid": 1199, "amount_remaining": 0},
        },
        Subscription: {
            "2": {
                "status": "canceled",
                "customer_id": "7",
                "ended_at": datetime(2026, 6, 1, 10, tzinfo=UTC),
                "cancel_at": None,
            }
        },
    },
)
