"""Encrypt text that must not be readable in the database.

The key is derived from `SECRET_KEY`. What a former one encrypted can be decrypted for as long as
that is among `SECRET_KEY_FALLBACKS`.
"""

import base64

from cryptography.fernet import Fernet, MultiFernet
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings


def encrypt(text: str) -> str:
    """Return the text encrypted, with a time stamp and an HMAC (Fernet)."""
    return _cipher().encrypt(text.encode()).decode()


def decrypt(encrypted: str) -> str:
    """Return the text again. Raises `cryptography.fernet.InvalidToken` when no key fits."""
    return _cipher().decrypt(encrypted.encode()).decode()


def _cipher() -> MultiFernet:
    return MultiFernet(
        [Fernet(_derived(key)) for key in (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS)]
    )


def _derived(key: str) -> bytes:
    # A key of its own, so that nothing that Django signs is of any use here. Changing its
    # label would make every stored response unreadable.
    derivation = HKDF(algorithm=SHA256(), length=32, salt=None, info=b"billing.sealing")
    return base64.urlsafe_b64encode(derivation.derive(key.encode()))
