"""Mask secrets and card numbers in texts, for logs, errors and tables."""

import re
from collections.abc import Iterable
from functools import lru_cache
from html import escape
from typing import Final
from urllib.parse import quote

from webhooks.privacy.card_numbers import card_spans
from webhooks.privacy.secret_shapes import IN_LOGS, LOG_HINTS

HIDDEN: Final = "[hidden]"

SHORTEST: Final = 6
"""Shorter known secrets are left alone: they would be found in everything."""


def mask_secrets(text: str, known: Iterable[str] = ()) -> str:
    """Return the text without these secrets, whatever looks like one, and card numbers."""
    # Plain searches first: the patterns are dear, and nearly every text has nothing to mask.
    forms = _forms_of(frozenset(known))
    if any(form in text for form in forms):
        text = _any_of(forms).sub(HIDDEN, text)
    small = text.lower()
    if any(hint in small for hint in LOG_HINTS):
        text = IN_LOGS.sub(HIDDEN, text)
    return mask_cards(text)


def mask_cards(text: str) -> str:
    """Return the text without numbers that could be a card's; the last four digits stay.

    13 to 19 digits, in groups or not, whose check digit is right (Luhn): every card's is, and so
    is that of one in ten other numbers.
    """
    parts, end = [], 0
    for start, stop in card_spans(text):
        if start >= end and not _is_part_of_a_word(text, start, stop):
            digits = "".join(filter(str.isdigit, text[start:stop]))
            parts += [text[end:start], f"[card {digits[-4:]}]"]
            end = stop
    return "".join([*parts, text[end:]])


def _is_part_of_a_word(text: str, start: int, stop: int) -> bool:
    # Hashes and ids hold long runs of digits too.
    return text[start - 1 : start].isalpha() or text[stop : stop + 1].isalpha()


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
