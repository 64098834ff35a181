"""A genuine delivery of each provider's, in the shape that it documents, and what we read in it."""

import base64
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final

from webhooks.testing import stripe_events
from webhooks.testing.hostile import as_body

NOW: Final = datetime(2026, 1, 1, tzinfo=UTC)
SECRET, OTHER = "whsec_ours_and_nobody_else_s", "whsec_a_stranger_s"


@dataclass(frozen=True, slots=True)
class Case:
    """What a provider sends, the secrets to sign it with, and names that the events must have.

    `names` has those of the first event; an id that is not there is the hash of the bytes.
    """

    payload: Any
    names: Mapping[str, Any]
    secret: str = SECRET
    other: str = OTHER
    options: Mapping[str, str] = field(default_factory=dict)
    is_timed: bool = False
    covers_body: bool = True
    events: int = 1

    @property
    def body(self) -> bytes:
        return as_body(self.payload)


def _key(text: str) -> str:
    return "whsec_" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


CASES: Final[Mapping[str, Case]] = {
    "stripe": Case(
        stripe_events.sample("invoice.paid", created=int(NOW.timestamp())),
        {"type": "invoice.paid", "object_type": "invoice", "created_at": NOW},
        is_timed=True,
    ),
    "standard": Case(
        {
            "type": "invoice.paid",
            "timestamp": "2026-01-01T00:00:00.000000Z",
            "data": {"id": "inv_1", "customer_id": "cus_1", "total": 1900},
        },
        {"type": "invoice.paid", "created_at": NOW, "object_id": "inv_1", "customer_id": "cus_1"},
        secret=_key("ours"),
        other=_key("another's"),
        is_timed=True,
    ),
    "paddle": Case(
        {
            "event_id": "evt_01hv8x2az2zz2kmrq3a8mwpkzt",
            "event_type": "transaction.completed",
            "occurred_at": "2026-01-01T00:00:00.000000Z",
            "notification_id": "ntf_01hv8x2b0f7q",
            "data": {"id": "txn_01hv8wptq8987qeep44cyrewp9", "customer_id": "ctm_01hv6y1jedq4p1"},
        },
        {
            "id": "evt_01hv8x2az2zz2kmrq3a8mwpkzt",
            "type": "transaction.completed",
            "created_at": NOW,
            "object_id": "txn_01hv8wptq8987qeep44cyrewp9",
            "customer_id": "ctm_01hv6y1jedq4p1",
        },
        is_timed=True,
    ),
    "gocardless": Case(
        {
            "events": [
                {
                    "id": f"EV00000{number}",
                    "created_at": "2026-01-01T00:00:00.000Z",
                    "resource_type": "payments",
                    "action": "confirmed",
                    "links": {"payment": f"PM00000{number}", "organisation": "OR123"},
                }
                for number in (1, 2)
            ],
            "meta": {"webhook_id": "WB123"},
        },
        {
            "id": "EV000001",
            "type": "payments.confirmed",
            "created_at": NOW,
            "account": "OR123",
            "object_id": "PM000001",
        },
        events=2,
    ),
    "razorpay": Case(
        {
            "entity": "event",
            "account_id": "acc_BFQ7uQEaa7j2z7",
            "event": "payment.captured",
            "contains": ["payment"],
            "payload": {
                "payment": {
                    "entity": {"id": "pay_DESlfW9H8K9uqM", "amount": 100, "currency": "INR"}
                }
            },
            "created_at": int(NOW.timestamp()),
        },
        {
            "type": "payment.captured",
            "created_at": NOW,
            "account": "acc_BFQ7uQEaa7j2z7",
            "object_id": "pay_DESlfW9H8K9uqM",
        },
    ),
    "lemonsqueezy": Case(
        {
            "meta": {"event_name": "subscription_created", "test_mode": True},
            "data": {
                "type": "subscriptions",
                "id": "1",
                "attributes": {"customer_id": 2, "updated_at": "2026-01-01T00:00:00.000000Z"},
            },
        },
        {
            "type": "subscription_created",
            "created_at": NOW,
            "livemode": False,
            "object_type": "subscriptions",
            "object_id": "1",
            "customer_id": "2",
        },
    ),
    "square": Case(
        {
            "merchant_id": "6SSW7HV8K2ST5",
            "type": "payment.created",
            "event_id": "13b867cf-db3d-4b1c-90b6-2f32a9d78124",
            "created_at": "2026-01-01T00:00:00Z",
            "data": {
                "type": "payment",
                "id": "KkAkhdMsgzn59SM8A89WgKwekxLZY",
                "object": {"payment": {"customer_id": "CUST1"}},
            },
        },
        {
            "id": "13b867cf-db3d-4b1c-90b6-2f32a9d78124",
            "type": "payment.created",
            "created_at": NOW,
            "account": "6SSW7HV8K2ST5",
            "object_type": "payment",
            "object_id": "KkAkhdMsgzn59SM8A89WgKwekxLZY",
            "customer_id": "CUST1",
        },
        options={"notification_url": "https://shop.example.com/webhooks/square"},
    ),
    "paystack": Case(
        {
            "event": "charge.success",
            "data": {
                "id": 302961,
                "domain": "test",
                "reference": "qTPrJoy9Bx",
                "amount": 10000,
                "created_at": "2026-01-01T00:00:00.000Z",
                "customer": {"customer_code": "CUS_hdhye17yj8qd2tx"},
            },
        },
        {
            "type": "charge.success",
            "created_at": NOW,
            "livemode": False,
            "object_id": "qTPrJoy9Bx",
            "customer_id": "CUS_hdhye17yj8qd2tx",
        },
    ),
    "flutterwave": Case(
        {
            "type": "charge.completed",
            "timestamp": int(NOW.timestamp()) * 1000,
            "data": {"id": "chg_X7pd4fEUGB", "customer": {"id": "cus_bsV5Nk"}},
        },
        {
            "type": "charge.completed",
            "created_at": NOW,
            "object_id": "chg_X7pd4fEUGB",
            "customer_id": "cus_bsV5Nk",
        },
    ),
    "xendit": Case(
        {
            "event": "payment.succeeded",
            "business_id": "5f27a14a9bf05c73dd040bc8",
            "created": "2026-01-01T00:00:00.000Z",
            "data": {"id": "py-1fdaf346", "customer_id": "cust-1"},
        },
        {
            "type": "payment.succeeded",
            "created_at": NOW,
            "account": "5f27a14a9bf05c73dd040bc8",
            "object_id": "py-1fdaf346",
            "customer_id": "cust-1",
        },
        covers_body=False,
    ),
    "airwallex": Case(
        {
            "id": "evt_hkdmjnkp8g5",
            "name": "payment_intent.succeeded",
            "account_id": "acct_lgLJLO6gM",
            "version": "2025-06-16",
            "data": {"object": {"id": "int_hkdm", "amount": 100}},
            "created_at": "2026-01-01T00:00:00+0000",
        },
        {
            "id": "evt_hkdmjnkp8g5",
            "type": "payment_intent.succeeded",
            "account": "acct_lgLJLO6gM",
            "api_version": "2025-06-16",
            "created_at": NOW,
            "object_id": "int_hkdm",
        },
    ),
    "checkoutcom": Case(
        {
            "id": "evt_az5sblvku4ge3dwpztvyizgcau",
            "type": "payment_approved",
            "version": "2.0.0",
            "created_on": "2026-01-01T00:00:00Z",
            "data": {"id": "pay_mbabizu24mvu3mela5njyhpit4", "customer": {"id": "cus_1"}},
        },
        {
            "id": "evt_az5sblvku4ge3dwpztvyizgcau",
            "type": "payment_approved",
            "created_at": NOW,
            "object_id": "pay_mbabizu24mvu3mela5njyhpit4",
            "customer_id": "cus_1",
        },
    ),
    "coinbasecommerce": Case(
        {
            "id": 1,
            "scheduled_for": "2026-01-01T00:00:00Z",
            "event": {
                "id": "24934862-d980-46cb-9402-43c81b0cdba6",
                "resource": "event",
                "type": "charge:confirmed",
                "created_at": "2026-01-01T00:00:00Z",
                "data": {"id": "66BEOV2A", "code": "66BEOV2A"},
            },
        },
        {
            "id": "24934862-d980-46cb-9402-43c81b0cdba6",
            "type": "charge:confirmed",
            "created_at": NOW,
            "object_id": "66BEOV2A",
        },
    ),
    "recurly": Case(
        {
            "id": "pqtkyaiwlr00",
            "object_type": "account",
            "site_id": "ohg6zhy3aq9y",
            "event_type": "created",
            "event_time": "2026-01-01T00:00:00Z",
            "account_code": "verena",
        },
        {
            "type": "account.created",
            "created_at": NOW,
            "account": "ohg6zhy3aq9y",
            "object_type": "account",
            "object_id": "pqtkyaiwlr00",
            "customer_id": "verena",
        },
    ),
    "cashfree": Case(
        {
            "data": {
                "order": {"order_id": "order_OFR_2", "order_amount": 2, "order_currency": "INR"},
                "payment": {"cf_payment_id": "1453002795", "payment_status": "SUCCESS"},
                "customer_details": {"customer_id": "7112AAA812234"},
            },
            "event_time": "2026-01-01T05:30:00+05:30",
            "type": "PAYMENT_SUCCESS_WEBHOOK",
        },
        {
            "type": "PAYMENT_SUCCESS_WEBHOOK",
            "created_at": NOW,
            "object_id": "1453002795",
            "customer_id": "7112AAA812234",
        },
    ),
    "paymongo": Case(
        {
            "data": {
                "id": "evt_WzRCRr4mRFVbFz7BsgZDNAhz",
                "type": "event",
                "attributes": {
                    "type": "source.chargeable",
                    "livemode": False,
                    "created_at": int(NOW.timestamp()),
                    "data": {"id": "src_11", "type": "source"},
                },
            }
        },
        {
            "id": "evt_WzRCRr4mRFVbFz7BsgZDNAhz",
            "type": "source.chargeable",
            "created_at": NOW,
            "livemode": False,
            "object_type": "source",
            "object_id": "src_11",
        },
    ),
    "btcpay": Case(
        {
            "deliveryId": "second",
            "webhookId": "wh_xyz",
            "originalDeliveryId": "first",
            "isRedelivery": True,
            "type": "InvoiceSettled",
            "timestamp": int(NOW.timestamp()),
            "storeId": "store",
            "invoiceId": "JKfz",
        },
        {
            "id": "first",
            "type": "InvoiceSettled",
            "created_at": NOW,
            "account": "store",
            "object_id": "JKfz",
        },
    ),
    "revolut": Case(
        {"event": "ORDER_COMPLETED", "order_id": "9fc01989-3f61-4484-a5d9-ffe768531be9"},
        {"type": "ORDER_COMPLETED", "object_id": "9fc01989-3f61-4484-a5d9-ffe768531be9"},
        is_timed=True,
    ),
    "mollie": Case(
        {
            "resource": "event",
            "id": "event_GvJ8WHrp5isUdRub9CJyH",
            "type": "payment-link.paid",
            "entityId": "pl_qng5gbbv8NAZ5gpM5ZYgx",
            "createdAt": "2026-01-01T00:00:00.0Z",
        },
        {
            "id": "event_GvJ8WHrp5isUdRub9CJyH",
            "type": "payment-link.paid",
            "created_at": NOW,
            "object_id": "pl_qng5gbbv8NAZ5gpM5ZYgx",
        },
    ),
    "dwolla": Case(
        {
            "id": "cac95329-9fa5-42f1-a4fc-c08af7b868fb",
            "resourceId": "cdb5f779-62df-e611-80f0-0aa34a9b2388",
            "topic": "transfer_completed",
            "timestamp": "2026-01-01T00:00:00.000Z",
        },
        {
            "id": "cac95329-9fa5-42f1-a4fc-c08af7b868fb",
            "type": "transfer_completed",
            "created_at": NOW,
            "object_id": "cdb5f779-62df-e611-80f0-0aa34a9b2388",
        },
    ),
}
"""A case for each provider: one without any is refused by the tests."""
