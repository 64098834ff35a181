"""Lines of the log that tell of one thing each, in fields: `logger.info(Line("attempt", …))`."""

from collections.abc import Mapping
from typing import Final

from structlog.processors import LogfmtRenderer

Value = str | int | float

_as_text: Final = LogfmtRenderer()


class Line:
    """A message for any logger: what happened, and its fields, of which empty ones are left out.

    Any formatter shows it as `event name=value …`; this project's own keeps the fields apart in
    JSON (`webhooks.monitoring.logs`). Nothing is rendered where nobody takes the level.
    """

    __slots__ = ("event", "fields")

    def __init__(self, event: str, **fields: Value) -> None:
        self.event = event
        self.fields: Mapping[str, Value] = {
            name: value for name, value in fields.items() if value != ""
        }

    def __str__(self) -> str:
        return f"{self.event} {_as_text(None, '', {**self.fields})}"
