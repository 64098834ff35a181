"""The keys of the audit trail, and what is hashed with them."""

import hashlib
import hmac
from functools import lru_cache
from typing import Final

from webhooks import conf

ENTRY: Final = b"entry"
ROW: Final = b"row"
SEAL: Final = b"seal"
TEXT: Final = b"text"
CHANGE: Final = b"key change"


def current() -> str:
    """The key that signs. Raises `LookupError` when there is none."""
    keys = conf.audit_keys()
    if not keys:
        raise LookupError("AUDIT_KEY is not set.")
    return keys[0]


def known() -> dict[str, str]:
    """Every key there is, by its fingerprint."""
    return {fingerprint(key): key for key in conf.audit_keys()}


@lru_cache(maxsize=64)
def fingerprint(key: str) -> str:
    """Which key it was, and nothing of the key itself."""
    return hashlib.sha256(b"audit key:" + key.encode()).hexdigest()[:16]


@lru_cache(maxsize=64)
def derived(key: str, purpose: bytes) -> bytes:
    """A key for one purpose alone, lest what is signed for one should pass for another."""
    return hmac.digest(key.encode(), b"audit:" + purpose, "sha256")


def keyed_hash(text: str, *, key: str | None = None) -> str:
    """What stands for a text that may not be on record: the same for the same text."""
    own = derived(key or current(), TEXT)
    return hmac.new(own, text.encode(errors="backslashreplace"), hashlib.sha256).hexdigest()[:32]
