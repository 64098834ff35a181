"""A subscription with a trial, its bills, a refund, a chargeback and its end; a payout.

The shapes are those of https://developer.paddle.com/webhooks/transactions/transaction-completed,
…/adjustments/adjustment-created, …/subscriptions/subscription-updated, …/customers/customer-created
and …/payouts/payout-paid.
"""

from datetime import UTC, datetime
from typing import Any, Final

from billing.models import Charge, Customer, Dispute, Invoice, Payout, Refund, Subscription
from billing.testing.lives import Life

FIRST: Final = "txn_01hv8wptq8987qeep44cyrewp9"
SECOND: Final = "txn_01hv8x1tpjfnttxddw73xnqx6s"
SUBSCRIPTION: Final = "sub_01hv8x29kz0t586xy6zn1a62ny"
CUSTOMER: Final = "ctm_01hv6y1jedq4p1n0yqn5ba3ky4"


def event(number: int, type_: str, at: str, **data: Any) -> dict[str, Any]:
    return {
        "event_id": f"evt_01hv8x2az2zz2kmrq3a8mwp{number:03}",
        "event_type": type_,
        "occurred_at": at,
        "notification_id": f"ntf_01hv8x2b0f7q00000000000{number:03}",
        "data": data,
    }


def attempt(status: str, error: str | None = None) -> dict[str, Any]:
    return {
        "payment_attempt_id": "7e8b2a4c-3f0d-4d6e-9a51-2f6f6d1f0a11",
        "stored_payment_method_id": "281ff2ca-8550-42b9-bf39-15948e7de62d",
        "amount": "2400",
        "status": status,
        "error_code": error,
        "method_details": {
            "type": "card",
            "card": {"type": "visa", "last4": "3184", "expiry_month": 1, "expiry_year": 2030},
        },
        "created_at": "2026-03-01T10:00:00.000000Z",
        "captured_at": None,
    }


def transaction(number: int, id_: str, at: str, status: str, *payments: Any) -> dict[str, Any]:
    return event(
        number,
        f"transaction.{status}",
        at,
        id=id_,
        status=status,
        customer_id=CUSTOMER,
        address_id="add_01hv8gq3318ktkfengj2r75gfx",
        business_id=None,
        custom_data={"seats": 2, "team": "blue"},
        currency_code="USD",
        origin="subscription_recurring",
        subscription_id=SUBSCRIPTION,
        invoice_id=None,
        invoice_number="325-10566" if id_ == FIRST else None,
        collection_mode="automatic",
        discount_id=None,
        billing_period={
            "starts_at": "2026-03-15T00:00:00.000000Z",
            "ends_at": "2026-04-15T00:00:00.000000Z",
        },
        details={
            "totals": {
                "subtotal": "2000",
                "discount": "0",
                "tax": "400",
                "total": "2400",
                "credit": "0",
                "balance": "0" if status == "completed" else "2400",
                "grand_total": "2400",
                "fee": None,
                "earnings": None,
                "currency_code": "USD",
            }
        },
        payments=list(payments),
        created_at="2026-03-15T00:00:00.000000Z",
        updated_at=at,
        billed_at="2026-03-15T00:00:00.000000Z",
    )


def adjustment(number: int, id_: str, at: str, action: str, status: str, total: str) -> Any:
    return event(
        number,
        "adjustment.updated",
        at,
        id=id_,
        action=action,
        transaction_id=FIRST,
        subscription_id=SUBSCRIPTION,
        customer_id=CUSTOMER,
        reason="error",
        currency_code="USD",
        status=status,
        totals={"subtotal": total, "tax": "0", "total": total, "currency_code": "USD"},
        created_at="2026-03-20T10:00:00.000000Z",
        updated_at=at,
    )


def subscription(number: int, at: str, status: str, ends: str, **changed: Any) -> dict[str, Any]:
    whole: dict[str, Any] = {
        "id": SUBSCRIPTION,
        "status": status,
        "customer_id": CUSTOMER,
        "currency_code": "USD",
        "created_at": "2026-03-01T10:00:00.000000Z",
        "updated_at": at,
        "started_at": "2026-03-01T10:00:00.000000Z",
        "first_billed_at": None,
        "next_billed_at": ends,
        "paused_at": None,
        "canceled_at": None,
        "collection_mode": "automatic",
        "current_billing_period": {"starts_at": "2026-03-01T10:00:00.000000Z", "ends_at": ends},
        "billing_cycle": {"frequency": 1, "interval": "month"},
        "scheduled_change": None,
        "items": [
            {
                "status": "active",
                "quantity": 2,
                "recurring": True,
                "next_billed_at": ends,
                "trial_dates": None,
                "price": {
                    "id": "pri_01gsz8x8sawmvhz1pv30nge1ke",
                    "product_id": "pro_01gsz4t5hdjse780zja8vvr7jg",
                    "billing_cycle": {"interval": "month", "frequency": 1},
                    "unit_price": {"amount": "1000", "currency_code": "USD"},
                },
            }
        ],
        "custom_data": None,
    }
    return event(number, "subscription.updated", at, **whole | changed)


