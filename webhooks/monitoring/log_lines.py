"""Lines of the log that tell of one thing each, in fields: `logger.info(Line("attempt", …))`."""

import json
import re
from collections.abc import Callable, Mapping
from typing import Final

Value = str | int | float

_quotable: Final = re.compile(r"[\s\"=\\]|[^\x20-\x7e]").search


class Line:
    """A message for any logger: what happened, and its fields, of which empty ones are left out.

    Any formatter shows it as `event name=value …`, in logfmt; this project's own keeps the fields
    apart in JSON (`webhooks.monitoring.logs`). Nothing is rendered where nobody takes the level.
    """

    __slots__ = ("event", "fields")

    def __init__(self, event: str, **fields: Value) -> None:
        self.event = event
        self.fields: Mapping[str, Value] = fields

    def text(self, shown: Callable[[str], str]) -> str:
        """Return the line as text, with each value as it is to be shown."""
        told = [
            f"{name}={_quoted(shown(value)) if isinstance(value, str) else value}"
            for name, value in self.fields.items()
            if value != ""
        ]
        return f"{self.event} {' '.join(told)}"

    def __str__(self) -> str:
        return self.text(str)


def _quoted(text: str) -> str:
    return json.dumps(text) if _quotable(text) else text
