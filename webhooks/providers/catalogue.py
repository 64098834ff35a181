"""The providers that are declared: each one's scheme, with the source that says so.

A secret is the text that the provider shows, unless said otherwise. Where no id is declared, the
provider sends none, or none that is signed.
"""

import base64
from typing import Final

from webhooks.providers import vocabularies
from webhooks.providers.declared import DeclaredProvider
from webhooks.providers.naming import Naming
from webhooks.providers.object_api import ObjectApi, basic
from webhooks.providers.proofs import FIVE_MINUTES, Hmac, Token
from webhooks.providers.signature_parts import Named, Sole, TimeFirst

DECLARED: Final = (
    # https://developer.paddle.com/webhooks/signature-verification
    DeclaredProvider(
        name="paddle",
        vocabulary=vocabularies.PADDLE,
        proof=Hmac(
            header="Paddle-Signature",
            parts=Named(";", ("h1",), time="ts"),
            signed="{time}:{body}",
        ),
        tolerance=FIVE_MINUTES,
        naming=Naming(
            id=("event_id",),
            type=("event_type",),
            created="occurred_at",
            object_id=("data.id",),
            customer_id=("data.customer_id",),
            of_customer="customer.",
        ),
        # https://developer.paddle.com/api-reference/about/api-keys
        api=ObjectApi(
            live="https://api.paddle.com",
            sandbox_keys="pdl_sdbx_",
            headers={"Paddle-Version": "1"},
            paths={
                "invoice": "/transactions/{}",
                "charge": "/transactions/{}",
                # They are listed, and not had one by one.
                "refund": "/adjustments?id={}",
                "dispute": "/adjustments?id={}",
                "subscription": "/subscriptions/{}",
                "customer": "/customers/{}",
            },
            listed="data",
        ),
    ),
    # https://developer.gocardless.com/api-reference/#webhooks-overview
    DeclaredProvider(
        name="gocardless",
        vocabulary=vocabularies.GOCARDLESS,
        proof=Hmac(header="Webhook-Signature"),
        naming=Naming(
            events="events",
            id=("id",),
            type=("resource_type", "action"),
            created="created_at",
            account="links.organisation",
            object_type="resource_type",
            # Others are linked, too: a subscription's payment, a payment's payout.
            object_id=("links.{}",),
            customer_id=("links.customer",),
        ),
        # https://developer.gocardless.com/api-reference/
        api=ObjectApi(
            live="https://api.gocardless.com",
            sandbox_keys="sandbox_",
            headers={"GoCardless-Version": "2015-07-06"},
            paths={
                "charge": "/payments/{}",
                "refund": "/refunds/{}",
                "subscription": "/subscriptions/{}",
                "customer": "/customers/{}",
                "payout": "/payouts/{}",
            },
        ),
    ),
    # https://razorpay.com/docs/webhooks/validate-test/; `x-razorpay-event-id` is not signed.
    DeclaredProvider(
        name="razorpay",
        vocabulary=vocabularies.RAZORPAY,
        proof=Hmac(header="X-Razorpay-Signature"),
        naming=Naming(
            type=("event",),
            created="created_at",
            account="account_id",
            object_id=tuple(
                f"payload.{kind}.entity.id"
                for kind in ("refund", "dispute", "payment", "subscription", "invoice", "order")
            ),
            customer_id=tuple(
                f"payload.{kind}.entity.customer_id"
                for kind in ("payment", "subscription", "invoice", "token")
            ),
        ),
        # https://razorpay.com/docs/api/, and https://razorpay.com/docs/sg/errors/common of 400.
        api=ObjectApi(
            live="https://api.razorpay.com/v1",
            authorization=basic,
            unknown=(b"The id provided does not exist", b"is not a valid id"),
            paths={
                "charge": "/payments/{}",
                "refund": "/refunds/{}",
                "dispute": "/disputes/{}",
                "subscription": "/subscriptions/{}",
                "invoice": "/invoices/{}",
                "payout": "/settlements/{}",
            },
        ),
    ),
    # https://docs.lemonsqueezy.com/help/webhooks/signing-requests
    DeclaredProvider(
        name="lemonsqueezy",
        vocabulary=vocabularies.LEMONSQUEEZY,
        proof=Hmac(header="X-Signature"),
        naming=Naming(
            type=("meta.event_name",),
            created="data.attributes.updated_at",
            test="meta.test_mode",
            object_type="data.type",
            object_id=("data.id",),
            customer_id=("data.attributes.customer_id",),
            of_customer="customer_",
        ),
        # https://docs.lemonsqueezy.com/api/; its keys are of either mode, and its address of both.
        api=ObjectApi(
            live="https://api.lemonsqueezy.com/v1",
            headers={"Accept": "application/vnd.api+json"},
            paths={
                "subscription": "/subscriptions/{}",
                "invoice": "/subscription-invoices/{}",
            },
        ),
    ),
    # https://developer.squareup.com/docs/webhooks/step3validate: the address is as it was given
    # to Square, to the letter.
    DeclaredProvider(
        name="square",
        vocabulary=vocabularies.SQUARE,
        proof=Hmac(
            header="x-square-hmacsha256-signature",
            signed="{notification_url}{body}",
            encode=base64.b64encode,
        ),
        options=("notification_url",),
        naming=Naming(
            id=("event_id",),
            type=("type",),
            created="created_at",
            account="merchant_id",
            object_type="data.type",
            object_id=("data.id",),
            customer_id=(
                *("data.object.payment.customer_id", "data.object.customer.id"),
                *("data.object.subscription.customer_id", "data.object.card.customer_id"),
                "data.object.invoice.primary_recipient.customer_id",
            ),
            of_customer="customer.",
        ),
        # https://developer.squareup.com/reference/square
        api=ObjectApi(
            live="https://connect.squareup.com",
            headers={"Square-Version": "2025-10-16"},
            paths={
                "charge": "/v2/payments/{}",
                "refund": "/v2/refunds/{}",
                "dispute": "/v2/disputes/{}",
                "customer": "/v2/customers/{}",
                "invoice": "/v2/invoices/{}",
                "subscription": "/v2/subscriptions/{}",
                "payout": "/v2/payouts/{}",
            },
        ),
    ),
    # https://paystack.com/docs/payments/webhooks/: the secret is the API's secret key.
    DeclaredProvider(
        name="paystack",
        vocabulary=vocabularies.PAYSTACK,
        proof=Hmac(header="X-Paystack-Signature", algorithm="sha512"),
        naming=Naming(
            type=("event",),
            created="data.created_at",
            live="data.domain",
            object_id=("data.reference", "data.subscription_code", "data.id"),
            customer_id=("data.customer.customer_code",),
        ),
    ),
    # https://developer.flutterwave.com/docs/webhooks, the fourth version; not tried with one.
    DeclaredProvider(
        name="flutterwave",
        proof=Hmac(header="flutterwave-signature", encode=base64.b64encode),
        naming=Naming(
            type=("type",),
            created="timestamp",
            object_id=("data.id",),
            customer_id=("data.customer.id",),
        ),
    ),
    # https://docs.xendit.co/webhook: a token, which says nothing of the body.
    DeclaredProvider(
        name="xendit",
        proof=Token(header="x-callback-token"),
        naming=Naming(
            type=("event",),
            created="created",
            account="business_id",
            object_id=("data.id",),
            customer_id=("data.customer_id",),
        ),
    ),
    # https://www.airwallex.com/docs/developer-tools__listen-for-webhook-events
    DeclaredProvider(
        name="airwallex",
        proof=Hmac(
            header="x-signature", signed="{time}{body}", time_header="x-timestamp", per_second=1000
        ),
        naming=Naming(
            id=("id",),
            type=("name",),
            created="created_at",
            account="account_id",
            api_version="version",
            object_id=("data.object.id", "source_id"),
            customer_id=("data.object.customer_id",),
        ),
    ),
    # https://www.checkout.com/docs/developer-resources/webhooks/manage-webhooks/
    DeclaredProvider(
        name="checkoutcom",
        proof=Hmac(header="Cko-Signature"),
        naming=Naming(
            id=("id",),
            type=("type",),
            created="created_on",
            object_id=("data.id",),
            customer_id=("data.customer.id",),
        ),
    ),
    # https://docs.cdp.coinbase.com/commerce/docs/webhooks-security
    DeclaredProvider(
        name="coinbasecommerce",
        proof=Hmac(header="X-CC-Webhook-Signature"),
        naming=Naming(
            id=("event.id",),
            type=("event.type",),
            created="event.created_at",
            object_id=("event.data.id", "event.data.code"),
        ),
    ),
    # https://docs.recurly.com/recurly-subscriptions/docs/signature-verification
    DeclaredProvider(
        name="recurly",
        proof=Hmac(
            header="recurly-signature",
            parts=TimeFirst(","),
            signed="{time}.{body}",
            per_second=1000,
        ),
        naming=Naming(
            type=("object_type", "event_type"),
            created="event_time",
            account="site_id",
            object_type="object_type",
            object_id=("id", "uuid"),
            customer_id=("account_code",),
        ),
    ),
    # https://www.cashfree.com/docs/payments/subscription/webhook-signature
    DeclaredProvider(
        name="cashfree",
        proof=Hmac(
            header="x-webhook-signature",
            signed="{time}{body}",
            time_header="x-webhook-timestamp",
            per_second=1000,
            encode=base64.b64encode,
        ),
        naming=Naming(
            type=("type",),
            created="event_time",
            object_id=("data.refund.cf_refund_id", "data.payment.cf_payment_id"),
            customer_id=("data.customer_details.customer_id",),
        ),
    ),
    # https://developers.paymongo.com/docs/securing-webhook: `te` in test mode, `li` in live mode.
    DeclaredProvider(
        name="paymongo",
        proof=Hmac(
            header="Paymongo-Signature",
            parts=Named(",", ("li", "te"), time="t"),
            signed="{time}.{body}",
        ),
        naming=Naming(
            id=("data.id",),
            type=("data.attributes.type",),
            created="data.attributes.created_at",
            live="data.attributes.livemode",
            object_type="data.attributes.data.type",
            object_id=("data.attributes.data.id",),
        ),
    ),
    # https://docs.btcpayserver.org/API/Greenfield/v1/#tag/Webhooks
    DeclaredProvider(
        name="btcpay",
        proof=Hmac(header="BTCPay-Sig", parts=Sole("sha256=")),
        naming=Naming(
            # A delivery that is sent again names the first one.
            id=("originalDeliveryId", "deliveryId"),
            type=("type",),
            created="timestamp",
            account="storeId",
            object_id=("invoiceId",),
        ),
    ),
    # https://developer.revolut.com/docs/guides/merchant/monitor-and-observe/webhooks/
    DeclaredProvider(
        name="revolut",
        proof=Hmac(
            header="Revolut-Signature",
            parts=Named(",", ("v1",)),
            signed="v1.{time}.{body}",
            time_header="Revolut-Request-Timestamp",
            per_second=1000,
        ),
        tolerance=FIVE_MINUTES,
        naming=Naming(type=("event",), created="timestamp", object_id=("order_id",)),
    ),
    # https://docs.rapyd.net/en/webhook-authentication.html: the secret is the access key and the
    # secret key, `access:secret`; the address is as Rapyd has it, to the letter. Not tried with it.
    DeclaredProvider(
        name="rapyd",
        proof=Hmac(
            header="signature",
            signed="{notification_url}{salt}{time}{keys}{body}",
            time_header="timestamp",
            encode=lambda digest: base64.b64encode(digest.hex().encode()),
            key=lambda secret: secret.partition(":")[2].encode(),
        ),
        options=("notification_url",),
        naming=Naming(
            id=("id",),
            type=("type",),
            created="created_at",
            object_id=("data.id",),
            customer_id=("data.customer_token", "data.customer"),
        ),
    ),
    # https://docs.mollie.com/reference/webhooks-new: those with a signature.
    DeclaredProvider(
        name="mollie",
        proof=Hmac(header="X-Mollie-Signature", parts=Sole("sha256=")),
        naming=Naming(
            id=("id",),
            type=("type",),
            created="createdAt",
            object_id=("entityId",),
        ),
    ),
    # https://developers.dwolla.com/docs/balance/working-with-webhooks/validate
    DeclaredProvider(
        name="dwolla",
        proof=Hmac(header="X-Request-Signature-SHA-256"),
        naming=Naming(
            id=("id",),
            type=("topic",),
            created="timestamp",
            object_id=("resourceId",),
        ),
    ),
)
