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
from webhooks.privacy.kept_texts import DECIMAL, UPPER_CODE, is_moment, is_plain_number, stays
from webhooks.privacy.meanings import is_id, is_personal, is_secret, kind_of, meaning_of
from webhooks.privacy.vocabularies import COMMON, Vocabulary
from webhooks.privacy.vocabulary import NUMBERED, TYPED_CODES, Meaning

ERASED: Final = "(erased)"
"""In the place of a text that may have named somebody."""

_CODE: Final = re.compile(r"[a-z0-9][a-z0-9_.-]{0,63}")
_NUMBER: Final = re.compile(r"[A-Za-z0-9-]{1,64}")
_MOMENT: Final = re.compile(
    r"\d{4}-\d\d-\d\dT\d\d:\d\d(?::\d\d(?:\.\d{1,9})?)?(?:Z|[+-]\d\d:\d\d)?"
)
_KEY: Final = re.compile(r"[A-Za-z0-9_]{1,64}")
_IDS: Final = (Meaning.ID, Meaning.OWNED, Meaning.CATALOG, Meaning.CHOSEN)


def redact(payload: Any, *, known: Collection[str] = (), vocabulary: Vocabulary = COMMON) -> Any:
    """Return a copy of an event or object that identifies nobody but by the provider's ids.

    What is `known`, because rows are kept by it, stays whatever its form.
    """
    return _Redaction(known, vocabulary).value(payload, "", "", {})


def identifier(text: str, key: str, vocabulary: Vocabulary = COMMON) -> str:
    """Return the text if it is of the form of what names an object at this key, else nothing."""
    if is_id(text, vocabulary):
        return text
    return code(text, vocabulary) if meaning_of(key, vocabulary) is Meaning.CATALOG else ""


def code(text: str, vocabulary: Vocabulary = COMMON) -> str:
    """Return the text if it is of the form of a provider's own words, else nothing."""
    is_code = _CODE.fullmatch(text) or (not vocabulary.strict and UPPER_CODE.fullmatch(text))
    return text if is_code and not card_like(text) else ""


def number(text: str) -> str:
    """Return the text if it is of the form of an invoice's number, else nothing."""
    return text if _NUMBER.fullmatch(text) and not card_like(text) else ""


class _Redaction:
    def __init__(self, known: Collection[str], vocabulary: Vocabulary) -> None:
        self.known = known
        self.vocabulary = vocabulary

    def value(
        self, value: Any, key: str, parent: str, among: Mapping[str, Any], kind: str = ""
    ) -> Any:
        """Return what is left of a value. `among` is the object that it is in."""
        if isinstance(value, Mapping):
            return self._mapping(value, key, kind_of(value, kind, self.vocabulary))
        if isinstance(value, list):
            return [self.value(each, key, parent, among, kind) for each in value]
        if isinstance(value, str):
            return self._text(value, key, parent, among, kind) or None
        return None if self._is_telling(value, key, among) else value

    def _is_telling(self, value: Any, key: str, among: Mapping[str, Any]) -> bool:
        """True for a number that is a card's, or where no key is known may be a telephone's."""
        if not isinstance(value, int):
            return False
        is_plain = bool(self.vocabulary.keys) or is_plain_number(key, value, among)
        return self._is_card(value, key) or not (
            is_plain or self.vocabulary.strict or self._is_known(value)
        )

    def _is_card(self, value: int, key: str) -> bool:
        meaning = self._meaning_of(key)
        if meaning is Meaning.CARD or self.vocabulary.strict:
            return meaning is Meaning.CARD or card_like(str(value))
        is_told = meaning in _IDS or self._is_known(value) or is_moment(key, value)
        return not is_told and card_like(str(value))

    def _mapping(self, value: Mapping[str, Any], parent: str, kind: str) -> dict[str, Any]:
        return {
            key: self._emptied(each, key)
            if self._is_about_a_person(key, parent, kind, value)
            else self.value(each, key, parent, value, kind)
            for key, each in value.items()
            # Anybody's words can be keys: those of `metadata` are, and a new object's may be.
            if key in self.vocabulary.meanings or (_KEY.fullmatch(key) and not card_like(key))
        }

    def _text(
        self, value: str, key: str, parent: str, among: Mapping[str, Any], kind: str
    ) -> str | None:
        meaning = self._meaning_of(key)
        if self._is_known(value):
            return value
        if meaning in _IDS:
            return self._identifier(value, key, parent, kind)
        if (form := self.vocabulary.forms.get(key)) and form.fullmatch(value):
            return value
        # Only of a code's form: a provider may write a sentence where it had a code.
        if meaning is Meaning.CODE:
            is_typed = key == "code" and kind in TYPED_CODES
            return None if is_typed else code(value, self.vocabulary)
        if key == "number" and kind in NUMBERED:
            return number(value)
        # Events that don't carry their object say in words when they were made.
        if key == "created" and _MOMENT.fullmatch(value):
            return value
        # Amounts of less than a cent come as texts.
        if key.endswith("_decimal") and DECIMAL.fullmatch(value):
            return value
        is_told = meaning is None and not self.vocabulary.strict and stays(key, value, among)
        return value if is_told else None

    def _identifier(self, value: str, key: str, parent: str, kind: str) -> str:
        if value in self.known:
            return value
        # An object's own id is of the kind of the object, or of the key that it stands at.
        keys = (kind, parent) if key == "id" else (key,)
        meanings = {self._meaning_of(one) for one in keys}
        if Meaning.CHOSEN in meanings:
            return ""
        is_sold = Meaning.CATALOG in meanings
        return identifier(value, "product" if is_sold else key, self.vocabulary)

    def _is_known(self, value: object) -> bool:
        # The rows have it anyway, at whatever key it was found.
        return not self.vocabulary.strict and str(value) in self.known

    def _meaning_of(self, key: str) -> Meaning | None:
        return meaning_of(key, self.vocabulary)

    def _is_about_a_person(
        self, key: str, parent: str, kind: str, among: Mapping[str, Any]
    ) -> bool:
        return (
            self._meaning_of(key) in (Meaning.PERSON, Meaning.FREE_TEXT)
            or is_personal(
                key,
                parent=parent,
                kind=kind,
                siblings=among.keys(),
                vocabulary=self.vocabulary,
            )
            or is_secret(key, parent=parent, kind=kind, vocabulary=self.vocabulary)
        )

    def _emptied(self, value: Any, key: str) -> Any:
        if isinstance(value, Mapping):
            is_made_up = not self.vocabulary.strict and self._meaning_of(key) is Meaning.FREE_TEXT
            if key == "metadata" or is_made_up:
                return {}  # what somebody made up for a key is as private as the value
            return {
                name: self._emptied(each, name)
                for name, each in value.items()
                if _KEY.fullmatch(name)
            }
        if isinstance(value, list):
            return [self._emptied(each, key) for each in value]
        # By its id an erased person is still a customer.
        is_their_id = self._is_known(value) and not is_personal(key, vocabulary=self.vocabulary)
        return value if is_their_id else None
