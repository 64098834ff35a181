"""What there is to say of an environment variable: its name, default, type and meaning."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

REQUIRED: Final = object()
"""The default of a variable that must be set."""


class ValueType(StrEnum):
    """How a variable's text is read."""

    TEXT = "text"
    NUMBER = "number"
    SWITCH = "switch"
    LEVEL = "log level"
    FORMAT = "log format"
    LIST = "list"
    ADDRESS = "address"


@dataclass(frozen=True, slots=True)
class Variable:
    """An environment variable.

    `default` holds where it is not set. `shown` is what the documents say of the default where
    its value would not tell, as one that depends on another variable. A `secret` may be left
    out where it has a default, and is never empty: emptied by an accident, it would open a door.
    """

    name: str
    meaning: str
    default: Any = ""
    type: ValueType = ValueType.TEXT
    shown: str = ""
    secret: bool = False

    @property
    def text(self) -> str:
        """Return the default as the environment would have it; empty for one that must be set."""
        if self.default is REQUIRED:
            return ""
        if self.type is ValueType.LIST:
            return ",".join(self.default)
        return str(self.default).lower() if self.type is ValueType.SWITCH else str(self.default)

    @property
    def documented_default(self) -> str:
        """Return the default as docs/configuration.md has it."""
        return self.shown or (f"`{self.text}`" if self.text else "none")
