"""The rule for every secret: it is one, as it was made, and can't be found out by guessing."""

import re
from enum import StrEnum
from typing import Final

LEAST: Final = 24
"""Stripe's signing secrets have 38 characters; fewer than this can be guessed at leisure."""

LEAST_OF_A_KEY: Final = 32
"""RFC 2104 advises against keys that are shorter than the hash, which has 32 bytes."""

LEAST_DIFFERENT: Final = 8
"""Of 32 random digits, seldom fewer than this differ; of letters, far more do."""

_PREFIX: Final = re.compile(r"whsec_|[srp]k_(?:org_)?(?:live|test)_", re.IGNORECASE)
_PLACEHOLDER: Final = re.compile(
    r"[.…*_-]*|[x.…*_-]{3,}|<.*>|\[.*\]|\$?\{.*\}|\$\(.*\)|%\w+%|(?-i:\$[A-Z_][A-Z_0-9]*)|todo|none|null"
    r"|.*(?:change.?me|replace.?me|placeholder|insecure).*|your.*(?:secret|key|token|here).*",
    re.IGNORECASE,
)
_QUOTES: Final = ("'", '"', "`")


class Weakness(StrEnum):
    """What can be wrong with a secret, whatever it is for."""

    QUOTED = "stands in quotation marks or white space, or holds what can't be seen"
    PLACEHOLDER = "is a placeholder"
    GUESSABLE = "is short, has few different characters, or repeats itself"


def weakness(secret: str, *, least: int) -> Weakness | None:
    """Return the first thing that is wrong with a secret, which has `least` characters or more."""
    if secret.startswith(_QUOTES) or secret.endswith(_QUOTES):
        return Weakness.QUOTED
    if secret != secret.strip() or not secret.isprintable():
        return Weakness.QUOTED
    # What every secret of a kind begins with, an attacker knows.
    own = _PREFIX.sub("", secret, count=1) if _PREFIX.match(secret) else secret
    if _PLACEHOLDER.fullmatch(own):
        return Weakness.PLACEHOLDER
    if len(secret) < least or len(set(own)) < LEAST_DIFFERENT or _repeats(own):
        return Weakness.GUESSABLE
    return None


def _repeats(text: str) -> bool:
    # For more than a third of its length, it is what it was some characters before.
    return any(text[by:] == text[:-by] for by in range(1, len(text) * 2 // 3))
