"""Texts that stay of an erased event for their form, and for what the words of their key say.

For providers whose every key is not known: without currencies, amounts, times and codes an event
would be none any more.
"""

import re
from collections.abc import Iterable
from typing import Final

from webhooks.privacy.card_numbers import card_like
from webhooks.privacy.meanings import words_of

DECIMAL: Final = re.compile(r"-?[0-9]{1,20}(?:\.[0-9]{1,20})?")
UPPER_CODE: Final = re.compile(r"[A-Z][A-Z0-9_.]{0,63}")

_CODE: Final = re.compile(rf"[a-z0-9][a-z0-9_.:-]{{0,63}}|{UPPER_CODE.pattern}")
_CURRENCY: Final = re.compile(r"[A-Za-z]{3,5}")
_TIME: Final = re.compile(
    r"\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d(?::\d\d(?:\.\d{1,9})?)?(?:Z|[+-]\d\d:?\d\d)?)?"
)
_MILLISECONDS: Final = range(10**12, 2 * 10**12)
"""Moments from 2001 to 2033, which have a card number's length, and begin as none."""

_AMOUNTS: Final = frozenset({"amount", "price", "subtotal", "total"})
_AMOUNTS_AT_THE_END: Final = frozenset(
    {
        *(
            "balance",
            "cost",
            "credit",
            "discount",
            "earnings",
            "fee",
            "fees",
            "gross",
            "net",
            "paid",
        ),
        *("percent", "percentage", "quantity", "rate", "refunded", "tax", "tip"),
    }
)
_TIMES: Final = frozenset(
    {
        *("at", "created", "date", "due", "end", "ends", "expires", "from", "on", "since", "start"),
        *("starts", "time", "timestamp", "to", "until", "updated", "by", "end"),
    }
)
_NUMBERED: Final = _TIMES | {"count", "id", "version"}
_SHORTEST_KNOWING: Final = 10**6
_CODES: Final = frozenset(
    {
        *("action", "category", "cause", "entity", "environment", "event", "frequency", "intent"),
        *("interval", "kind", "method", "mode", "object", "origin", "outcome", "reason"),
        *("resource", "scheme", "status", "success", "type", "unit", "version"),
    }
)


def stays(key: str, text: str, among: Iterable[str]) -> bool:
    """True for a currency, an amount, a time or a code, at a key that says so.

    `among` are the keys of the object that it is in.
    """
    words = words_of(key)
    if not words:
        return False
    if "currency" in words and _CURRENCY.fullmatch(text):
        return True
    if words[-1] in _TIMES and _TIME.fullmatch(text):
        return True
    if DECIMAL.fullmatch(text) and words[-1] != "version":
        return _is_amount(words, among) and not card_like(text)
    is_code = words[-1] in _CODES or key == "state"
    return is_code and bool(_CODE.fullmatch(text)) and not card_like(text)


def is_plain_number(key: str, number: int, among: Iterable[str]) -> bool:
    """True for a number that is no telephone's, nor any by which people are known.

    Short ones are none of these; others are amounts, times or ids, at a key that says so.
    """
    words = words_of(key)
    if abs(number) < _SHORTEST_KNOWING or not words:
        return True
    return words[-1] in _NUMBERED or _is_amount(words, among)


def is_moment(key: str, number: int) -> bool:
    """True for milliseconds since 1970, at a key that has a time."""
    return number in _MILLISECONDS and not _TIMES.isdisjoint(words_of(key)[-1:])


def _is_amount(words: tuple[str, ...], among: Iterable[str]) -> bool:
    if words[-1] == "value":
        # Of anything, but for what has a currency.
        return any("currency" in words_of(key) for key in among)
    return words[-1] in _AMOUNTS_AT_THE_END or not _AMOUNTS.isdisjoint(words)
