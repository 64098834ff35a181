"""A payment that is refunded twice and disputed, and a subscription with its invoices.

The shapes are those of https://developer.squareup.com/reference/square/webhooks: `payment.updated`,
`refund.updated`, `dispute.state.updated`, `customer.updated`, `invoice.payment_made`,
`subscription.updated`, `payout.paid`.
"""

from datetime import UTC, datetime
from typing import Any, Final

from billing.models import Charge, Customer, Dispute, Invoice, Payout, Refund, Subscription
from billing.testing.lives import Life

PAYMENT: Final = "KkAkhdMsgzn59SM8A89WgKwekxLZY"
_REFUND: Final = f"{PAYMENT}_Ptnt8ynXZqcqfXCYyRbGfYi"


def money(amount: int) -> dict[str, Any]:
    return {"amount": amount, "currency": "USD"}


def event(number: int, type_: str, at: str, kind: str, **subject: Any) -> dict[str, Any]:
    return {
        "merchant_id": "6SSW7HV8K2ST5",
        "type": type_,
        "event_id": f"13b867cf-db3d-4b1c-90b6-2f32a9d7{number:04}",
        "created_at": at,
        "data": {
            "type": kind,
            "id": subject.get("id", ""),
            "object": {
                kind: {"created_at": "2026-03-01T10:00:00.000Z", "updated_at": at} | subject
            },
        },
    }


def payment(number: int, version: int, at: str, **changed: Any) -> dict[str, Any]:
    whole: dict[str, Any] = {
        "id": PAYMENT,
        "amount_money": money(1000),
        "total_money": money(1100),
        "tip_money": money(100),
        "status": "COMPLETED",
        "source_type": "CARD",
        "card_details": {
            "status": "CAPTURED",
            "card": {"card_brand": "VISA", "last_4": "1111", "exp_month": 11, "exp_year": 2030},
            "entry_method": "KEYED",
        },
        "location_id": "S8GWD5R9QB376",
        "order_id": "03O3USaPaAaFnI6kkwB1JxGgBsUZY",
        "customer_id": "GZ48C4P1CWVXV7F7K2ZEM795RT",
        "version": version,
    }
    return event(number, "payment.updated", at, "payment", **whole | changed)


def refund(number: int, at: str, name: str, amount: int, status: str) -> dict[str, Any]:
    return event(
        number,
        "refund.updated",
        at,
        "refund",
        id=f"{_REFUND}{name}",
        amount_money=money(amount),
        payment_id=PAYMENT,
        order_id="03O3USaPaAaFnI6kkwB1JxGgBsUZY",
        status=status,
        reason="Too much",
    )


def dispute(number: int, version: int, at: str, state: str) -> dict[str, Any]:
    return event(
        number,
        "dispute.state.updated",
        at,
        "dispute",
        id="ORSEVtZAJxb37RA1EiGw",
        amount_money=money(800),
        brand_dispute_id="100000399240",
        card_brand="VISA",
        disputed_payment={"payment_id": PAYMENT},
        due_at="2026-03-20T00:00:00.000Z",
        reason="AMOUNT_DIFFERS",
        state=state,
        version=version,
    )


def invoice(number: int, version: int, at: str, status: str, done: int) -> dict[str, Any]:
    return event(
        number,
        "invoice.updated",
        at,
        "invoice",
        id="inv:0-ChCHu2mZEabLeeHahQnXDjZQECY",
        version=version,
        location_id="S8GWD5R9QB376",
        order_id="03O3USaPaAaFnI6kkwB1JxGgBsUZZ",
        primary_recipient={"customer_id": "GZ48C4P1CWVXV7F7K2ZEM795RT", "given_name": "Ada"},
        payment_requests=[
            {
                "uid": "2da7964f-f3d2-4f43-81e8-5aa220bf3355",
                "request_type": "BALANCE",
                "due_date": "2026-04-01",
                "computed_amount_money": money(1500),
                "total_completed_amount_money": money(done),
            }
        ],
        invoice_number="000012",
        status=status,
        subscription_id="9ba40961-995a-4a3d-8c53-048c40cafc13",
    )


def subscription(number: int, version: int, at: str, **changed: Any) -> dict[str, Any]:
    whole: dict[str, Any] = {
        "id": "9ba40961-995a-4a3d-8c53-048c40cafc13",
        "location_id": "S8GWD5R9QB376",
        "plan_variation_id": "6JHXF3B2CW3YKHDV4XEM674H",
        "customer_id": "GZ48C4P1CWVXV7F7K2ZEM795RT",
        "start_date": "2026-03-01",
        "charged_through_date": "2026-03-31",
        "status": "ACTIVE",
        "version": version,
        "timezone": "America/Los_Angeles",
    }
    changed = {"created_at": "2026-03-01T10:00:00Z", "updated_at": None} | changed
    return event(number, "subscription.updated", at, "subscription", **whole | changed)


