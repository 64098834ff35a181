"""What providers' JSON holds of persons and of ids, each by the documents named beside it.

See `webhooks.privacy.vocabularies`. What is under a provider's `people` or in the common vocabulary
need not be said again.
"""

from typing import Final

from webhooks.privacy.vocabularies import Vocabulary
from webhooks.privacy.vocabulary import Meaning

# https://developer.paddle.com/api-reference/about/data-types: ids are `txn_01h…`.
PADDLE: Final = Vocabulary(
    keys={
        Meaning.OWNED: (
            *("address_id", "adjustment_id", "business_id", "invoice_id", "payment_attempt_id"),
            *("payment_method_id", "stored_payment_method_id", "subscription_id"),
            "transaction_id",
        ),
        Meaning.ID: ("customer_id", "event_id", "notification_id"),
        Meaning.CATALOG: ("discount_id", "price_id", "product_id"),
        Meaning.CODE: ("collection_mode", "tax_mode", "tax_category"),
        Meaning.CARD: ("expiry_month", "expiry_year"),
        Meaning.PERSONAL: ("company_number", "first_line", "region", "second_line"),
        Meaning.FREE_TEXT: ("custom_data",),
        # Its pages let their bearer cancel, and pay by another card.
        Meaning.SECRET: ("checkout", "management_urls"),
    },
    texts={"invoice_number": r"[0-9]{1,10}-[0-9]{1,10}"},
)

# https://developer.gocardless.com/api-reference/#core-endpoints-events
GOCARDLESS: Final = Vocabulary(
    keys={
        Meaning.OWNED: (
            *("bank_authorisation", "billing_request", "billing_request_flow"),
            *("customer_bank_account", "instalment_schedule", "mandate_request_mandate"),
            *("new_customer_bank_account", "new_mandate", "payment", "payment_request_payment"),
            *("previous_customer_bank_account", "subscription"),
        ),
        Meaning.ID: ("creditor", "organisation", "parent_event"),
        Meaning.FREE_TEXT: ("resource_metadata",),
    },
    id_form=r"[A-Z]{2,4}[0-9][0-9A-Z]{2,40}",
    texts={"reason_code": r"[A-Z0-9-]{1,32}"},
    customers=("customer",),
)

# https://razorpay.com/docs/webhooks/payloads/payments/: ids are `pay_…`.
RAZORPAY: Final = Vocabulary(
    keys={
        Meaning.OWNED: (
            *("card_id", "invoice_id", "order", "order_id", "payment", "payment_id"),
            *("refund_id", "subscription_id", "token_id"),
        ),
        Meaning.ID: ("account_id", "customer_id", "settlement_id"),
        Meaning.CATALOG: ("item_id", "plan_id"),
        Meaning.CODE: (
            *("bank", "contains", "error_reason", "error_source", "error_step", "phase"),
            *("reason_code", "refund_status", "speed_processed", "speed_requested", "wallet"),
        ),
        Meaning.PERSONAL: ("account_holder", "contact", "upi", "vpa"),
        Meaning.FREE_TEXT: ("acquirer_data", "error_description"),
        Meaning.SECRET: ("short_url",),
    },
    texts={
        "network": r"American Express|Diners Club|Maestro|MasterCard|RuPay|Visa|Unknown",
        "invoice_number": r"(?=.*[0-9])[A-Za-z0-9-]{1,40}",
    },
    people=("customer",),
    kind="entity",
)

# https://docs.lemonsqueezy.com/api: JSON:API, with numbers for ids.
LEMONSQUEEZY: Final = Vocabulary(
    keys={
        Meaning.OWNED: ("identifier", "order_id", "order_item_id", "subscription_id"),
        Meaning.ID: ("customer_id", "store_id", "webhook_id"),
        Meaning.CATALOG: ("price_id", "product_id", "variant_id"),
        Meaning.CARD: ("card_last_four",),
        Meaning.PERSONAL: ("region", "tax_name"),
        Meaning.FREE_TEXT: ("custom_data",),
        Meaning.SECRET: ("key", "key_short", "urls"),
    },
    id_form=r"[0-9]{1,18}",
    kind="type",
)

# https://developer.squareup.com/reference/square/webhooks
SQUARE: Final = Vocabulary(
    keys={
        Meaning.OWNED: (
            *("card_id", "dispute_id", "invoice_id", "loyalty_account_id", "order_id"),
            *("payment_id", "refund_id", "subscription_id"),
        ),
        Meaning.ID: ("customer_id", "event_id", "location_id", "merchant_id"),
        Meaning.CATALOG: ("catalog_object_id", "plan_id", "plan_variation_id"),
        Meaning.CODE: ("code", "delay_action", "capabilities"),
        Meaning.CARD: ("bin", "last_4"),
        Meaning.CHOSEN: ("reference_id",),
        Meaning.PERSONAL: ("company_name", "nickname"),
    },
    # A digit tells them from words: `KkAkhdMsgzn59SM8A89WgKwekxLZY`, `inv:0-ChCHu2mZEabLeeHahQnX`.
    id_form=r"(?=.*[0-9])[A-Za-z0-9_:-]{10,192}",
    texts={"invoice_number": r"(?=.*[0-9])[A-Za-z0-9-]{1,64}"},
)

