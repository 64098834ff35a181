"""Texts as they are in URLs."""

import re
from collections.abc import Callable
from typing import Final
from urllib.parse import unquote

_WORD: Final = re.compile(r"[^\s\"'<>]++")
# A `%` becomes `%25` each time that it is encoded anew.
_NESTED: Final = re.compile(r"%(?:25)+(?=[0-9A-Fa-f]{2})")


def mask_decoded(text: str, masked: Callable[[str], str]) -> str:
    """Return a text masked as it is, and where it is encoded for a URL, as what it stands for."""
    text = masked(text)
    if "%" not in text:
        return text
    return _WORD.sub(lambda found: _mask_word(found[0], masked), text)


def _mask_word(word: str, masked: Callable[[str], str]) -> str:
    if "%" not in word:
        return word
    # Twice: the digits of an encoded `%40` may have been encoded as well.
    plain = unquote(unquote(_NESTED.sub("%", word)))
    hidden = masked(plain)
    return word if hidden == plain else hidden
