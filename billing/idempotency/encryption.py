"""Encrypt text that must not be readable in the database, for the row that it stands in alone.

The key is derived from `SECRET_KEY`. What a former one encrypted can be decrypted for as long as
that is among `SECRET_KEY_FALLBACKS`.
"""

import base64
import os
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings

# Fernet's tokens, which release 0.1.0 stored, begin with 0x80: none is mistaken for one of these.
_VERSION: Final = b"\x01"
_NONCE_BYTES: Final = 12
# Changing this label would make every stored response unreadable.
_SEALING: Final = b"billing.sealing"


class Undecipherable(ValueError):
    """The text was encrypted for something else, by a key that is gone, or is none of ours."""


def encrypt(text: str, bound_to: str) -> str:
    """Return the text encrypted and authenticated (AES-256-GCM), together with what it is for.

    `bound_to` is not in the result, and must be told to decrypt it: moved elsewhere, it is of no
    use to anybody.
    """
    # Random: one key could encrypt 2**32 texts before two nonces might be alike.
    nonce = os.urandom(_NONCE_BYTES)
    sealed = AESGCM(derived(settings.SECRET_KEY, _SEALING)).encrypt(
        nonce, text.encode(), bound_to.encode()
    )
    return base64.urlsafe_b64encode(_VERSION + nonce + sealed).decode()


def decrypt(encrypted: str, bound_to: str) -> str:
    """Return the text again. Raises `Undecipherable`."""
    try:
        content = base64.urlsafe_b64decode(encrypted.encode())
    except ValueError as error:
        raise Undecipherable from error
    if not content.startswith(_VERSION):
        raise Undecipherable
    nonce, sealed = content[1 : 1 + _NONCE_BYTES], content[1 + _NONCE_BYTES :]
    for key in (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS):
        try:
            return AESGCM(derived(key, _SEALING)).decrypt(nonce, sealed, bound_to.encode()).decode()
        # A nonce that was cut short is a `ValueError`.
        except (InvalidTag, ValueError):
            continue
    raise Undecipherable


def derived(key: str, purpose: bytes) -> bytes:
    """Return the key of 32 bytes that is derived from a secret key for one purpose."""
    # A key of its own, so that nothing that Django signs is of any use here.
    return HKDF(algorithm=SHA256(), length=32, salt=None, info=purpose).derive(key.encode())
