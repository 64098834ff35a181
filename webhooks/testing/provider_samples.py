"""A delivery of each provider's, in the shape that it documents."""

import json
import secrets
from collections.abc import Callable, Mapping
from copy import deepcopy
from datetime import UTC, datetime
from typing import Any, Final
from xml.etree import ElementTree

from webhooks.providers import PROVIDERS
from webhooks.providers.naming import Naming

Json = dict[str, Any]

MADE: Final = datetime(2026, 1, 1, tzinfo=UTC)

SAMPLES: Final[Mapping[str, Json]] = {
    "telegram": {
        "update_id": 10000,
        "message": {
            "message_id": 1365,
            "from": {"id": 1111111, "is_bot": False, "first_name": "Test"},
            "chat": {"id": 1111111, "type": "private"},
            "date": int(MADE.timestamp()),
            "successful_payment": {
                "currency": "XTR",
                "total_amount": 250,
                "invoice_payload": "order-17",
                "telegram_payment_charge_id": "stxTelegramCharge1",
                "provider_payment_charge_id": "",
            },
        },
    },
    "standard": {
        "type": "invoice.paid",
        "timestamp": "2026-01-01T00:00:00.000000Z",
        "data": {"id": "inv_1", "customer_id": "cus_1", "total": 1900},
    },
    "paddle": {
        "event_id": "evt_01hv8x2az2zz2kmrq3a8mwpkzt",
        "event_type": "transaction.completed",
        "occurred_at": "2026-01-01T00:00:00.000000Z",
        "notification_id": "ntf_01hv8x2b0f7q",
        "data": {"id": "txn_01hv8wptq8987qeep44cyrewp9", "customer_id": "ctm_01hv6y1jedq4p1"},
    },
    "gocardless": {
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
    "razorpay": {
        "entity": "event",
        "account_id": "acc_BFQ7uQEaa7j2z7",
        "event": "payment.captured",
        "contains": ["payment"],
        "payload": {
            "payment": {"entity": {"id": "pay_DESlfW9H8K9uqM", "amount": 100, "currency": "INR"}}
        },
        "created_at": int(MADE.timestamp()),
    },
    "lemonsqueezy": {
        "meta": {"event_name": "subscription_created", "test_mode": True},
        "data": {
            "type": "subscriptions",
            "id": "1",
            "attributes": {"customer_id": 2, "updated_at": "2026-01-01T00:00:00.000000Z"},
        },
    },
    "square": {
        "merchant_id": "6SSW7HV8K2ST5",
        "type": "payment.created",
        "event_id": "13b867cf-db3d-4b1c-90b6-2f32a9d78124",
        "created_at": "2026-01-01T00:00:00Z",
        "data": {
            "type": "payment",
            "id": "KkAkhdMsgzn59SM8A89WgKwekxLZY",
            "object": {
                "payment": {
                    "id": "KkAkhdMsgzn59SM8A89WgKwekxLZY",
                    "status": "COMPLETED",
                    "total_money": {"amount": 1000, "currency": "USD"},
                    "customer_id": "CUST1",
                    "created_at": "2026-01-01T00:00:00Z",
                    "version": 1,
                }
            },
        },
    },
    "paystack": {
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
    "flutterwave": {
        "type": "charge.completed",
        "timestamp": int(MADE.timestamp()) * 1000,
        "data": {"id": "chg_X7pd4fEUGB", "customer": {"id": "cus_bsV5Nk"}},
    },
    "xendit": {
        "event": "payment.succeeded",
        "business_id": "5f27a14a9bf05c73dd040bc8",
        "created": "2026-01-01T00:00:00.000Z",
        "data": {"id": "py-1fdaf346", "customer_id": "cust-1"},
    },
    "airwallex": {
        "id": "evt_hkdmjnkp8g5",
        "name": "payment_intent.succeeded",
        "account_id": "acct_lgLJLO6gM",
        "version": "2025-06-16",
        "data": {"object": {"id": "int_hkdm", "amount": 100}},
        "created_at": "2026-01-01T00:00:00+0000",
    },
    "checkoutcom": {
        "id": "evt_az5sblvku4ge3dwpztvyizgcau",
        "type": "payment_approved",
        "version": "2.0.0",
        "created_on": "2026-01-01T00:00:00Z",
        "data": {"id": "pay_mbabizu24mvu3mela5njyhpit4", "customer": {"id": "cus_1"}},
    },
    "coinbasecommerce": {
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
    "recurly": {
        "id": "pqtkyaiwlr00",
        "object_type": "account",
        "site_id": "ohg6zhy3aq9y",
        "event_type": "created",
        "event_time": "2026-01-01T00:00:00Z",
        "account_code": "verena",
    },
    "cashfree": {
        "data": {
            "order": {"order_id": "order_OFR_2", "order_amount": 2, "order_currency": "INR"},
            "payment": {"cf_payment_id": "1453002795", "payment_status": "SUCCESS"},
            "customer_details": {"customer_id": "7112AAA812234"},
        },
        "event_time": "2026-01-01T05:30:00+05:30",
        "type": "PAYMENT_SUCCESS_WEBHOOK",
    },
    "paymongo": {
        "data": {
            "id": "evt_WzRCRr4mRFVbFz7BsgZDNAhz",
            "type": "event",
            "attributes": {
                "type": "source.chargeable",
                "livemode": False,
                "created_at": int(MADE.timestamp()),
                "data": {"id": "src_11", "type": "source"},
            },
        }
    },
    "btcpay": {
        "deliveryId": "second",
        "webhookId": "wh_xyz",
        "originalDeliveryId": "first",
        "isRedelivery": True,
        "type": "InvoiceSettled",
        "timestamp": int(MADE.timestamp()),
        "storeId": "store",
        "invoiceId": "JKfz",
    },
    "revolut": {"event": "ORDER_COMPLETED", "order_id": "9fc01989-3f61-4484-a5d9-ffe768531be9"},
    "mollie": {
        "resource": "event",
        "id": "event_GvJ8WHrp5isUdRub9CJyH",
        "type": "payment-link.paid",
        "entityId": "pl_qng5gbbv8NAZ5gpM5ZYgx",
        "createdAt": "2026-01-01T00:00:00.0Z",
    },
    "dwolla": {
        "id": "cac95329-9fa5-42f1-a4fc-c08af7b868fb",
        "resourceId": "cdb5f779-62df-e611-80f0-0aa34a9b2388",
        "topic": "transfer_completed",
        "timestamp": "2026-01-01T00:00:00.000Z",
    },
    "adyen": {
        "live": "false",
        "notificationItems": [
            {
                "NotificationRequestItem": {
                    "pspReference": f"791407338134228{number}",
                    **more,
                    "merchantAccountCode": "TestMerchant",
                    "merchantReference": "order: 1",
                    "amount": {"value": 1130, "currency": "EUR"},
                    "success": "true",
                    "eventDate": "2026-01-01T01:00:00+01:00",
                    "additionalData": {"shopperReference": "shopper-1"},
                }
            }
            for number, more in enumerate(
                (
                    {"eventCode": "AUTHORISATION"},
                    {"eventCode": "CAPTURE", "originalReference": "7914073381342280"},
                )
            )
        ],
    },
    "adyenplatform": {
        "data": {"balancePlatform": "Platform_1", "id": "TRF0000000000000", "status": "booked"},
        "environment": "test",
        "timestamp": "2026-01-01T01:00:00+01:00",
        "type": "balancePlatform.transfer.updated",
    },
    "paypal": {
        "id": "WH-9UG43882HX7271132-6E0871324L7949614",
        "event_version": "1.0",
        "create_time": "2026-01-01T00:00:00.000Z",
        "resource_type": "subscription",
        "resource_version": "2.0",
        "event_type": "BILLING.SUBSCRIPTION.ACTIVATED",
        "resource": {"id": "I-BW452GLLEP1G", "subscriber": {"payer_id": "2J6QB8YJQSJRJ"}},
    },
    "braintree": {
        "timestamp": "2026-01-01T00:00:00Z",
        "kind": "subscription_charged_successfully",
        "source_merchant_id": "merchant_1",
        "subject": {
            "subscription": {"id": "sub_1", "transactions": [{"id": "tx_1", "amount": "49.99"}]}
        },
    },
}
"""What each sends, made at `MADE`."""


def sample_of(name: str, *, now: datetime) -> Json:
    """Return a provider's event, made now, that is no repetition of another.

    Raises `KeyError` where there is no sample of this provider.
    """
    sample = deepcopy(SAMPLES[name])
    if name == "telegram":
        return _update(sample, now)
    naming: Naming = PROVIDERS[name].naming  # type: ignore[attr-defined]
    for event in sample[naming.events] if naming.events else [sample]:
        for path in (*naming.id, *naming.object_id):
            _change(event, path, lambda old: f"{str(old)[:8]}{secrets.token_hex(8)}")
        _change(event, naming.created, lambda old: _in_its_form(old, now))
    return sample


def _update(sample: Json, now: datetime) -> Json:
    message = sample["message"]
    charge = f"stx{secrets.token_hex(12)}"
    message["successful_payment"]["telegram_payment_charge_id"] = charge
    message["date"] = int(now.timestamp())
    return {**sample, "update_id": secrets.randbelow(2**31)}


def as_sample(name: str, sample: Json) -> bytes:
    """Return a sample as the provider writes it, without its proof."""
    return as_xml(sample) if name == "braintree" else json.dumps(sample).encode()


def as_xml(sample: object) -> bytes:
    """Return the XML of a notification of Braintree's."""
    root = ElementTree.Element("notification")
    _write(root, sample)
    written: bytes = ElementTree.tostring(root, encoding="utf-8")
    return written


def _write(element: ElementTree.Element, value: object) -> None:
    if isinstance(value, dict):
        for name, inner in value.items():
            _write(ElementTree.SubElement(element, str(name).replace("_", "-")), inner)
    elif isinstance(value, list):
        element.set("type", "array")
        for inner in value:
            _write(ElementTree.SubElement(element, "item"), inner)
    elif value is None:
        element.set("nil", "true")
    else:
        if isinstance(value, bool | int):
            element.set("type", "boolean" if isinstance(value, bool) else "integer")
        element.text = str(value).lower() if isinstance(value, bool) else str(value)


def _change(event: Json, path: str, new: Callable[[Any], Any]) -> None:
    *parents, last = path.split(".")
    holder: Any = event
    for name in parents:
        holder = holder.get(name) if isinstance(holder, dict) else None
    if isinstance(holder, dict) and last in holder:
        holder[last] = new(holder[last])


def _in_its_form(old: object, now: datetime) -> object:
    if isinstance(old, int):
        return int(now.timestamp() * (1000 if old > 10**11 else 1))
    return now.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
