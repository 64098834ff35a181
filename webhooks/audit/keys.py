"""The audit trail's HMAC keys, and the keys and hashes derived from them."""

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
SUPPRESSED: Final = b"suppressed id"

# Each purpose has a key of its own, so that a MAC made for one never passes for another.


def current() -> str:
    """Return the key that signs (`AUDIT_KEY`). Raises `LookupError` when there is none."""
    keys = conf.audit_keys()
    if not keys:
        raise LookupError("AUDIT_KEY is not set.")
    return keys[0]


def known() -> dict[str, str]:
    """Return the current key and the former ones (`AUDIT_KEY_FALLBACKS`), by their ids."""
    return {key_id_of(key): key for key in conf.audit_keys()}


@lru_cache(maxsize=64)
def key_id_of(key: str) -> str:
    """Return the id that entries and seals name their key by; it reveals nothing of the key."""
    return hashlib.sha256(b"audit key:" + key.encode()).hexdigest()[:16]


@lru_cache(maxsize=64)
def derived(key: str, purpose: bytes) -> bytes:
    """Return the key that is derived from the audit key for one purpose."""
    return hmac.digest(key.encode(), b"audit:" + purpose, "sha256")


def keyed_hash(text: str, *, key: str | None = None) -> str:
    """Return a keyed hash for a text that may not be on record: the same for the same text."""
    # Cut to 128 bits, which is plenty for telling texts apart, and keeps details short.
    own = derived(key or current(), TEXT)
    return hmac.new(own, text.encode(errors="backslashreplace"), hashlib.sha256).hexdigest()[:32]
