"""What identifies a person in a provider's JSON, and what opens doors: one definition for all.

Keys are told by their words, so that providers' objects of tomorrow are covered too; what only
their place tells (a customer's `name` is personal, a product's is not) by the objects they are in.
"""

import re
from collections.abc import Collection, Mapping
from typing import Any, Final

from webhooks.privacy.card_numbers import card_like, without_cards

_WORD: Final = re.compile(r"(?:[A-Z]?[a-z]+|[A-Z]+(?![a-z]))[0-9]*|[0-9]+")

PERSONAL_WORDS: Final = frozenset(
    {
        *("email", "phone", "telephone", "mobile", "fax", "address", "street", "city", "town"),
        *("line1", "line2", "postal", "postcode", "zip", "ip", "dob", "birth", "birthdate"),
        *("birthday", "birthplace", "ssn", "passport", "iban", "bban", "surname", "username"),
        *("nationality", "latitude", "longitude", "signature"),
    }
)
PERSONAL_KEYS: Final = frozenset(
    {
        *("account_number", "collected_information", "evidence", "id_number", "individual"),
        *("order_info", "tax_id", "tracking_number", "user_agent"),
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

PEOPLE: Final = frozenset(
    {
        *("account", "bank_account", "card", "customer", "issuing.cardholder", "payment_method"),
        *("person", "recipient", "source"),
    }
)
"""The objects whose `name` is a person's."""

ABOUT_PEOPLE: Final = frozenset(
    {
        *("billing_details", "cardholder", "chat", "company", "customer_details"),
        *("customer_shipping", "from", "owner", "recipient", "shipping", "shipping_details"),
        *("user",),
    }
)
"""The keys whose objects are about a person, whatever is left of them."""

FREE_TEXT: Final = frozenset(
    {
        *("custom_fields", "customer_note", "description", "footer", "invoice_payload", "memo"),
        *("metadata", "note", "notes"),
    }
)
"""Where anybody may have written anything."""

NOT_PERSONAL: Final = frozenset(
    {
        *("at", "check", "collection", "country", "creation", "enabled", "exempt", "id"),
        *("options", "ownership", "provided", "required", "sent", "status", "type", "update"),
        *("verified",),
    }
)
"""The last words of keys that tell about such values, and not the values themselves."""

KEPT: Final = frozenset({"country", "id", "object", "type"})
"""What stays to be seen in whatever is about a person: it tells nobody apart."""

SECRET_WORDS: Final = frozenset({"secret", "password", "passcode", "otp"})
SECRET_KEYS: Final = frozenset(
    {
        *("api_key", "access_token", "refresh_token", "private_key", "cvc", "cvv"),
        # Whoever has such an address sees the customer's data, or pays as the customer.
        *("hosted_instructions_url", "hosted_invoice_url", "hosted_voucher_url", "invoice_pdf"),
        *("receipt_url",),
    }
)
PAGES: Final = frozenset({"checkout.session", "billing_portal.session"})
"""The objects whose `url` lets its bearer in."""

_SECRET: Final = re.compile(
    r"\b(?:(?:whsec|[sre]k_live|[sre]k_test)_[\w+/=-]{8,}|pay_[\w-]{43}|\w+_secret_\w{4,})"
)
# Tried once for each run of characters: long texts without an address take no longer for it.
_EMAIL: Final = re.compile(
    r"""(?<![^\s@<>"',;:()\[\]])[^\s@<>"',;:()\[\]]++@[^\s@<>"',;:()\[\]]+"""
)


MASK: Final = "\N{BULLET}" * 5
"""What staff see in the place of what they are not shown."""


def is_personal(
    key: str, *, parent: str = "", kind: str = "", siblings: Collection[str] = ()
) -> bool:
    """Whether the value of a key identifies a person.

    `parent` is the key of the object that it is in, `kind` what that says of itself as its
    `object`, and `siblings` its keys. What is in a personal value is personal, except for `KEPT`.
    """
    if key in PERSONAL_KEYS:
        return True
    if key == "name":
        return _is_about_somebody(parent, kind, siblings)
    if key == "value":
        return kind == "tax_id" or parent.endswith("tax_ids")
    words = _words(key)
    if not words or words[-1] in NOT_PERSONAL:
        return False
    is_a_name = "name" in words and not NAMED_PEOPLE.isdisjoint(words)
    return is_a_name or not PERSONAL_WORDS.isdisjoint(words)


def is_secret(key: str, *, kind: str = "") -> bool:
    """Whether the value of a key opens something to whoever knows it."""
    is_word = not SECRET_WORDS.isdisjoint(_words(key))
    return is_word or key in SECRET_KEYS or (key == "url" and kind in PAGES)


def scrubbed(text: str, mark: str) -> str:
    """A text with a mark in the place of card-like numbers, e-mail addresses and secrets."""
    text = without_cards(text, mark)
    text = _SECRET.sub(mark, text) if "_" in text else text
    return _EMAIL.sub(mark, text) if "@" in text else text


def redacted(payload: Any, mark: str, *, free_text: bool = False) -> Any:
    """A copy of a provider's JSON with a mark in the place of what is personal or secret.

    Keys, ids, amounts, moments and codes stay as they are. With `free_text`, whatever anybody may
    have written is replaced as well. Raises `RecursionError` for what is nested beyond reason.
    """
    return _Redaction(mark, free_text).value(payload, "", "")


class _Redaction:
    def __init__(self, mark: str, free_text: bool) -> None:
        self.mark = mark
        self.free_text = free_text

    def value(self, value: Any, key: str, kind: str) -> Any:
        """A value that is not personal because of its key."""
        if isinstance(value, Mapping):
            return self._object(value, key, kind)
        if isinstance(value, list):
            return [self.value(each, key, kind) for each in value]
        if isinstance(value, str):
            return value if key == "id" else scrubbed(value, self.mark)
        return self.mark if isinstance(value, int) and card_like(str(value)) else value

    def _object(self, value: Mapping[str, Any], parent: str, above: str) -> dict[str, Any]:
        told = value.get("object")
        kind = told if isinstance(told, str) else above
        # What an update replaced is told beside the object, and is of the object's kind.
        within = told.get("object", "") if isinstance(told, Mapping) else ""
        return {
            scrubbed(key, self.mark): self._member(key, each, parent, kind, within, value)
            for key, each in value.items()
        }

    def _member(
        self, key: str, each: Any, parent: str, kind: str, within: str, among: Mapping[str, Any]
    ) -> Any:
        if (
            is_personal(key, parent=parent, kind=kind, siblings=among.keys())
            or is_secret(key, kind=kind)
            or (self.free_text and key in FREE_TEXT)
        ):
            return self._gone(each)
        return self.value(each, key, within if key == "previous_attributes" else "")

    def _gone(self, value: Any) -> Any:
        if isinstance(value, Mapping):
            return {
                scrubbed(key, self.mark): each
                if key in KEPT and not isinstance(each, Mapping | list)
                else self._gone(each)
                for key, each in value.items()
            }
        if isinstance(value, list):
            return [self._gone(each) for each in value]
        return value if value is None or isinstance(value, bool) or value == "" else self.mark


def _words(key: str) -> list[str]:
    return [word.lower() for word in _WORD.findall(key)]


def _is_about_somebody(parent: str, kind: str, siblings: Collection[str]) -> bool:
    reachable = ("email", "phone", "phone_number", "address")
    return kind in PEOPLE or parent in ABOUT_PEOPLE or any(way in siblings for way in reachable)
