"""A genuine delivery of each provider's, in the shape that it documents, and what we read in it."""

import base64
import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from webhooks.providers import PROVIDERS, Provider
from webhooks.testing import stripe_events
from webhooks.testing.hostile import as_body
from webhooks.testing.provider_samples import MADE, SAMPLES, as_xml
from webhooks.testing.signing_authority import our_paypal

NOW: Final = MADE
SECRET, OTHER = "whsec_ours_and_nobody_else_s", "whsec_a_stranger_s"


@dataclass(frozen=True, slots=True)
class Case:
    """What a provider sends, the secrets to sign it with, and names that the events must have.

    `names` has those of the first event; an id that is not there is the hash of the bytes.
    `proof` is the name of what proves the first event, where that is in no header.
    """

    payload: Any
    names: Mapping[str, Any]
    secret: str = SECRET
    other: str = OTHER
    options: Mapping[str, str] = field(default_factory=dict)
    is_timed: bool = False
    covers_body: bool = True
    stranger: str = f"whsec_{'Stranger' * 4}"  # in base64 as well, which some providers' are
    proof: str = ""
    write: Callable[[Any], bytes] = as_body

    @property
    def is_rewritten(self) -> bool:
        return self.write is not as_body

    events: int = 1

    @property
    def body(self) -> bytes:
        return self.write(self.payload)


def _key(text: str) -> str:
    return "whsec_" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


def _hex(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


CASES: Final[Mapping[str, Case]] = {
    "stripe": Case(
        stripe_events.sample("invoice.paid", created=int(NOW.timestamp())),
        {"type": "invoice.paid", "object_type": "invoice", "created_at": NOW},
        is_timed=True,
    ),
    "telegram": Case(
        SAMPLES["telegram"],
        {
            "id": "telegram:10000",
            "type": "message.successful_payment",
            "created_at": NOW,
            "livemode": True,
            "object_type": "charge",
            "object_id": "stxTelegramCharge1",
            "customer_id": "1111111",
        },
        secret="OursAndNobodyElses_OursAndNobodyElses",
        other="AStrangersAStrangersAStrangers",
        covers_body=False,
    ),
    "standard": Case(
        SAMPLES["standard"],
        {"type": "invoice.paid", "created_at": NOW, "object_id": "inv_1", "customer_id": "cus_1"},
        secret=_key("ours"),
        other=_key("another's"),
        is_timed=True,
    ),
    "paddle": Case(
        SAMPLES["paddle"],
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
        SAMPLES["gocardless"],
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
        SAMPLES["razorpay"],
        {
            "type": "payment.captured",
            "created_at": NOW,
            "account": "acc_BFQ7uQEaa7j2z7",
            "object_id": "pay_DESlfW9H8K9uqM",
        },
    ),
    "lemonsqueezy": Case(
        SAMPLES["lemonsqueezy"],
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
        SAMPLES["square"],
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
        SAMPLES["paystack"],
        {
            "type": "charge.success",
            "created_at": NOW,
            "livemode": False,
            "object_id": "qTPrJoy9Bx",
            "customer_id": "CUS_hdhye17yj8qd2tx",
        },
    ),
    "flutterwave": Case(
        SAMPLES["flutterwave"],
        {
            "type": "charge.completed",
            "created_at": NOW,
            "object_id": "chg_X7pd4fEUGB",
            "customer_id": "cus_bsV5Nk",
        },
    ),
    "xendit": Case(
        SAMPLES["xendit"],
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
        SAMPLES["airwallex"],
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
        SAMPLES["checkoutcom"],
        {
            "id": "evt_az5sblvku4ge3dwpztvyizgcau",
            "type": "payment_approved",
            "created_at": NOW,
            "object_id": "pay_mbabizu24mvu3mela5njyhpit4",
            "customer_id": "cus_1",
        },
    ),
    "coinbasecommerce": Case(
        SAMPLES["coinbasecommerce"],
        {
            "id": "24934862-d980-46cb-9402-43c81b0cdba6",
            "type": "charge:confirmed",
            "created_at": NOW,
            "object_id": "66BEOV2A",
        },
    ),
    "recurly": Case(
        SAMPLES["recurly"],
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
        SAMPLES["cashfree"],
        {
            "type": "PAYMENT_SUCCESS_WEBHOOK",
            "created_at": NOW,
            "object_id": "1453002795",
            "customer_id": "7112AAA812234",
        },
    ),
    "paymongo": Case(
        SAMPLES["paymongo"],
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
        SAMPLES["btcpay"],
        {
            "id": "first",
            "type": "InvoiceSettled",
            "created_at": NOW,
            "account": "store",
            "object_id": "JKfz",
        },
    ),
    "revolut": Case(
        SAMPLES["revolut"],
        {"type": "ORDER_COMPLETED", "object_id": "9fc01989-3f61-4484-a5d9-ffe768531be9"},
        is_timed=True,
    ),
    "mollie": Case(
        SAMPLES["mollie"],
        {
            "id": "event_GvJ8WHrp5isUdRub9CJyH",
            "type": "payment-link.paid",
            "created_at": NOW,
            "object_id": "pl_qng5gbbv8NAZ5gpM5ZYgx",
        },
    ),
    "dwolla": Case(
        SAMPLES["dwolla"],
        {
            "id": "cac95329-9fa5-42f1-a4fc-c08af7b868fb",
            "type": "transfer_completed",
            "created_at": NOW,
            "object_id": "cdb5f779-62df-e611-80f0-0aa34a9b2388",
        },
    ),
    "adyen": Case(
        SAMPLES["adyen"],
        {
            "id": "7914073381342280:AUTHORISATION:true",
            "type": "AUTHORISATION",
            "created_at": NOW,
            "livemode": False,
            "account": "TestMerchant",
            "object_id": "7914073381342280",
            "customer_id": "shopper-1",
        },
        secret=_hex("ours"),
        other=_hex("another's"),
        stranger=_hex("a stranger's"),
        covers_body=False,
        proof="hmacSignature 0",
        events=2,
    ),
    "adyenplatform": Case(
        SAMPLES["adyenplatform"],
        {
            "type": "balancePlatform.transfer.updated",
            "created_at": NOW,
            "livemode": False,
            "account": "Platform_1",
            "object_id": "TRF0000000000000",
        },
        secret=_hex("ours"),
        other=_hex("another's"),
        stranger=_hex("a stranger's"),
    ),
    "paypal": Case(
        SAMPLES["paypal"],
        {
            "id": "WH-9UG43882HX7271132-6E0871324L7949614",
            "type": "BILLING.SUBSCRIPTION.ACTIVATED",
            "created_at": NOW,
            "livemode": False,
            "api_version": "2.0",
            "object_type": "subscription",
            "object_id": "I-BW452GLLEP1G",
            "customer_id": "2J6QB8YJQSJRJ",
        },
        secret="9XL90610J3647323C",
        other="8YM01721K4758434D",
        stranger="1AB23456C7890123E",
        options={"webhook_id": "9XL90610J3647323C"},
    ),
    "braintree": Case(
        SAMPLES["braintree"],
        {
            "type": "subscription_charged_successfully",
            "created_at": NOW,
            "account": "merchant_1",
            "object_id": "sub_1",
        },
        secret=f"public:{_hex('ours')}",
        other=f"another:{_hex('another')}",
        stranger=f"public:{_hex('a stranger')}",
        proof="bt_signature",
        write=as_xml,
    ),
}
"""A case for each provider: one without any is refused by the tests."""

TRIED: Final[Mapping[str, Provider]] = {**PROVIDERS, "paypal": our_paypal()}
"""The providers, of whom we have what signs."""