# https://developer.paypal.com/api/rest/webhooks/event-names/
PAYPAL: Final = Vocabulary(
    keys={
        Meaning.OWNED: (
            *("authorization_id", "authorizations", "billing_agreement_id", "capture_id"),
            *("captures", "dispute_id", "order_id", "parent_payment", "refund_id", "refunds"),
            *("sale_id", "seller_transaction_id", "subscription_id"),
        ),
        Meaning.ID: ("account_id", "merchant_id", "payer_id"),
        Meaning.CATALOG: ("plan_id",),
        Meaning.CODE: (
            *("dispute_channel", "dispute_life_cycle_stage", "outcome_code", "reason"),
            # Its own about an invoice, with its times: nobody else writes there.
            *("metadata", "reason_code"),
        ),
        Meaning.CARD: ("expiry", "last_digits"),
        Meaning.PERSONAL: ("full_name", "shipping_address", "soft_descriptor"),
        Meaning.FREE_TEXT: ("custom", "custom_id", "note_to_payer", "summary"),
    },
    id_form=r"(?=[A-Z0-9-]*[0-9])[A-Z0-9-]{8,64}",
    # What a refund is of stands in a link alone.
    texts={
        "href": r"https://api(?:-m)?(?:\.sandbox)?\.paypal\.com/v[12]/"
        r"(?:payments/(?:authorizations?|billing-agreements|captures?|payment|refunds?|sale)"
        r"|checkout/orders"
        r"|billing/subscriptions|customer/disputes)/(?P<owned>[A-Z0-9-]{8,64})(?:/[a-z-]{1,32})?",
        "rel": r"[a-z-]{1,40}",
        "state": r"[a-z_]{1,40}|Active|Cancelled|Expired|Pending|Suspended",
    },
    people=("buyer", "card", "paypal", "payer", "payer_info", "shipping", "subscriber", "venmo"),
    customers=("payer_id",),
)

# https://docs.adyen.com/development-resources/webhooks/webhook-types/, and what stands in the
# additional data: https://docs.adyen.com/api-explorer/Webhooks/1/post/AUTHORISATION
ADYEN: Final = Vocabulary(
    keys={
        Meaning.OWNED: (
            *("originalReference", "pspReference", "recurring.recurringDetailReference"),
            *("tokenization.storedPaymentMethodId",),
        ),
        Meaning.ID: (
            *("merchantAccountCode", "recurring.shopperReference", "shopperReference"),
            *("tokenization.shopperReference",),
        ),
        Meaning.CODE: (
            *("authorisedAmountCurrency", "chargebackReasonCode", "disputeStatus", "operations"),
            *("modification.action", "paymentMethodVariant"),
        ),
        Meaning.CARD: ("cardBin", "cardSummary", "expiryDate", "paymentMethodLast4"),
        Meaning.CHOSEN: ("merchantReference", "originalMerchantReference"),
    },
    id_form=r"[A-Z0-9]{16}",
    texts={
        "authorisedAmountValue": r"[0-9]{1,15}",
        "defensePeriodEndsAt": r"[0-9T:.+Z-]{10,35}",
    },
    customers=("shopperReference", "recurring.shopperReference"),
)

# https://developer.paypal.com/braintree/docs/reference/response/transaction, and as JSON by us.
BRAINTREE: Final = Vocabulary(
    keys={
        Meaning.OWNED: (
            *("original_dispute_id", "refund_id", "refund_ids", "refunded_transaction_id"),
            *("subscription", "subscription_id", "transaction", "transactions"),
        ),
        Meaning.ID: ("merchant_id", "source_merchant_id", "transaction_ids"),
        Meaning.CATALOG: ("plan_id",),
        Meaning.CODE: ("processor_response_code", "processor_response_type", "reason_code"),
        Meaning.CARD: (
            *("bin", "expiration_month", "expiration_year", "last_4", "masked_number"),
            *("unique_number_identifier",),
        ),
        Meaning.CHOSEN: ("order_id",),
        Meaning.PERSONAL: ("locality", "region", "website"),
    },
    id_form=r"(?=.*[0-9])[a-z0-9_-]{4,36}",
    texts={
        "status": r"[a-z_]{1,40}|Active|Canceled|Expired|Past Due|Pending",
        "merchant_account_id": r"[a-z0-9_]{2,36}",
        "card_type": r"American Express|Discover|JCB|Maestro|MasterCard|UnionPay|Visa",
    },
)

# https://core.telegram.org/bots/api#update
TELEGRAM: Final = Vocabulary(
    keys={
        Meaning.OWNED: ("provider_payment_charge_id", "telegram_payment_charge_id"),
        # What was bought, in the seller's words.
        Meaning.CATALOG: ("invoice_payload", "shipping_option_id"),
        Meaning.PERSONAL: ("contact", "location", "venue"),
        Meaning.FREE_TEXT: ("caption", "text", "title"),
    },
    id_form=r"[0-9]{1,20}|(?=.*[0-9])[A-Za-z0-9_:-]{6,240}",
    customers=(),
)

# https://paystack.com/docs/payments/webhooks/#types-of-events
PAYSTACK: Final = Vocabulary(
    keys={
        Meaning.OWNED: ("offline_reference", "reference", "request_code", "subscription_code"),
        Meaning.ID: ("customer_code", "integration", "integration_code"),
        Meaning.CATALOG: ("plan_code",),
        Meaning.CODE: ("channel", "domain"),
        Meaning.CARD: ("bin",),
        # With it whoever has our key charges the card again.
        Meaning.SECRET: ("authorization_code",),
    },
    id_form=r"[0-9]{1,18}|[A-Z]{2,4}_[a-z0-9]{10,32}|(?=.*[0-9])[A-Za-z0-9._=-]{8,64}",
    people=("customer",),
    customers=("customer_code",),
)
