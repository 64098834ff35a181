"""Keep secrets out of every text that leaves this process: logs and tracebacks."""

import json
import logging
import sys
import traceback
from datetime import UTC, datetime
from functools import lru_cache
from types import TracebackType

from django.core.exceptions import ImproperlyConfigured

from webhooks import conf
from webhooks.monitoring import request_ids
from webhooks.monitoring.log_lines import Line, Value
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

    def format(self, record: logging.LogRecord) -> str:
        """Return the lines to write, masked as a whole, so that exceptions are masked as well."""
        if isinstance(record.msg, Line) and not record.exc_info:
            record.message, record.asctime = record.msg.text(_shown), _time(record)
            return self.formatMessage(record)
        return without_secrets(super().format(record))

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802
        """Return the line of a record, without its exception."""
        # What a sender writes may hold line ends, and so whole lines that look like ours.
        line = super().formatMessage(record).replace("\r", "\\r").replace("\n", "\\n")
        return f"{line} [{request_id}]" if (request_id := request_ids.current()) else line

    def formatTime(  # noqa: N802
        self, record: logging.LogRecord, datefmt: str | None = None
    ) -> str:
        """Return the time of a record, in UTC and milliseconds."""
        return _time(record)


class JsonFormatter(logging.Formatter):
    """Formats a record as one JSON object on one line, and takes out what is secret.

    It has the `timestamp` (UTC), `level`, `logger` and `event`, which is the message, or of a
    `Line` what happened, beside its fields; the `request_id` and the `exception` where there is
    one.
    """

    def format(self, record: logging.LogRecord) -> str:
        """Return the line to write. What is secret is taken out first: the JSON stays one."""
        told: dict[str, Value] = {
            "timestamp": _time(record),
            "level": record.levelname.lower(),
            "logger": record.name,
            **_told(record),
        }
        if request_id := request_ids.current():
            told["request_id"] = request_id
        if record.exc_info:
            told["exception"] = without_secrets(self.formatException(record.exc_info))
        if record.stack_info:
            told["stack"] = without_secrets(self.formatStack(record.stack_info))
        return json.dumps(told)


def _time(record: logging.LogRecord) -> str:
    """Return the time of a record in ISO 8601, in UTC and milliseconds."""
    return f"{_second(int(record.created))}.{int(record.msecs):03}Z"


# Of many lines in a second, one pays for what it is called.
@lru_cache(maxsize=1)
def _second(seconds: int) -> str:
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%dT%H:%M:%S}"


def _told(record: logging.LogRecord) -> dict[str, Value]:
    if not isinstance(record.msg, Line):
        return {"event": without_secrets(record.getMessage())}
    fields = {
        name: _shown(value) if isinstance(value, str) else value
        for name, value in record.msg.fields.items()
        if value != ""
    }
    return {"event": record.msg.event, **fields}


def _shown(value: str) -> str:
    return _masked(value, conf.known_secrets())


# The values of fields come again and again; looking through each is most of what a line costs.
@lru_cache(maxsize=1024)
def _masked(value: str, known: frozenset[str]) -> str:
    return mask_secrets(value, known)


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
