"""Keyed hashes in the place of idempotency keys, whose words may name a person.

A key that was hashed still stands for its request: whoever sends the key again is found by its
hash. The hash is keyed, or whoever reads the table could try names and addresses.
"""

import hashlib
import hmac
import re
from functools import lru_cache
from typing import Final

from django.conf import settings

from billing.idempotency.encryption import derived

_HASHED: Final = re.compile(r"hashed:[0-9a-f]{64}")


def is_hashed(key: str) -> bool:
    """True for a key as `hashed` returns it."""
    return bool(_HASHED.fullmatch(key))


def hashed(scope: str, key: str) -> str:
    """Return what stands in the place of a key from now on."""
    return _hashed(settings.SECRET_KEY, scope, key)


def names_of(scope: str, key: str) -> list[str]:
    """Return every name that a caller's key may be stored under."""
    # A key that was hashed before SECRET_KEY changed must block as ever.
    secrets = (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS)
    return [key, *(_hashed(secret, scope, key) for secret in secrets)]


def _hashed(secret: str, scope: str, key: str) -> str:
    # With the scope: the same key of two users' must not show that it is the same.
    text = f"{scope}\n{key}".encode()
    return f"hashed:{hmac.new(_own(secret), text, hashlib.sha256).hexdigest()}"


@lru_cache(maxsize=16)
def _own(secret: str) -> bytes:
    return derived(secret, b"billing.idempotency.keys")
