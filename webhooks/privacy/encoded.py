"""Texts as they are in URLs, on pages and in JSON, and in characters that look like others."""

import re
from collections.abc import Callable
from html import unescape
from typing import Final
from unicodedata import normalize
from urllib.parse import unquote

_WORD: Final = re.compile(r"[^\s\"'<>]++")
_ENCODED: Final = re.compile(r"%[0-9A-Fa-f]|&[#A-Za-z]|\\[ux/]|[\x80-\U0010ffff]")
# A `%` becomes `%25` each time that it is encoded anew, and a `\` two.
_NESTED: Final = re.compile(r"%(?:25)+(?=[0-9A-Fa-f]{2})")
_ESCAPED: Final = re.compile(r"(?<!\\)\\++(?:u([0-9A-Fa-f]{4})|x([0-9A-Fa-f]{2})|/)")
_INVISIBLE: Final = re.compile(
    "[\u00ad\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufe00-\ufe0f\ufeff]"
)


def mask_decoded(text: str, masked: Callable[[str], str]) -> str:
    """Return a text masked as it is, and where it is encoded, as what it stands for."""
    text = masked(text)
    if not _ENCODED.search(text):
        return text
    return _WORD.sub(lambda found: _mask_word(found[0], masked), text)


def _mask_word(word: str, masked: Callable[[str], str]) -> str:
    if not _ENCODED.search(word):
        return word
    # Twice: what was encoded may have been encoded once more, as another thing.
    plain = _INVISIBLE.sub("", normalize("NFKC", _decoded(_decoded(word))))
    if plain == word or (hidden := masked(plain)) == plain:
        return word
    return hidden


def _decoded(word: str) -> str:
    return _ESCAPED.sub(_character, unescape(unquote(_NESTED.sub("%", word))))


def _character(escaped: re.Match[str]) -> str:
    code = int(escaped[1] or escaped[2] or "2f", 16)
    # Half of a pair is no text that could be shown.
    return escaped[0] if 0xD800 <= code <= 0xDFFF else chr(code)
