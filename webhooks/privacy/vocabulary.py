"""What the keys of providers' JSON hold: one table, which masking, erasing and hiding derive from.

`webhooks.privacy.meanings` asks it. One provider's own words: `webhooks.privacy.vocabularies`.
"""

from collections.abc import Mapping
from enum import Enum
from typing import Final


class Meaning(Enum):
    """The meaning of a key's value."""

    SECRET = "opens something to whoever knows it"  # noqa: S105
    PERSONAL = "identifies a person"
    PERSON = "is an object about a person, whatever is left of it"
    FREE_TEXT = "may be anything that anybody wrote"
    MESSAGE = "is a text that may speak of a person, and that staff work with"
    CARD = "tells one card from another"
    OWNED = "names an object which is one customer's, and nobody else's"
    ID = "names any other object"
    CATALOG = "names an object for sale, by an id that whoever sells it may have made up"
    CHOSEN = "names an object by an id that anybody may have made up, after a person too"
    CODE = "is a provider's own word"


TABLE: Final[Mapping[Meaning, tuple[str, ...]]] = {
    Meaning.SECRET: (
        *("api_key", "credential", "credentials", "cvc", "cvv", "invoice_pdf", "pdf"),
    ),
    Meaning.PERSONAL: (
        *("account_number", "collected_information", "evidence", "id_number", "individual"),
        *("order_info", "tax_id", "tracking_number", "user_agent"),
    ),
    Meaning.PERSON: (
        *("billing_details", "cardholder", "chat", "company", "customer_details"),
        *("customer_shipping", "from", "owner", "recipient", "shipping", "shipping_details"),
        *("user",),
    ),
    Meaning.FREE_TEXT: (
        *("custom_fields", "customer_note", "description", "footer", "invoice_payload", "memo"),
        *("metadata", "note", "notes"),
    ),
    Meaning.MESSAGE: ("client_reference_id", "error_message", "failure_message"),
    Meaning.CARD: (
        *("card_last4", "dynamic_last4", "exp_month", "exp_year", "fingerprint", "iin", "last4"),
    ),
    Meaning.OWNED: (
        *("charge", "checkout_session", "credit_note", "default_payment_method", "default_source"),
        *("dispute", "invoice", "invoice_item", "latest_charge", "latest_invoice", "mandate"),
        *("payment_intent", "payment_method", "pending_setup_intent", "quote", "refund", "review"),
        *("setup_intent", "source", "source_transaction", "subscription", "subscription_item"),
    ),
    Meaning.ID: (
        *("account", "application", "balance_transaction", "customer", "destination", "id"),
        *("on_behalf_of", "payment_link", "payout", "promotion_code", "schedule"),
        *("subscription_schedule", "test_clock", "transfer"),
    ),
    Meaning.CATALOG: ("plan", "price", "product"),
    Meaning.CHOSEN: ("coupon", "transfer_group"),
    Meaning.CODE: (
        *("api_version", "billing_reason", "billing_scheme", "brand", "cancellation_reason"),
        *(
            "capture_method",
            "card_brand",
            "card_funding",
            "code",
            "collection_method",
            "confirmation_method",
        ),
        *("currency", "decline_code", "error_code", "failure_code", "failure_reason", "feedback"),
        *("funding", "interval", "method", "mode", "network_status", "object"),
        *("payment_method_type", "payment_method_types", "payment_status", "proration_behavior"),
        *(
            "reason",
            "reporting_category",
            "risk_level",
            "setup_future_usage",
            "status",
            "submit_type",
            "tax_exempt",
        ),
        *("type", "ui_mode", "usage", "usage_type"),
    ),
}
"""Every key that has one meaning wherever it stands; no key is under two."""

SECRET_WORDS: Final = frozenset(
    {
        *("jwt", "otp", "passcode", "passphrase", "passwd", "password", "pin", "pwd", "secret"),
        *("token",),
    }
)
BEARER_WORDS: Final = frozenset(
    {
        *("action", "debit", "hosted", "image", "native", "qr", "receipt", "redirect"),
    }
)
"""In the name of an address, or of what it is in: whoever has it sees the customer's data, pays as
the customer, or consents for them."""

PERSONAL_WORDS: Final = frozenset(
    {
        *("email", "mail", "phone", "telephone", "mobile", "tel", "fax", "address", "street"),
        *("city", "town"),
        *(
            "line1",
            "line2",
            "postal",
            "postalcode",
            "postcode",
            "zip",
            "zipcode",
            "ip",
            "dob",
            "birth",
            "birthdate",
        ),
        *("birthday", "birthplace", "ssn", "passport", "iban", "bban", "surname", "username"),
        *("nationality", "latitude", "longitude", "signature"),
    }
)
NAMED_PEOPLE: Final = frozenset(
    {
        *("account_holder", "billing", "business", "buyer", "card", "cardholder", "contact"),
        *("customer", "family", "first", "full", "given", "holder", "individual", "last"),
        *("legal", "maiden", "middle", "owner", "payer", "person", "recipient", "sender"),
        *("shipping", "verified"),
    }
)
"""Whose `…_name` is a person's, or may be."""

OTHER_PEOPLE: Final = frozenset(
    {
        *("account", "client", "consumer", "debtor", "display", "guest", "member", "nick"),
        *("shopper", "subscriber", "user"),
    }
)
"""The same, of providers whose every key is not known."""

REACHING: Final = frozenset({"address", "email", "mobile", "phone"})
"""In the keys by which somebody can be reached."""

NOT_PERSONAL: Final = frozenset(
    {
        *("at", "check", "collection", "country", "creation", "enabled", "exempt", "id"),
        *("options", "ownership", "provided", "required", "sent", "status", "type", "update"),
        *("verified",),
    }
)
"""The last words of keys that tell about such values, and not the values themselves."""

SHARED_WORDS: Final = frozenset(
    {
        *("city", "latitude", "longitude", "nationality", "postal", "postalcode", "postcode"),
        *("state", "town", "zip", "zipcode"),
    }
)
"""What is personal, and yet so many people's that nobody is known by it in a text."""

COMMON_CODES: Final = frozenset(
    {
        *("active", "canceled", "card", "complete", "draft", "duplicate", "exempt", "expired"),
        *("failed", "fraudulent", "incomplete", "individual", "invoice", "none", "null", "open"),
        *("order", "paid", "payment", "pending", "processing", "refund", "refunded", "reverse"),
        *("subscription", "succeeded", "test", "true", "unknown", "unpaid", "void"),
    }
)
"""Words that everybody's texts are full of: a person who calls itself so isn't known by it."""

KEPT: Final = frozenset({"country", "id", "object", "type"})
"""What stays to be seen in whatever is about a person: it tells nobody apart."""

PEOPLE: Final = frozenset(
    {
        *("account", "bank_account", "card", "customer", "issuing.cardholder", "payment_method"),
        *("person", "recipient", "source"),
    }
)
"""The types of objects whose `name` is a person's."""

PAGES: Final = frozenset(
    {
        *("account_link", "billing_portal.session", "checkout.session"),
        *("identity.verification_session", "login_link"),
    }
)
"""The types of objects whose `url` lets its bearer in."""

OWNED_TYPES: Final = frozenset(
    {*TABLE[Meaning.OWNED], "bank_account", "card", "checkout.session", "invoiceitem"}
)
"""The types of objects that are one customer's, and nobody else's."""

NUMBERED: Final = frozenset({"credit_note", "invoice"})
"""The types of objects whose `number` the books are kept by."""

TYPED_CODES: Final = frozenset({"promotion_code"})
"""The types of objects whose `code` is what a customer types in, and somebody's words."""
