"""A payment that fails, succeeds late, is refunded and disputed, and a subscription.

The shapes are those of https://razorpay.com/docs/webhooks/payloads/payments/, …/refunds/,
…/disputes/, …/subscriptions/, …/invoices/ and …/settlements/.
"""

from datetime import UTC, datetime
from typing import Any, Final

from billing.models import Charge, Customer, Dispute, Invoice, Payout, Refund, Subscription
from billing.testing.lives import Life

FIRST: Final = 1_772_359_200
_DAY: Final = 86_400


def event(type_: str, at: int, **entities: dict[str, Any]) -> dict[str, Any]:
    return {
        "entity": "event",
        "account_id": "acc_BFQ7uQEaa7j2z7",
        "event": type_,
        "contains": [*entities],
        "payload": {kind: {"entity": {"entity": kind} | one} for kind, one in entities.items()},
        "created_at": FIRST + at,
    }


def payment(id_: str = "pay_DESlfW9H8K9uqM", **changed: Any) -> dict[str, Any]:
    whole: dict[str, Any] = {
        "id": id_,
        "amount": 1000,
        "currency": "INR",
        "status": "captured",
        "order_id": "order_DESlLckIVRkHWj",
        "invoice_id": None,
        "international": False,
        "method": "card",
        "amount_refunded": 0,
        "refund_status": None,
        "captured": True,
        "description": None,
        "card_id": "card_DESlfcNMCTPKgd",
        "card": {"id": "card_DESlfcNMCTPKgd", "last4": "1111", "network": "Visa"},
        "bank": None,
        "wallet": None,
        "vpa": None,
        "email": "ada@x.test",
        "contact": "+919876543210",
        "customer_id": "cust_DCXchc5P2rZbn3",
        "notes": [],
        "fee": 24,
        "tax": 4,
        "error_code": None,
        "error_description": None,
        "created_at": FIRST,
    }
    return whole | changed


def refund(status: str, amount: int = 300) -> dict[str, Any]:
    return {
        "id": "rfnd_DEl9sXqLZ0xmSJ",
        "amount": amount,
        "currency": "INR",
        "payment_id": "pay_DESlfW9H8K9uqM",
        "notes": {"why": "late"},
        "receipt": None,
        "status": status,
        "speed_processed": "normal",
        "created_at": FIRST + 2 * _DAY,
    }


def dispute(status: str) -> dict[str, Any]:
    return {
        "id": "disp_EsIAlDcoUr8CaQ",
        "payment_id": "pay_DESlfW9H8K9uqM",
        "amount": 700,
        "currency": "INR",
        "amount_deducted": 0,
        "reason_code": "processing_error",
        "respond_by": FIRST + 20 * _DAY,
        "status": status,
        "phase": "chargeback",
        "created_at": FIRST + 10 * _DAY,
    }


def subscription(status: str, paid: int, **changed: Any) -> dict[str, Any]:
    whole: dict[str, Any] = {
        "id": "sub_DEX6xcJ1HSW4CR",
        "plan_id": "plan_BvrFKjSxauOH7N",
        "customer_id": "cust_DCXchc5P2rZbn3",
        "status": status,
        "current_start": FIRST + (paid - 1) * 30 * _DAY if paid else None,
        "current_end": FIRST + paid * 30 * _DAY if paid else None,
        "ended_at": None,
        "quantity": 1,
        "notes": {"important": "notes"},
        "charge_at": FIRST + paid * 30 * _DAY,
        "start_at": FIRST,
        "end_at": FIRST + 360 * _DAY,
        "auth_attempts": 0,
        "total_count": 12,
        "paid_count": paid,
        "created_at": FIRST - 60,
    }
    return whole | changed


def invoice(status: str, **changed: Any) -> dict[str, Any]:
    whole: dict[str, Any] = {
        "id": "inv_DEX6xmYxnzWYKG",
        "receipt": None,
        "invoice_number": "7",
        "customer_id": "cust_DCXchc5P2rZbn3",
        "order_id": "order_DEX6xoVwOxzWZY",
        "subscription_id": "sub_DEX6xcJ1HSW4CR",
        "payment_id": None,
        "status": status,
        "expire_by": None,
        "issued_at": FIRST,
        "paid_at": None,
        "cancelled_at": None,
        "expired_at": None,
        "amount": 500,
        "amount_paid": 0,
        "amount_due": 500,
        "currency": "INR",
        "notes": [],
        "billing_start": FIRST,
        "billing_end": FIRST + 30 * _DAY,
        "created_at": FIRST,
    }
    return whole | changed


