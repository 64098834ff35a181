"""Card numbers that people type where none belong: into notes, names, metadata."""

import re
from collections.abc import Iterator
from itertools import accumulate
from typing import Final

# Colons and commas are between the parts of times and the items of lists; the rest is as typed, as
# in a URL, however often it was encoded, and as escaped in JSON.
SEPARATOR: Final = re.compile(
    r"[\s\-+./_|\u00ad\u00b7\u200b-\u200d\u2010-\u2015\u2022\u2060\u2212\ufeff]|\\[nrt]"
    r"|%(?:25)*+(?:20|09|0[AD]|2[BDEF]|5F|C2%(?:25)*+A0)",
    re.IGNORECASE,
)
# Digits are those of any script; those of what is encoded in a URL are none of a number.
_DIGITS: Final = re.compile(
    rf"(?<!\d)(?:%[0-9A-F]{{2}})?+(\d++(?:(?:{SEPARATOR.pattern}){{1,4}}+\d++)*+)", re.IGNORECASE
)
_GROUP: Final = re.compile(rf"(?:{SEPARATOR.pattern})|(\d+)", re.IGNORECASE)
CARD_DIGITS: Final = range(13, 20)
_DOUBLED: Final = (0, 2, 4, 6, 8, 1, 3, 5, 7, 9)


def card_like(text: str) -> bool:
    """True for a text with what may be a card's number: 13 to 19 digits that pass Luhn's check.

    Whatever people and URLs put between groups of digits may stand between them.
    """
    return next(card_spans(text), None) is not None


def without_cards(text: str, mark: str) -> str:
    """Return a text with a mark in the place of each card-like number."""
    parts, end = [], 0
    for start, stop in card_spans(text):
        # Overlapping readings of one number are one mark.
        if start >= end:
            parts += [text[end:start], mark]
            end = stop
    return "".join([*parts, text[end:]])


def card_spans(text: str) -> Iterator[tuple[int, int]]:
    """Yield where what may be a card's number begins and ends; several readings may overlap."""
    for run in _DIGITS.finditer(text):
        # Most runs are amounts and dates: no digits need to be counted.
        if len(run[1]) < CARD_DIGITS.start:
            continue
        found = [one for one in _GROUP.finditer(text, *run.span(1)) if one[1]]
        groups = [one.span() for one in found]
        digits = [int(digit) for one in found for digit in one[1]]
        if len(digits) >= CARD_DIGITS.start:
            yield from _in_run(groups, digits)


def _in_run(groups: list[tuple[int, int]], digits: list[int]) -> Iterator[tuple[int, int]]:
    # Luhn's sum up to each digit, with those at even and with those at odd places doubled: that
    # of any stretch is a difference, so that a long text of digits costs no more than its length.
    sums = [
        [0, *accumulate(_DOUBLED[d] if i % 2 == parity else d for i, d in enumerate(digits))]
        for parity in (0, 1)
    ]
    ends = list(accumulate(end - start for start, end in groups))
    for first, (start, stop) in enumerate(groups):
        begin = ends[first] - (stop - start)
        for last in range(first, min(first + CARD_DIGITS.stop, len(groups))):
            length = ends[last] - begin
            if length >= CARD_DIGITS.stop:
                break
            luhn = sums[ends[last] % 2]
            if length >= CARD_DIGITS.start and (luhn[ends[last]] - luhn[begin]) % 10 == 0:
                yield start, groups[last][1]
