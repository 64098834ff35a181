"""Text that must not be readable in the database, encrypted under a key of the project's own.

The key comes from `SECRET_KEY`. What was sealed under a former one is opened as long as that is
among `SECRET_KEY_FALLBACKS`.
"""

import base64

from cryptography.fernet import Fernet, MultiFernet
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings


def seal(text: str) -> str:
    """The text, encrypted."""
    return _cipher().encrypt(text.encode()).decode()


def unseal(sealed: str) -> str:
    """The text that was sealed. Raises `cryptography.fernet.InvalidToken` when no key fits."""
    return _cipher().decrypt(sealed.encode()).decode()


def _cipher() -> MultiFernet:
    return MultiFernet(
        [Fernet(_derived(key)) for key in (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS)]
    )


def _derived(key: str) -> bytes:
    derivation = HKDF(algorithm=SHA256(), length=32, salt=None, info=b"billing.sealing")
    return base64.urlsafe_b64encode(derivation.derive(key.encode()))