_FAILED: Final[dict[str, Any]] = {
    "status": "failed",
    "captured": False,
    "error_code": "BAD_REQUEST_ERROR",
    "error_description": "Payment failed",
}
_MONTHLY: Final = "pay_DEXFWroJ6LikKT"

LIFE: Final = Life(
    provider="razorpay",
    deliveries=[
        event("payment.failed", 10, payment=payment(**_FAILED)),
        event("payment.authorized", 600, payment=payment(status="authorized", captured=False)),
        event("payment.captured", 600, payment=payment()),
        event(
            "order.paid",
            600,
            payment=payment(),
            order={"id": "order_DESlLckIVRkHWj", "status": "paid"},
        ),
        event(
            "refund.created",
            2 * _DAY,
            refund=refund("pending"),
            payment=payment(amount_refunded=300, refund_status="partial"),
        ),
        event(
            "refund.processed",
            2 * _DAY + 9,
            refund=refund("processed"),
            payment=payment(amount_refunded=300, refund_status="partial"),
        ),
        event("payment.dispute.created", 10 * _DAY, dispute=dispute("open")),
        event("payment.dispute.under_review", 12 * _DAY, dispute=dispute("under_review")),
        event("payment.dispute.lost", 19 * _DAY, dispute=dispute("lost")),
        event("subscription.authenticated", -30, subscription=subscription("authenticated", 0)),
        event("subscription.activated", 0, subscription=subscription("active", 1)),
        event("invoice.partially_paid", 1, invoice=invoice("partially_paid", amount_paid=100)),
        event(
            "invoice.paid",
            2,
            invoice=invoice(
                "paid", amount_paid=500, amount_due=0, payment_id=_MONTHLY, paid_at=FIRST + 2
            ),
        ),
        event(
            "subscription.charged",
            30 * _DAY,
            subscription=subscription("active", 2),
            payment=payment(_MONTHLY, amount=500, invoice_id="inv_DEX6xmYxnzWYKG"),
        ),
        event("subscription.pending", 60 * _DAY, subscription=subscription("pending", 2)),
        event("subscription.halted", 63 * _DAY, subscription=subscription("halted", 2)),
        event("subscription.activated", 65 * _DAY, subscription=subscription("active", 3)),
        event(
            "subscription.cancelled",
            70 * _DAY,
            subscription=subscription("cancelled", 3, ended_at=FIRST + 70 * _DAY),
        ),
        event(
            "settlement.processed",
            3 * _DAY,
            settlement={
                "id": "setl_DGlQ1Rj8os78Ec",
                "amount": 9973635,
                "status": "processed",
                "fees": 0,
                "tax": 0,
                "utr": "1568176960vxp0rj",
                "created_at": FIRST + 3 * _DAY,
            },
        ),
        event("payment_link.paid", 3 * _DAY, payment_link={"id": "plink_EsIAlDcoUr8CaQ"}),
    ],
    rows={
        Customer: {
            "cust_DCXchc5P2rZbn3": {"email": "ada@x.test", "phone": "+919876543210"},
        },
        Charge: {
            "pay_DESlfW9H8K9uqM": {
                "status": "succeeded",
                "amount": 1000,
                "amount_refunded": 300,
                "refunded": False,
                "currency": "inr",
                "card_last4": "1111",
                "failure_code": "",
            },
            _MONTHLY: {"status": "succeeded", "invoice_id": "inv_DEX6xmYxnzWYKG"},
        },
        Refund: {"rfnd_DEl9sXqLZ0xmSJ": {"status": "succeeded", "amount": 300}},
        Dispute: {"disp_EsIAlDcoUr8CaQ": {"status": "lost", "charge_id": "pay_DESlfW9H8K9uqM"}},
        Invoice: {
            "inv_DEX6xmYxnzWYKG": {
                "status": "paid",
                "charge_id": _MONTHLY,
                "amount_paid": 500,
                "subscription_id": "sub_DEX6xcJ1HSW4CR",
            }
        },
        Subscription: {
            "sub_DEX6xcJ1HSW4CR": {
                "status": "canceled",
                "ended_at": datetime.fromtimestamp(FIRST + 70 * _DAY, UTC),
            }
        },
        Payout: {"setl_DGlQ1Rj8os78Ec": {"status": "paid", "amount": 9973635}},
    },
)
