"""Erasing a person from a provider's JSON.

Masking hides what is known to be personal. Here it is the other way round, as what is overlooked
stays for ever: of texts, only ids and a provider's own codes stay, at the keys that are
known to hold such. Numbers, moments, yes and no, and the form of everything stay, so that it is
still an event, and says the same of money.
"""

import re
from collections.abc import Collection, Mapping
from typing import Any, Final

from webhooks.privacy.card_numbers import card_like
from webhooks.privacy.meanings import is_id, is_personal, is_secret, kind_of, meaning_of
from webhooks.privacy.vocabulary import NUMBERED, TYPED_CODES, Meaning

ERASED: Final = "(erased)"
"""In the place of a text that may have named somebody."""

_CODE: Final = re.compile(r"[a-z0-9][a-z0-9_.-]{0,63}")
_NUMBER: Final = re.compile(r"[A-Za-z0-9-]{1,64}")
_DECIMAL: Final = re.compile(r"-?[0-9]{1,20}(?:\.[0-9]{1,20})?")
_MOMENT: Final = re.compile(
    r"\d{4}-\d\d-\d\dT\d\d:\d\d(?::\d\d(?:\.\d{1,9})?)?(?:Z|[+-]\d\d:\d\d)?"
)
_KEY: Final = re.compile(r"[A-Za-z0-9_]{1,64}")


def redact(payload: Any, *, known: Collection[str] = ()) -> Any:
    """Return a copy of an event or object that identifies nobody but by the provider's ids.

    Ids that are `known`, because rows are kept by them, stay whatever their form.
    """
    return _Redaction(known).value(payload, "", "", "")


def identifier(text: str, key: str) -> str:
    """Return the text if it is of the form of what names an object at this key, else nothing."""
    if meaning_of(key) is Meaning.CATALOG:
        return text if is_id(text) else code(text)
    return text if is_id(text) else ""


def code(text: str) -> str:
    """Return the text if it is of the form of a provider's own words, else nothing."""
    return text if _CODE.fullmatch(text) and not card_like(text) else ""


def number(text: str) -> str:
    """Return the text if it is of the form of an invoice's number, else nothing."""
    return text if _NUMBER.fullmatch(text) and not card_like(text) else ""


class _Redaction:
    def __init__(self, known: Collection[str]) -> None:
        self.known = known

    def value(self, value: Any, key: str, parent: str, kind: str) -> Any:
        if isinstance(value, Mapping):
            return self._mapping(value, key, kind_of(value, kind))
        if isinstance(value, list):
            return [self.value(each, key, parent, kind) for each in value]
        if isinstance(value, str):
            return self._text(value, key, parent, kind)
        is_card = isinstance(value, int) and (
            meaning_of(key) is Meaning.CARD or card_like(str(value))
        )
        return None if is_card else value

    def _mapping(self, value: Mapping[str, Any], parent: str, kind: str) -> dict[str, Any]:
        return {
            key: _emptied(each, key)
            if _is_about_a_person(key, parent, kind, value)
            else self.value(each, key, parent, kind)
            for key, each in value.items()
            # Anybody's words can be keys: those of `metadata` are, and a new object's may be.
            if _KEY.fullmatch(key) and not card_like(key)
        }

    def _text(self, value: str, key: str, parent: str, kind: str) -> str | None:
        meaning = meaning_of(key)
        if meaning in (Meaning.ID, Meaning.OWNED, Meaning.CATALOG, Meaning.CHOSEN):
            return self._identifier(value, key, parent, kind) or None
        # Only of a code's form: a provider may write a sentence where it had a code.
        if meaning is Meaning.CODE:
            is_typed = key == "code" and kind in TYPED_CODES
            return None if is_typed else code(value) or None
        if key == "number" and kind in NUMBERED:
            return number(value) or None
        # Events that don't carry their object say in words when they were made.
        if key == "created":
            return value if _MOMENT.fullmatch(value) else None
        # Amounts of less than a cent come as texts.
        return value if key.endswith("_decimal") and _DECIMAL.fullmatch(value) else None

    def _identifier(self, value: str, key: str, parent: str, kind: str) -> str:
        if value in self.known:
            return value
        # An object's own id is of the kind of the object, or of the key that it stands at.
        meanings = {meaning_of(one) for one in ((kind, parent) if key == "id" else (key,))}
        if Meaning.CHOSEN in meanings:
            return ""
        return identifier(value, "product" if Meaning.CATALOG in meanings else key)


def _is_about_a_person(key: str, parent: str, kind: str, among: Mapping[str, Any]) -> bool:
    return (
        meaning_of(key) in (Meaning.PERSON, Meaning.FREE_TEXT)
        or is_personal(key, parent=parent, kind=kind, siblings=among.keys())
        or is_secret(key, parent=parent, kind=kind)
    )


def _emptied(value: Any, key: str) -> Any:
    if key == "metadata" and isinstance(value, Mapping):
        return {}  # what somebody made up for a key is as private as the value
    if isinstance(value, Mapping):
        return {name: _emptied(each, name) for name, each in value.items() if _KEY.fullmatch(name)}
    return [_emptied(each, key) for each in value] if isinstance(value, list) else None
