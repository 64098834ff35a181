"""Mask secrets and card numbers in texts, for logs, errors and tables."""

import re
from collections.abc import Iterable
from functools import lru_cache
from html import escape
from typing import Final
from urllib.parse import quote

from webhooks.privacy.card_numbers import CARD_DIGITS, SEPARATOR, card_spans
from webhooks.privacy.encoded import mask_decoded
from webhooks.privacy.secret_shapes import hide_secrets

HIDDEN: Final = "[hidden]"

SHORTEST: Final = 6
"""Shorter known secrets are left alone: they would be found in everything."""


def mask_secrets(text: str, known: Iterable[str] = ()) -> str:
    """Return the text without these secrets, whatever looks like one, and card numbers."""
    return mask_decoded(mask_known(text, known), _mask_shapes)


def mask_known(text: str, known: Iterable[str]) -> str:
    """Return the text without these secrets."""
    # Plain searches first: the pattern is dear, and nearly every text has nothing to mask.
    forms = _forms_of(frozenset(known))
    return _any_of(forms).sub(HIDDEN, text) if any(form in text for form in forms) else text


def _mask_shapes(text: str) -> str:
    return mask_cards(hide_secrets(text, HIDDEN))


def mask_cards(text: str) -> str:
    """Return the text without numbers that could be a card's; the last four digits stay.

    13 to 19 digits, in groups or not, whose check digit is right (Luhn): every card's is, and so
    is that of one in ten other numbers.
    """
    if text.isascii() and _count_digits(text.encode()) < CARD_DIGITS.start:
        return text
    parts, end = [], 0
    for start, stop in card_spans(text):
        if start >= end and not _is_part_of_a_word(text, start, stop):
            digits = SEPARATOR.sub("", text[start:stop])
            parts += [text[end:start], f"[card {digits[-4:]}]"]
            end = stop
    return "".join([*parts, text[end:]])


def _count_digits(text: bytes) -> int:
    return len(text) - len(text.translate(None, b"0123456789"))


def _is_part_of_a_word(text: str, start: int, stop: int) -> bool:
    # Hashes and ids hold long runs of digits too; `%3D` is no letter.
    before = text[start - 1 : start]
    is_after = before == "_" or (before.isalpha() and text[start - 3 : start - 2] != "%")
    return is_after or text[stop : stop + 1].isalpha()


@lru_cache(maxsize=8)
def _forms_of(known: frozenset[str]) -> tuple[str, ...]:
    forms = {form for secret in known if len(secret) >= SHORTEST for form in _forms(secret)}
    # The longest first: one secret may be a part of another.
    return tuple(sorted(forms, key=len, reverse=True))


@lru_cache(maxsize=8)
def _any_of(forms: tuple[str, ...]) -> re.Pattern[str]:
    return re.compile("|".join(map(re.escape, forms)))


def _forms(secret: str) -> set[str]:
    """Return a secret as it is, in a URL, on a page, and as Python shows it."""
    return {secret, quote(secret, safe=""), escape(secret), repr(secret)[1:-1]}
