"""An order that is captured, refunded and disputed, a subscription with its sales, an invoice.

The shapes are the samples of https://developer.paypal.com/api/rest/webhooks/event-names/ and of
https://developer.paypal.com/docs/api/orders/v2/, …/payments/v2/, …/subscriptions/v1/,
…/customer-disputes/v1/ and …/invoicing/v2/.
"""

from datetime import UTC, datetime
from typing import Any, Final

from billing.models import (
    Charge,
    CheckoutSession,
    Customer,
    Dispute,
    Invoice,
    PaymentIntent,
    Refund,
    Subscription,
)
from billing.testing.lives import Life
from webhooks.testing.signing_authority import our_paypal

CAPTURE: Final = "42311647XV020574X"
_PAYER: Final = {
    "name": {"given_name": "Ada", "surname": "L"},
    "email_address": "ada@x.test",
    "payer_id": "QYR5Z8XDVJNXQ",
}
_API: Final = "https://api.paypal.com/v2/payments"


def money(value: str, code: str = "USD") -> dict[str, str]:
    return {"currency_code": code, "value": value}


def event(number: int, type_: str, kind: str, at: str, **resource: Any) -> dict[str, Any]:
    return {
        "id": f"WH-58D329510W468432D-8HN650336L20{number:04}X",
        "event_version": "1.0",
        "create_time": at,
        "resource_type": kind,
        "resource_version": "2.0",
        "event_type": type_,
        "summary": "What a person would read",
        "resource": {"create_time": "2026-03-01T10:00:00Z", "update_time": at} | resource,
        "links": [],
    }


def order(number: int, type_: str, at: str, status: str) -> dict[str, Any]:
    return event(
        number,
        f"CHECKOUT.ORDER.{type_}",
        "checkout-order",
        at,
        id="5O190127TN364715T",
        status=status,
        intent="CAPTURE",
        payer=_PAYER,
        purchase_units=[
            {
                "reference_id": "d9f80740-38f0-11e8-b467-0ed5f89f718b",
                "custom_id": "order-17",
                "amount": money("100.00"),
                "payee": {"merchant_id": "KJ4XKKR5QKUT6"},
            }
        ],
    )


def capture(number: int, type_: str, at: str, status: str) -> dict[str, Any]:
    return event(
        number,
        f"PAYMENT.CAPTURE.{type_}",
        "capture",
        at,
        id=CAPTURE,
        status=status,
        amount=money("100.00"),
        final_capture=True,
        custom_id="order-17",
        seller_protection={"status": "ELIGIBLE"},
        supplementary_data={
            "related_ids": {
                "order_id": "5O190127TN364715T",
                "authorization_id": "2DC87612EK520411B",
            }
        },
    )


def refund(number: int, id_: str, at: str, status: str, value: str) -> dict[str, Any]:
    return event(
        number,
        "PAYMENT.CAPTURE.REFUNDED",
        "refund",
        at,
        id=id_,
        status=status,
        amount=money(value),
        note_to_payer="Defective product",
        seller_payable_breakdown={"gross_amount": money(value)},
        links=[
            {"href": f"{_API}/refunds/{id_}", "rel": "self", "method": "GET"},
            {"href": f"{_API}/captures/{CAPTURE}", "rel": "up", "method": "GET"},
        ],
    )


def authorization(number: int, type_: str, at: str, status: str) -> dict[str, Any]:
    return event(
        number,
        f"PAYMENT.AUTHORIZATION.{type_}",
        "authorization",
        at,
        id="2DC87612EK520411B",
        status=status,
        amount=money("100.00"),
        expiration_time="2026-03-30T10:00:00Z",
    )


def dispute(number: int, type_: str, at: str, status: str, **changed: Any) -> dict[str, Any]:
    return event(
        number,
        f"CUSTOMER.DISPUTE.{type_}",
        "dispute",
        at,
        dispute_id="PP-D-27803",
        disputed_transactions=[
            {"seller_transaction_id": CAPTURE, "seller": {"merchant_id": "KJ4XKKR5QKUT6"}}
        ],
        reason="MERCHANDISE_OR_SERVICE_NOT_RECEIVED",
        status=status,
        dispute_amount=money("60.00"),
        dispute_life_cycle_stage="CHARGEBACK",
        seller_response_due_date="2026-03-20T00:00:00Z",
        **changed,
    )


def subscription(number: int, type_: str, at: str, status: str, **bill: Any) -> dict[str, Any]:
    return event(
        number,
        f"BILLING.SUBSCRIPTION.{type_}",
        "subscription",
        at,
        id="I-BW452GLLEP1G",
        plan_id="P-5ML4271244454362WXNWU5NQ",
        status=status,
        status_update_time=at,
        start_time="2026-03-01T10:00:00Z",
        quantity="2",
        subscriber=_PAYER,
        billing_info={"outstanding_balance": money("0.0"), "failed_payments_count": 0} | bill,
    )


def sale(number: int, id_: str, at: str, state: str) -> dict[str, Any]:
    return event(
        number,
        "PAYMENT.SALE.COMPLETED",
        "sale",
        at,
        id=id_,
        state=state,
        amount={"total": "500", "currency": "JPY", "details": {"subtotal": "500"}},
        billing_agreement_id="I-BW452GLLEP1G",
        payment_mode="INSTANT_TRANSFER",
    )


def sale_refund(number: int, at: str) -> dict[str, Any]:
    return event(
        number,
        "PAYMENT.SALE.REFUNDED",
        "refund",
        at,
        id="6YX43824R4443062K",
        state="completed",
        amount={"total": "-500", "currency": "JPY"},
        sale_id="80021663DE681814L",
        total_refunded_amount={"value": "500", "currency": "JPY"},
    )


