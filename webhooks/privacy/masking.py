"""Masks for staff in the place of what is personal or secret, in a provider's JSON and in texts."""

import re
from collections.abc import Mapping
from typing import Any, Final

from webhooks.privacy.card_numbers import card_like, without_cards
from webhooks.privacy.secret_shapes import IN_PAYLOADS
from webhooks.privacy.vocabulary import (
    KEPT,
    Meaning,
    is_id,
    is_personal,
    is_secret,
    meaning_of,
)

# Tried once for each run of characters: long texts without an address take no longer for it.
_EMAIL: Final = re.compile(
    r"""(?<![^\s@<>"',;:()\[\]])[^\s@<>"',;:()\[\]]++@[^\s@<>"',;:()\[\]]+"""
)
# The same in a URL, however often it was encoded.
_ENCODED_EMAIL: Final = re.compile(
    r"(?<![\w.+%-])(?:[\w.+-]|%(?!(?:25)*40)[0-9A-Fa-f]{2})++%(?:25)*40[\w.%-]+"
)

MASK: Final = "\N{BULLET}" * 5
"""The mask that staff see in the place of what they are not shown."""


def mask_text(text: str, mark: str) -> str:
    """Return a text with a mark in the place of card-like numbers, mail addresses and secrets."""
    text = without_cards(text, mark)
    # Most texts of a payload are short and have neither: the patterns cost more than looking.
    text = IN_PAYLOADS.sub(mark, text) if "_" in text else text
    text = _EMAIL.sub(mark, text) if "@" in text else text
    return _ENCODED_EMAIL.sub(mark, text) if "40" in text and "%" in text else text


def mask_json(payload: Any, mark: str, *, free_text: bool = False) -> Any:
    """Return a copy of a provider's JSON with a mark in the place of what is personal or secret.

    Keys, ids, amounts, moments and codes stay as they are. With `free_text`, whatever anybody may
    have written is replaced as well. Raises `RecursionError` for what is nested beyond reason.
    """
    return _Masking(mark, free_text).value(payload, "", "")


def mask_member(key: str, value: Any, mark: str, *, kind: str) -> Any:
    """Return what an object of this kind has under a key, masked as it would be in a payload."""
    masked: Any = mask_json({"object": kind, key: value}, mark)[key]
    return masked


class _Masking:
    def __init__(self, mark: str, free_text: bool) -> None:
        self.mark = mark
        self.free_text = free_text

    def value(self, value: Any, key: str, kind: str) -> Any:
        """Return a value that is not personal because of its key."""
        if isinstance(value, Mapping):
            return self._object(value, key, kind)
        if isinstance(value, list):
            return [self.value(each, key, kind) for each in value]
        if isinstance(value, str):
            # Ids can hold digits that pass for a card's; what else is called so is anybody's words.
            if key == "id" and is_id(value):
                return IN_PAYLOADS.sub(self.mark, value)
            return mask_text(value, self.mark)
        return self.mark if isinstance(value, int) and card_like(str(value)) else value

    def _object(self, value: Mapping[str, Any], parent: str, above: str) -> dict[str, Any]:
        stated = value.get("object")
        kind = stated if isinstance(stated, str) else above
        # What an update replaced is told beside the object, and is of the object's kind.
        within = stated.get("object", "") if isinstance(stated, Mapping) else ""
        return {
            mask_text(key, self.mark): self._member(key, each, parent, kind, within, value)
            for key, each in value.items()
        }

    def _member(
        self, key: str, each: Any, parent: str, kind: str, within: str, among: Mapping[str, Any]
    ) -> Any:
        if (
            is_personal(key, parent=parent, kind=kind, siblings=among.keys())
            or is_secret(key, kind=kind)
            or (self.free_text and meaning_of(key) is Meaning.FREE_TEXT)
        ):
            return self._masked(each)
        return self.value(each, key, within if key == "previous_attributes" else "")

    def _masked(self, value: Any) -> Any:
        if isinstance(value, Mapping):
            return {
                mask_text(key, self.mark): each
                if key in KEPT and not isinstance(each, Mapping | list)
                else self._masked(each)
                for key, each in value.items()
            }
        if isinstance(value, list):
            return [self._masked(each) for each in value]
        return value if value is None or isinstance(value, bool) or value == "" else self.mark
