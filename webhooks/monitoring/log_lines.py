"""Lines of the log that tell of one thing each, in fields: `logger.info(Line("attempt", …))`."""

import json
import re
from collections.abc import Mapping
from typing import Final

Value = str | int | float

_quotable: Final = re.compile(r"[\s\"=\\]|[^\x20-\x7e]|^$").search


class Line:
    """A message for any logger: what happened, and its fields, of which empty ones are left out.

    Any formatter shows it as `event name=value …`, in logfmt; this project's own keeps the fields
    apart in JSON (`webhooks.monitoring.logs`). Nothing is rendered where nobody takes the level.
    """

    __slots__ = ("event", "fields")

    def __init__(self, event: str, **fields: Value) -> None:
        self.event = event
        self.fields: Mapping[str, Value] = fields

    def __str__(self) -> str:
        # Not by structlog's own LogfmtRenderer, which takes three times as long: every delivery
        # waits for it.
        told = [
            f"{name}={json.dumps(value) if isinstance(value, str) and _quotable(value) else value}"
            for name, value in self.fields.items()
            if value != ""
        ]
        return f"{self.event} {' '.join(told)}"
