"""The lines of the log that have fields, as tests find them."""

import json
from typing import Any

import pytest

from webhooks.monitoring.log_lines import Line

Fields = dict[str, Any]

SHUTDOWN = "worker: Warm shutdown (MainProcess)"


def lines(caplog: pytest.LogCaptureFixture, event: str) -> list[tuple[int, Fields]]:
    """The level and the fields of each line of this event, without empty ones and times taken."""
    found = [(one.levelno, one.msg) for one in caplog.records if isinstance(one.msg, Line)]
    return [
        (level, {name: str(value) for name, value in line.fields.items() if value and name != "ms"})
        for level, line in found
        if line.event == event
    ]


def parsed(text: str) -> list[Fields]:
    """What a process has logged with `LOG_FORMAT=json`; every line of it must be an object."""
    # Celery's own word to whoever stops it at a terminal goes past the log.
    written = [line for line in text.splitlines() if line and line != SHUTDOWN]
    return [json.loads(line) for line in written]
