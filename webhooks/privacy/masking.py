"""Masks for staff in the place of what is personal or secret, in a provider's JSON and in texts."""

import re
from collections.abc import Collection, Mapping
from typing import Any, Final

from webhooks.privacy.card_numbers import card_like, without_cards
from webhooks.privacy.encoded import mask_decoded
from webhooks.privacy.meanings import is_id, is_personal, is_secret, meaning_of
from webhooks.privacy.secret_shapes import hide_secrets
from webhooks.privacy.vocabularies import COMMON, Vocabulary
from webhooks.privacy.vocabulary import KEPT, Meaning

_LOCAL: Final = r"""[^\s@\uff20<>"',;:()\[\]]++"""
# Tried once for each run of characters: long texts without an address take no longer for it.
_EMAIL: Final = re.compile(
    rf"""(?<![^\s@\uff20<>"',;:()\[\]])(?:{_LOCAL}(?:'{_LOCAL}){{0,2}}+|"[^"\s]{{1,64}}")"""
    rf"[@\uff20]{_LOCAL}"
)

NAMING: Final = (Meaning.ID, Meaning.OWNED)
"""The meanings of keys that name an object."""

MASK: Final = "\N{BULLET}" * 5
"""The mask that staff see in the place of what they are not shown."""


def mask_text(text: str, mark: str) -> str:
    """Return a text with a mark in the place of card-like numbers, mail addresses and secrets."""
    return mask_decoded(text, lambda plain: _mask_plain(plain, mark))


def _hide(text: str, mark: str) -> str:
    return without_cards(hide_secrets(text, mark), mark)


def _mask_plain(text: str, mark: str) -> str:
    text = _hide(text, mark)
    return _EMAIL.sub(mark, text) if "@" in text or "\uff20" in text else text


def mask_json(
    payload: Any,
    mark: str,
    *,
    free_text: bool = False,
    personal: bool = True,
    vocabulary: Vocabulary = COMMON,
) -> Any:
    """Return a copy of a provider's JSON with a mark in the place of what is personal or secret.

    Keys, ids, amounts, moments and codes stay as they are. With `free_text`, whatever anybody may
    have written is replaced as well; not `personal`, secrets and card numbers alone. Raises
    `RecursionError` for what is nested beyond reason.
    """
    return _Masking(mark, free_text, personal, vocabulary).value(payload, "", "")


def mask_member(key: str, value: Any, mark: str, *, kind: str) -> Any:
    """Return what an object of this kind has under a key, masked as it would be in a payload."""
    masked: Any = mask_json({"object": kind, key: value}, mark)[key]
    return masked


class _Masking:
    def __init__(self, mark: str, free_text: bool, personal: bool, vocabulary: Vocabulary) -> None:
        self.vocabulary = vocabulary
        self.mark = mark
        self.free_text = free_text
        self.personal = personal
        self.plain = _mask_plain if personal else _hide

    def meaning_of(self, key: str) -> Meaning | None:
        return meaning_of(key, self.vocabulary)

    def text(self, text: str) -> str:
        return mask_decoded(text, lambda plain: self.plain(plain, self.mark))

    def value(self, value: Any, key: str, kind: str) -> Any:
        """Return a value that is neither personal nor secret because of its key."""
        if isinstance(value, Mapping):
            return self._object(value, key, kind)
        if isinstance(value, list):
            return [self.value(each, key, kind) for each in value]
        if isinstance(value, str):
            # Ids can hold digits that pass for a card's; what else is called so is anybody's words.
            if self.meaning_of(key) in NAMING and is_id(value, self.vocabulary):
                return hide_secrets(value, self.mark)
            return self.text(value)
        return self.mark if isinstance(value, int | float) and card_like(str(value)) else value

    def _object(self, value: Mapping[str, Any], parent: str, above: str) -> dict[str, Any]:
        stated = value.get(self.vocabulary.kind)
        kind = stated if isinstance(stated, str) else above
        # What an update replaced is told beside the object, and is of the object's kind.
        within = stated.get("object", "") if isinstance(stated, Mapping) else ""
        return {
            self.text(key): self._member(key, each, parent, kind, within, value)
            for key, each in value.items()
        }

    def _member(
        self, key: str, each: Any, parent: str, kind: str, within: str, among: Mapping[str, Any]
    ) -> Any:
        if is_secret(key, parent=parent, kind=kind, vocabulary=self.vocabulary):
            return self._masked(each, kept=())
        is_hidden = self.personal and is_personal(
            key, parent=parent, kind=kind, siblings=among.keys(), vocabulary=self.vocabulary
        )
        # Where another has an object about a person, it may have the person's name alone.
        is_named = (
            self.personal
            and not self.vocabulary.strict
            and isinstance(each, str)
            and self.meaning_of(key) is Meaning.PERSON
        )
        if is_hidden or is_named or (self.free_text and self.meaning_of(key) is Meaning.FREE_TEXT):
            return self._masked(each, kept=KEPT)
        return self.value(each, key, within if key == "previous_attributes" else "")

    def _masked(self, value: Any, kept: Collection[str]) -> Any:
        if isinstance(value, Mapping):
            return {
                self.text(key): self.value(each, key, "")
                if key in kept and not isinstance(each, Mapping | list)
                else self._masked(each, kept)
                for key, each in value.items()
            }
        if isinstance(value, list):
            return [self._masked(each, kept) for each in value]
        return value if value is None or isinstance(value, bool) or value == "" else self.mark
