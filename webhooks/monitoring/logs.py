"""Keep secrets out of every text that leaves this process: logs and tracebacks."""

import logging
import sys
import traceback
from types import TracebackType

from django.core.exceptions import ImproperlyConfigured

from webhooks import conf
from webhooks.monitoring import request_ids
from webhooks.monitoring.scrubbing import mask_known, mask_secrets


def without_secrets(text: str) -> str:
    """Return the text without this project's own secrets, and without whatever looks like one."""
    return mask_secrets(text, conf.known_secrets())


def without_own_secrets(text: str) -> str:
    """Return the text without this project's own secrets."""
    return mask_known(text, conf.known_secrets())


class Formatter(logging.Formatter):
    """Formats a record, its exception included, and takes out what is secret.

    A line that was written for a request ends with that one's id.

    Each message is on a line of its own, so that no value in one can pass for another.
    """

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802
        """Return the line of a record, without its exception."""
        # What a sender writes may hold line ends, and so whole lines that look like ours.
        line = super().formatMessage(record).replace("\r", "\\r").replace("\n", "\\n")
        return f"{line} [{request_id}]" if (request_id := request_ids.current()) else line

    def format(self, record: logging.LogRecord) -> str:
        """Return the lines to write, masked as a whole, so that exceptions are masked as well."""
        return without_secrets(super().format(record))


def tell_crash(
    kind: type[BaseException], error: BaseException, trace: TracebackType | None
) -> None:
    """Write the traceback that a program ends with; replaces `sys.excepthook`.

    Of settings that make no sense, the message alone: it says what to do, and no code is at fault.
    """
    if issubclass(kind, ImproperlyConfigured):
        text = f"{error}\n"
    else:
        text = "".join(traceback.format_exception(kind, error, trace))
    try:
        text = without_secrets(text)
    except Exception:  # noqa: BLE001
        # Without settings there are no secrets of our own that could be known.
        text = mask_secrets(text)
    sys.stderr.write(text)
