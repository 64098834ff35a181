"""What leaves this process as text for people: nothing secret may be in it."""

import logging
import sys
import traceback
from types import TracebackType

from webhooks import conf
from webhooks.monitoring.scrubbing import mask_secrets


def without_secrets(text: str) -> str:
    """The text without this project's own secrets, and without whatever looks like one."""
    return mask_secrets(text, conf.known_secrets())


class Formatter(logging.Formatter):
    """Formats a record, its exception included, and takes out what is secret.

    Each message is on a line of its own, so that no value in one can pass for another.
    """

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802
        """The line of a record, without its exception."""
        return super().formatMessage(record).replace("\r", "\\r").replace("\n", "\\n")

    def format(self, record: logging.LogRecord) -> str:
        """The lines that are written."""
        return without_secrets(super().format(record))


def tell_crash(
    kind: type[BaseException], error: BaseException, trace: TracebackType | None
) -> None:
    """Write what a program ends with, in the place of `sys.excepthook`."""
    told = "".join(traceback.format_exception(kind, error, trace))
    try:
        told = without_secrets(told)
    except Exception:  # noqa: BLE001
        # Without settings there are no secrets of our own that could be known.
        told = mask_secrets(told)
    sys.stderr.write(told)