def payout(number: int, version: int, at: str, status: str) -> dict[str, Any]:
    return event(
        number,
        "payout.sent",
        at,
        "payout",
        id="po_b345d2c7-90b3-4f0b-a2aa-df1def7f8afc",
        status=status,
        location_id="L88917AVBK2S5",
        amount_money=money(6259),
        destination={"type": "BANK_ACCOUNT", "id": "ccof:ZPp3oedR3AeEs9vaJ8"},
        version=version,
        type="BATCH",
        arrival_date="2026-03-05",
    )


def customer(number: int, version: int, at: str, name: str) -> dict[str, Any]:
    return event(
        number,
        "customer.updated",
        at,
        "customer",
        id="GZ48C4P1CWVXV7F7K2ZEM795RT",
        given_name=name,
        family_name="Lovelace",
        email_address="ada@x.test",
        phone_number="+1-212-555-4240",
        version=version,
    )


_CARD: Final = {"card_brand": "visa", "card_last4": "1111", "currency": "usd"}

LIFE: Final = Life(
    provider="square",
    options={"notification_url": "https://shop.example.com/webhooks/square"},
    deliveries=[
        customer(1, 0, "2026-03-01T09:59:00Z", "Adda"),
        customer(2, 1, "2026-03-01T09:59:30Z", "Ada"),
        payment(3, 0, "2026-03-01T10:00:00.100Z", status="APPROVED"),
        # All within a second, the last two at once: the count tells them apart.
        payment(4, 2, "2026-03-01T10:00:00.400Z"),
        payment(5, 3, "2026-03-01T10:00:00.400Z", refunded_money=money(100)),
        refund(6, "2026-03-01T10:00:00.300Z", "one", 100, "PENDING"),
        refund(7, "2026-03-01T10:00:00.900Z", "one", 100, "COMPLETED"),
        refund(8, "2026-03-02T10:00:00.000Z", "two", 1000, "PENDING"),
        refund(9, "2026-03-02T10:00:05.000Z", "two", 1000, "REJECTED"),
        dispute(10, 1, "2026-03-10T10:00:00.000Z", "EVIDENCE_REQUIRED"),
        dispute(11, 2, "2026-03-12T10:00:00.000Z", "PROCESSING"),
        dispute(12, 3, "2026-03-19T10:00:00.000Z", "WON"),
        subscription(13, 1, "2026-03-01T10:00:00Z", status="PENDING", charged_through_date=None),
        subscription(14, 2, "2026-03-01T10:00:02Z"),
        invoice(15, 0, "2026-04-01T10:00:00Z", "UNPAID", 0),
        invoice(16, 1, "2026-04-01T10:00:01Z", "PARTIALLY_PAID", 500),
        invoice(17, 2, "2026-04-01T10:00:01Z", "PAID", 1500),
        subscription(18, 3, "2026-04-01T10:00:02Z", charged_through_date="2026-04-30"),
        subscription(
            19,
            4,
            "2026-04-10T10:00:02Z",
            charged_through_date="2026-04-30",
            canceled_date="2026-04-30",
        ),
        subscription(
            20,
            5,
            "2026-05-01T00:00:02Z",
            status="CANCELED",
            charged_through_date="2026-04-30",
            canceled_date="2026-04-30",
        ),
        payout(21, 1, "2026-03-03T10:00:00Z", "SENT"),
        payout(22, 2, "2026-03-05T10:00:00Z", "PAID"),
        event(23, "catalog.version.updated", "2026-03-05T10:00:00Z", "catalog_version"),
    ],
    rows={
        Customer: {
            "GZ48C4P1CWVXV7F7K2ZEM795RT": {"name": "Ada Lovelace", "email": "ada@x.test"},
        },
        Charge: {
            PAYMENT: {
                **_CARD,
                "status": "succeeded",
                "amount": 1100,
                "amount_refunded": 100,
                "refunded": False,
            }
        },
        Refund: {
            f"{_REFUND}one": {"status": "succeeded", "amount": 100, "charge_id": PAYMENT},
            f"{_REFUND}two": {"status": "failed", "amount": 1000, "charge_id": PAYMENT},
        },
        Dispute: {
            "ORSEVtZAJxb37RA1EiGw": {
                "status": "won",
                "reason": "amount_differs",
                "evidence_due_at": datetime(2026, 3, 20, tzinfo=UTC),
            }
        },
        Invoice: {
            "inv:0-ChCHu2mZEabLeeHahQnXDjZQECY": {
                "status": "paid",
                "number": "000012",
                "amount_paid": 1500,
                "amount_remaining": 0,
            }
        },
        Subscription: {
            "9ba40961-995a-4a3d-8c53-048c40cafc13": {
                "status": "canceled",
                "current_period_end": datetime(2026, 5, 1, tzinfo=UTC),
                "ended_at": datetime(2026, 5, 1, tzinfo=UTC),
            }
        },
        Payout: {
            "po_b345d2c7-90b3-4f0b-a2aa-df1def7f8afc": {"status": "paid", "amount": 6259},
        },
    },
)