def customer(number: int, at: str, name: str) -> dict[str, Any]:
    return event(
        number,
        "customer.updated",
        at,
        id=CUSTOMER,
        name=name,
        email="ada@x.test",
        status="active",
        custom_data=None,
        created_at="2026-03-01T09:00:00.000000Z",
        updated_at=at,
    )


_MARCH: Final = "2026-03-15T00:00:00.000000Z"
_APRIL: Final = "2026-04-15T00:00:00.000000Z"
_MAY: Final = "2026-05-15T00:00:00.000000Z"

LIFE: Final = Life(
    provider="paddle",
    deliveries=[
        customer(1, "2026-03-01T09:00:00.000000Z", "Adda L"),
        customer(2, "2026-03-01T09:00:00.000007Z", "Ada L"),
        subscription(3, "2026-03-01T10:00:00.000000Z", "trialing", _MARCH),
        transaction(4, FIRST, "2026-03-15T00:00:01.000001Z", "billed"),
        transaction(
            5, FIRST, "2026-03-15T00:00:01.000002Z", "past_due", attempt("error", "declined")
        ),
        subscription(6, "2026-03-15T00:00:01.000003Z", "past_due", _APRIL),
        transaction(
            7,
            FIRST,
            "2026-03-16T00:00:01.000000Z",
            "completed",
            attempt("captured"),
            attempt("error", "declined"),
        ),
        subscription(8, "2026-03-16T00:00:01.100000Z", "active", _APRIL),
        adjustment(
            9, "adj_one", "2026-03-20T10:00:00.000000Z", "refund", "pending_approval", "500"
        ),
        adjustment(10, "adj_one", "2026-03-20T10:00:09.000000Z", "refund", "approved", "500"),
        adjustment(11, "adj_two", "2026-03-21T10:00:09.000000Z", "refund", "rejected", "900"),
        adjustment(12, "adj_cb", "2026-03-25T10:00:09.000000Z", "chargeback", "approved", "1900"),
        adjustment(13, "adj_cr", "2026-03-26T10:00:09.000000Z", "credit", "approved", "100"),
        transaction(14, SECOND, "2026-04-15T00:00:01.000000Z", "completed", attempt("captured")),
        subscription(15, "2026-04-15T00:00:02.000000Z", "active", _MAY),
        subscription(
            16,
            "2026-04-20T00:00:02.000000Z",
            "active",
            _MAY,
            scheduled_change={"action": "cancel", "effective_at": _MAY, "resume_at": None},
        ),
        subscription(
            17,
            "2026-05-15T00:00:02.000000Z",
            "canceled",
            _MAY,
            canceled_at=_MAY,
            current_billing_period=None,
        ),
        event(
            18,
            "payout.created",
            "2026-05-01T00:00:00.000000Z",
            id="pay_01gsz4vmqbjk3x4vvtafffd540",
            status="unpaid",
            amount="10000",
            currency_code="USD",
        ),
        event(
            19,
            "payout.paid",
            "2026-05-03T00:00:00.000000Z",
            id="pay_01gsz4vmqbjk3x4vvtafffd540",
            status="paid",
            amount="10000",
            currency_code="USD",
        ),
        event(20, "address.created", "2026-05-03T00:00:00.000000Z", id="add_1"),
    ],
    rows={
        Customer: {CUSTOMER: {"name": "Ada L", "email": "ada@x.test"}},
        Charge: {
            FIRST: {
                "status": "succeeded",
                "amount": 2400,
                "amount_refunded": 500,
                "refunded": False,
                "disputed": True,
                "failure_code": "",
                "card_last4": "3184",
            },
            SECOND: {"status": "succeeded", "amount_refunded": 0, "currency": "usd"},
        },
        Invoice: {
            FIRST: {
                "status": "paid",
                "number": "325-10566",
                "total": 2400,
                "amount_remaining": 0,
                "metadata": {"seats": "2", "team": "blue"},
            },
            SECOND: {"status": "paid", "subscription_id": SUBSCRIPTION},
        },
        Refund: {
            "adj_one": {"status": "succeeded", "amount": 500, "charge_id": FIRST},
            "adj_two": {"status": "canceled", "amount": 900},
        },
        Dispute: {"adj_cb": {"status": "lost", "amount": 1900, "charge_id": FIRST}},
        Subscription: {
            SUBSCRIPTION: {
                "status": "canceled",
                "cancel_at": None,
                "ended_at": datetime(2026, 5, 15, tzinfo=UTC),
            }
        },
        Payout: {"pay_01gsz4vmqbjk3x4vvtafffd540": {"status": "paid", "amount": 10000}},
    },
)
