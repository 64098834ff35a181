"""What the keys of providers' JSON hold: one table, which masking, erasing and hiding derive from.

A key is told by the table or by its words, so that providers' objects of tomorrow are covered too;
what only their place tells (a customer's `name` is personal, a product's is not) by the objects
they are in.
"""

import re
from collections.abc import Collection, Mapping
from enum import Enum
from typing import Final

from webhooks.database.text import LONGEST_NAME


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
        *("capture_method", "card_brand", "code", "collection_method", "confirmation_method"),
        *("currency", "decline_code", "error_code", "failure_code", "failure_reason", "feedback"),
        *("funding", "interval", "method", "mode", "network_status", "object"),
        *("payment_method_type", "payment_method_types", "payment_status", "proration_behavior"),
        *("reason", "risk_level", "setup_future_usage", "status", "submit_type", "tax_exempt"),
        *("type", "ui_mode", "usage", "usage_type"),
    ),
}
"""Every key that has one meaning wherever it stands; no key is under two."""

_MEANINGS: Final = {key: meaning for meaning, keys in TABLE.items() for key in keys}

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

_ID: Final = re.compile(
    # As providers form theirs: a short kind, an underscore, a code; or a UUID.
    r"[a-z][a-z0-9]{0,15}(?:_[A-Za-z0-9]+)+"
    r"|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"
)

NUMBERED: Final = frozenset({"credit_note", "invoice"})
"""The types of objects whose `number` the books are kept by."""

_TELLING_NOBODY: Final = (
    *(Meaning.CARD, Meaning.CATALOG, Meaning.CODE, Meaning.ID, Meaning.OWNED),
)
_PROVIDERS_WORD: Final = re.compile(r"[a-z][a-z0-9_]*|[A-Z]{2,3}")

TYPED_CODES: Final = frozenset({"promotion_code"})
"""The types of objects whose `code` is what a customer types in, and somebody's words."""

# What hides a key hides it however it is spelt; what keeps one is kept as providers write it.
_HIDING: Final = (Meaning.SECRET, Meaning.PERSONAL, Meaning.PERSON, Meaning.FREE_TEXT)
_SPELT: Final = {key.replace("_", ""): _MEANINGS[key] for m in _HIDING for key in TABLE[m]}
_RUN_TOGETHER: Final = re.compile(
    "address|birth|email|passport|phone|surname"
    rf"|(?:{'|'.join(sorted(NAMED_PEOPLE))}|user)name"
)
_SECRET_RUN_TOGETHER: Final = re.compile(
    "(?:access|api|private)key|pass(?:code|phrase|wd|word)|secret|token$"
)

# Keys come in snake_case and in camelCase: both are told by the same words.
_WORD: Final = re.compile(r"(?:[A-Z]?[a-z]+|[A-Z]+(?![a-z]))[0-9]*|[0-9]+")


def meaning_of(key: str) -> Meaning | None:
    """Return what the table says of a key; None of one whose words or place must tell."""
    return _MEANINGS.get(key) or _SPELT.get("".join(_words(key)))


def is_id(text: str) -> bool:
    """True for a text of the form of a provider's id: any other may be somebody's words."""
    return len(text) <= LONGEST_NAME and bool(_ID.fullmatch(text))


def is_secret(key: str, *, parent: str = "", kind: str = "") -> bool:
    """True when the value of a key opens something to whoever knows it.

    `parent` is the key of the object that it is in, `kind` what that says of itself as its
    `object`.
    """
    words = _words(key)
    return (
        meaning_of(key) is Meaning.SECRET
        or not SECRET_WORDS.isdisjoint(words)
        or bool(_SECRET_RUN_TOGETHER.search("".join(words)))
        or (words == ["url"] and kind in PAGES)
        or ("url" in words and not BEARER_WORDS.isdisjoint((*words, *_words(parent))))
    )


def is_personal(
    key: str, *, parent: str = "", kind: str = "", siblings: Collection[str] = ()
) -> bool:
    """True when the value of a key identifies a person.

    `parent` is the key of the object that it is in, `kind` what that says of itself as its
    `object`, and `siblings` its keys. What is in a personal value is personal, except for `KEPT`.
    """
    if meaning_of(key) is Meaning.PERSONAL:
        return True
    words = _words(key)
    if words == ["name"]:
        return _is_about_somebody(parent, kind, siblings)
    if key == "value":
        return kind == "tax_id" or parent.endswith("tax_ids")
    # `email_verified` tells of an address; it is not one.
    if not words or words[-1] in NOT_PERSONAL:
        return False
    is_a_name = "name" in words and not NAMED_PEOPLE.isdisjoint(words)
    return (
        is_a_name or not PERSONAL_WORDS.isdisjoint(words) or any(map(_RUN_TOGETHER.search, words))
    )


def is_known_by(key: str, value: str, *, parent: str = "", kind: str = "") -> bool:
    """True when a person may be known elsewhere by a personal value: by a name or an address.

    Not by a provider's word (`none`, `succeeded`, a country): such a one is in everybody's texts.
    """
    if value.casefold() in COMMON_CODES:
        return False
    if meaning_of(key) is Meaning.PERSONAL:
        return True
    words = _words(key)
    if not SHARED_WORDS.isdisjoint(words) or (words and words[-1] in NOT_PERSONAL):
        return False
    if meaning_of(key) in _TELLING_NOBODY:
        return False
    # Of a new key nobody knows what it holds, so the form of its value tells.
    is_told = key == "name" or is_personal(key, parent=parent, kind=kind)
    return is_told or not _PROVIDERS_WORD.fullmatch(value)


def _words(key: str) -> list[str]:
    return [word.lower() for word in _WORD.findall(key)]


def _is_about_somebody(parent: str, kind: str, siblings: Collection[str]) -> bool:
    # Whoever can be reached is somebody, whatever the provider calls the object.
    reachable = ("email", "phone", "phone_number", "address")
    return (
        kind in PEOPLE
        or meaning_of(parent) is Meaning.PERSON
        or any(way in siblings for way in reachable)
    )
