"""An event of a provider's, as the value that handlers receive."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final, TypedDict

EARLIEST: Final = datetime(2, 1, 1, tzinfo=UTC).timestamp()
LATEST: Final = datetime(9998, 12, 31, tzinfo=UTC).timestamp()
"""A year from either end of what there are dates for, so that a moment can be shown in any time
zone, and have days added to it."""

Clock = Callable[[], datetime]
"""Tells the time, in UTC: `timezone.now`, or a test's."""


class ObjectScope(TypedDict):
    """The provider, account and mode within which an object's id is unique."""

    provider: str
    account: str
    livemode: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One event of a provider's, proven and parsed.

    `payload` is the provider's own JSON. What the provider leaves out is an empty string
    (or None for `created_at`). `received_at` is when it first got here; moments are in UTC.
    On the first attempt no handler has yet left anything behind on the event's behalf.
    `preparations` is how often handlers were prepared in this attempt (see `Unprepared`).
    `secret_id` is the id of the secret that proved it, empty where none did.
    `body` has the event's own bytes, as JSON, where its delivery brought several or was none, until
    it is recorded.
    """

    provider: str
    id: str
    type: str
    payload: Mapping[str, Any]
    body: bytes | None = None
    created_at: datetime | None = None
    received_at: datetime | None = None
    livemode: bool = False
    account: str = ""
    api_version: str = ""
    object_type: str = ""
    object_id: str = ""
    customer_id: str = ""
    secret_id: str = ""
    is_first_attempt: bool = False
    preparations: int = 0

    @property
    def idempotency_key(self) -> str:
        """The key to send along with any call to the outside: the same for every attempt."""
        return f"{self.provider}:{self.id}"


def moment(seconds: float) -> datetime | None:
    """Return the moment so many seconds after 1970, in UTC; None for one too far away to use."""
    # Compared first: `fromtimestamp` fails in three ways, and differently by platform.
    return datetime.fromtimestamp(seconds, UTC) if EARLIEST <= seconds <= LATEST else None
