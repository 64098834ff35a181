"""Errors as attempts and logs may tell of them."""

import traceback

from webhooks.database.text import escaped
from webhooks.monitoring.logs import without_secrets
from webhooks.privacy.masking import MASK, mask_text

MAX_ERROR_LENGTH = 4000


def describe(error: Exception) -> str:
    """Return an error in one line, without secrets, fit for any text column, and for staff."""
    # Masked before it is cut: half a secret has no shape, and is one nevertheless.
    line = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
    return escaped(_masked(line))[:MAX_ERROR_LENGTH]


class Textless(Exception):
    """An error as a log may tell of it: of which kind, and where it came from."""


def textless(error: BaseException) -> Textless:
    """Return an error for a log to show in the place of another.

    The text of a handler's error, or of a database's, may hold anything of a payload. It is in
    the attempt, for those who may read payloads.
    """
    return Textless(type(error).__qualname__).with_traceback(error.__traceback__)


def trace(errors: list[Exception]) -> str:
    """Return where errors came from, for developers; the end of it when it is long."""
    text = "\n".join("".join(traceback.format_exception(e)) for e in errors)
    return escaped(_masked(text))[-MAX_ERROR_LENGTH:]


def _masked(text: str) -> str:
    # What failed may tell of the customer, or of the secret, that it failed with.
    return mask_text(without_secrets(text), MASK)
