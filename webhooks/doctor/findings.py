"""What an examination finds."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any


class State(StrEnum):
    """The outcome of a question: in order, somebody must see to it, or it could not be asked."""

    OK = "ok"
    ATTENTION = "attention"
    NOT_ASKED = "not_asked"


@dataclass(frozen=True, slots=True)
class Finding:
    """The answer to one question, by a `code` that stays the same.

    `subject` is the endpoint, handler or app that it is about, empty for all; `fix` says what to
    do. `since` and `count` are there where they make sense.
    """

    code: str
    state: State
    found: str
    fix: str = ""
    subject: str = ""
    since: datetime | None = None
    count: int | None = None

    def as_json(self) -> dict[str, Any]:
        """Return it for programs; times in ISO 8601, UTC."""
        return {
            "code": self.code,
            "state": self.state.value,
            "subject": self.subject,
            "found": self.found,
            "since": self.since.isoformat() if self.since else None,
            "count": self.count,
            "fix": self.fix,
        }


@dataclass(frozen=True, slots=True)
class Examined:
    """The system at the time of an examination: when, its public address, and if Stripe is asked.

    `address` is as browsers and providers write it, without a path; empty where nobody said.
    """

    now: datetime
    address: str = ""
    is_offline: bool = False
