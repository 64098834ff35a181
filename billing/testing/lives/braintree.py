"""A subscription that is charged, falls behind and is canceled; a refund, a dispute, a payout.

The shapes are those that Braintree's packages give for samples (`webhook_testing`), with what
https://developer.paypal.com/braintree/docs/reference/response/subscription, …/transaction and
…/dispute have besides.
"""

from datetime import UTC, datetime
from typing import Any, Final

from billing.models import Charge, Customer, Dispute, Payout, Refund, Subscription
from billing.testing.lives import Life
from webhooks.testing.provider_samples import as_xml


def event(kind: str, at: str, **subject: Any) -> dict[str, Any]:
    return {
        "timestamp": at,
        "kind": kind,
        "source_merchant_id": "integration_merchant_id",
        "subject": subject,
    }


def transaction(id_: str, at: str, status: str, **changed: Any) -> dict[str, Any]:
    return {
        "id": id_,
        "status": status,
        "type": "sale",
        "currency_iso_code": "JPY",
        "amount": "1000",
        "merchant_account_id": "ogaotkivejpfayqfeaimuktty",
        "payment_instrument_type": "credit_card",
        "credit_card": {"card_type": "Visa", "last_4": "1111", "bin": "411111"},
        "customer": {"id": "52", "first_name": "Ada", "last_name": "L", "email": "ada@x.test"},
        "created_at": "2026-03-01T10:00:00Z",
        "updated_at": at,
        **changed,
    }


def subscription(at: str, status: str, *transactions: Any, **changed: Any) -> dict[str, Any]:
    return {
        "id": "f6wxx2",
        "plan_id": "gold",
        "status": status,
        "price": "1000",
        "trial_period": False,
        "first_billing_date": "2026-03-01",
        "billing_period_start_date": "2026-03-01",
        "billing_period_end_date": "2026-03-31",
        "paid_through_date": "2026-03-31",
        "created_at": "2026-03-01T10:00:00Z",
        "updated_at": at,
        "transactions": list(transactions),
        "add_ons": [],
        "discounts": [],
        **changed,
    }


def dispute(at: str, status: str) -> dict[str, Any]:
    return {
        "id": "wkq2hfmjdp9hhd4m",
        "amount": "600",
        "currency_iso_code": "JPY",
        "received_date": "2026-03-10",
        "reply_by_date": "2026-03-20",
        "kind": "chargeback",
        "status": status,
        "reason": "fraud",
        "created_at": "2026-03-10T10:00:00Z",
        "updated_at": at,
        "transaction": {"id": "tx_1", "amount": "1000"},
    }


_APRIL: Final = {
    "billing_period_start_date": "2026-04-01",
    "billing_period_end_date": "2026-04-30",
}

LIFE: Final = Life(
    provider="braintree",
    secret="public:5f2a",
    write=as_xml,
    deliveries=[
        event(
            "subscription_went_active",
            "2026-03-01T10:00:02Z",
            subscription=subscription("2026-03-01T10:00:01Z", "Active"),
        ),
        event(
            "subscription_charged_successfully",
            "2026-03-01T10:00:03Z",
            subscription=subscription(
                "2026-03-01T10:00:02Z",
                "Active",
                transaction("tx_1", "2026-03-01T10:00:02Z", "submitted_for_settlement"),
            ),
        ),
        event(
            "transaction_settled",
            "2026-03-02T10:00:00Z",
            transaction=transaction(
                "tx_1", "2026-03-02T09:00:00Z", "settled", subscription_id="f6wxx2"
            ),
        ),
        event(
            "transaction_settled",
            "2026-03-05T10:00:00Z",
            transaction=transaction(
                "tx_9",
                "2026-03-05T09:00:00Z",
                "settled",
                type="credit",
                amount="250",
                refunded_transaction_id="tx_1",
            ),
        ),
        event(
            "transaction_settlement_declined",
            "2026-03-06T10:00:00Z",
            transaction=transaction(
                "tx_7",
                "2026-03-06T09:00:00Z",
                "settlement_declined",
                amount="12.50",
                currency_iso_code="EUR",
                processor_response_code="4001",
            ),
        ),
        event(
            "dispute_opened",
            "2026-03-10T10:00:01Z",
            dispute=dispute("2026-03-10T10:00:00Z", "open"),
        ),
        event(
            "dispute_disputed",
            "2026-03-12T10:00:01Z",
            dispute=dispute("2026-03-12T10:00:00Z", "disputed"),
        ),
        event(
            "dispute_won", "2026-03-19T10:00:01Z", dispute=dispute("2026-03-19T10:00:00Z", "won")
        ),
        event(
            "subscription_charged_unsuccessfully",
            "2026-04-01T10:00:03Z",
            subscription=subscription(
                "2026-04-01T10:00:02Z",
                "Past Due",
                transaction("tx_2", "2026-04-01T10:00:02Z", "processor_declined"),
                **_APRIL,
            ),
        ),
        event(
            "subscription_charged_successfully",
            "2026-04-03T10:00:03Z",
            subscription=subscription(
                "2026-04-03T10:00:02Z",
                "Active",
                transaction("tx_3", "2026-04-03T10:00:02Z", "submitted_for_settlement"),
                **_APRIL,
            ),
        ),
        event(
            "subscription_canceled",
            "2026-04-20T10:00:03Z",
            subscription=subscription("2026-04-20T10:00:02Z", "Canceled", **_APRIL),
        ),
        event(
            "disbursement",
            "2026-03-04T10:00:00Z",
            disbursement={
                "id": "456",
                "transaction_ids": ["tx_1"],
                "success": True,
                "retry": False,
                "merchant_account": {"id": "merchant_account_token", "currency_iso_code": "JPY"},
                "amount": "1000",
                "disbursement_date": "2026-03-04",
                "exception_message": None,
                "follow_up_action": None,
            },
        ),
        event("check", "2026-03-04T10:00:00Z", check=True),
    ],
    rows={
        Customer: {"52": {"name": "Ada L", "email": "ada@x.test"}},
        Charge: {
            "tx_1": {
                "status": "succeeded",
                "amount": 1000,
                "currency": "jpy",
                "amount_refunded": 250,
                "disputed": True,
                "metadata": {"subscription": "f6wxx2"},
            },
            "tx_2": {"status": "failed", "paid": False},
            "tx_3": {"status": "succeeded", "customer_id": "52"},
            "tx_7": {"status": "failed", "amount": 1250, "failure_code": "4001"},
        },
        Refund: {"tx_9": {"status": "succeeded", "amount": 250, "charge_id": "tx_1"}},
        Dispute: {"wkq2hfmjdp9hhd4m": {"status": "won", "amount": 600, "charge_id": "tx_1"}},
        Subscription: {
            "f6wxx2": {
                "status": "canceled",
                "customer_id": "52",
                "current_period_end": datetime(2026, 5, 1, tzinfo=UTC),
            }
        },
        Payout: {"456": {"status": "paid", "amount": 1000, "currency": "jpy"}},
    },
)