def invoice(number: int, type_: str, at: str, status: str, paid: str, due: str) -> dict[str, Any]:
    return event(
        number,
        f"INVOICING.INVOICE.{type_}",
        "invoices",
        at,
        invoice={
            "id": "INV2-Z56S-5LLA-Q52L-CPZ5",
            "status": status,
            "detail": {
                "invoice_number": "#202601",
                "currency_code": "USD",
                "payment_term": {"due_date": "2026-03-31"},
                "metadata": {"create_time": "2026-03-01T10:00:00Z", "last_update_time": at},
            },
            "amount": money("74.21"),
            "due_amount": money(due),
            "payments": {"paid_amount": money(paid)},
        },
    )


_TO_MAY: Final = {"next_billing_time": "2026-05-01T10:00:00Z"}

LIFE: Final = Life(
    provider="paypal",
    sender=our_paypal(),
    secret="9XL90610J3647323C",
    options={"webhook_id": "9XL90610J3647323C"},
    deliveries=[
        order(1, "APPROVED", "2026-03-01T10:00:01Z", "APPROVED"),
        authorization(2, "CREATED", "2026-03-01T10:00:02Z", "CREATED"),
        capture(3, "PENDING", "2026-03-01T10:00:03Z", "PENDING"),
        # Of the same second: the usual order of the states decides.
        capture(4, "COMPLETED", "2026-03-01T10:00:03Z", "COMPLETED"),
        order(5, "COMPLETED", "2026-03-01T10:00:04Z", "COMPLETED"),
        authorization(6, "VOIDED", "2026-03-01T10:00:05Z", "CAPTURED"),
        refund(7, "1JU08902781691411", "2026-03-02T10:00:00Z", "PENDING", "10.50"),
        refund(8, "1JU08902781691411", "2026-03-02T10:00:09Z", "COMPLETED", "10.50"),
        refund(9, "2JU08902781691412", "2026-03-03T10:00:09Z", "COMPLETED", "29.50"),
        dispute(10, "CREATED", "2026-03-10T10:00:00Z", "WAITING_FOR_SELLER_RESPONSE"),
        dispute(11, "UPDATED", "2026-03-12T10:00:00Z", "UNDER_REVIEW"),
        dispute(
            12,
            "RESOLVED",
            "2026-03-19T10:00:00Z",
            "RESOLVED",
            dispute_outcome={"outcome_code": "RESOLVED_SELLER_FAVOUR"},
        ),
        subscription(13, "CREATED", "2026-03-01T10:00:00Z", "APPROVAL_PENDING"),
        subscription(
            14,
            "ACTIVATED",
            "2026-03-01T10:00:05Z",
            "ACTIVE",
            next_billing_time="2026-04-01T10:00:00Z",
        ),
        sale(15, "80021663DE681814L", "2026-03-01T10:00:06Z", "completed"),
        sale_refund(16, "2026-03-08T10:00:06Z"),
        subscription(
            17,
            "PAYMENT.FAILED",
            "2026-04-01T10:00:05Z",
            "ACTIVE",
            failed_payments_count=1,
            **_TO_MAY,
        ),
        sale(18, "90021663DE681814L", "2026-04-04T10:00:06Z", "completed"),
        subscription(19, "UPDATED", "2026-04-04T10:00:07Z", "ACTIVE", **_TO_MAY),
        subscription(20, "CANCELLED", "2026-04-20T10:00:07Z", "CANCELLED", **_TO_MAY),
        invoice(21, "CREATED", "2026-03-01T10:00:00Z", "DRAFT", "0.00", "74.21"),
        invoice(22, "PAID", "2026-03-09T10:00:00Z", "PAID", "74.21", "0.00"),
        event(23, "BILLING.PLAN.CREATED", "plan", "2026-03-01T10:00:00Z", id="P-5ML"),
    ],
    rows={
        Customer: {"QYR5Z8XDVJNXQ": {"name": "Ada L", "email": "ada@x.test"}},
        CheckoutSession: {
            "5O190127TN364715T": {
                "status": "complete",
                "payment_status": "paid",
                "amount_total": 10000,
                "client_reference_id": "order-17",
            }
        },
        PaymentIntent: {"2DC87612EK520411B": {"status": "succeeded", "amount": 10000}},
        Charge: {
            CAPTURE: {
                "status": "succeeded",
                "amount": 10000,
                "amount_refunded": 4000,
                "refunded": False,
                "disputed": True,
                "payment_intent_id": "2DC87612EK520411B",
                "metadata": {"custom_id": "order-17"},
            },
            "80021663DE681814L": {
                "amount": 500,
                "currency": "jpy",
                "refunded": True,
                "metadata": {"subscription": "I-BW452GLLEP1G"},
            },
            "90021663DE681814L": {"status": "succeeded", "amount_refunded": 0},
        },
        Refund: {
            "1JU08902781691411": {"status": "succeeded", "amount": 1050, "charge_id": CAPTURE},
            "2JU08902781691412": {"status": "succeeded", "amount": 2950, "charge_id": CAPTURE},
            "6YX43824R4443062K": {"amount": 500, "charge_id": "80021663DE681814L"},
        },
        Dispute: {"PP-D-27803": {"status": "won", "amount": 6000, "charge_id": CAPTURE}},
        Subscription: {
            "I-BW452GLLEP1G": {
                "status": "canceled",
                "customer_id": "QYR5Z8XDVJNXQ",
                "ended_at": datetime(2026, 4, 20, 10, 0, 7, tzinfo=UTC),
            }
        },
        Invoice: {
            "INV2-Z56S-5LLA-Q52L-CPZ5": {
                "status": "paid",
                "amount_paid": 7421,
                "amount_remaining": 0,
                "number": "#202601",
            }
        },
    },
)
