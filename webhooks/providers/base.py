"""What a provider must be able to do."""

import hashlib
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from typing import Any, ClassVar, Protocol

from webhooks import strict_json
from webhooks.events import Event
from webhooks.exceptions import MalformedEvent


@cache
def fingerprint(secret: str) -> str:
    """Which secret it is, without telling it."""
    return hashlib.sha256(b"webhook secret:" + secret.encode()).hexdigest()[:12]


class Headers(Protocol):
    """A delivery's headers, looked up without regard to case."""

    def get(self, name: str, default: str, /) -> str: ...


@dataclass(frozen=True, slots=True)
class Answer:
    """An object as the provider says that it is: its JSON, with when that was true.

    That was at some moment from `asked_from` to `at`, in seconds since 1970 by its own clock.
    """

    subject: Mapping[str, Any]
    asked_from: int
    at: int


@dataclass(frozen=True, slots=True)
class Page:
    """Some of the events that a provider has made, the newest first, each with its JSON.

    `cursor` is where the next page begins: keep it, and a listing can go on from there.
    """

    events: Sequence[tuple[Event, bytes]]
    cursor: str


class Provider(ABC):
    """How a sender proves itself and names its events. Knows nothing of the database.

    One that `lists_events` can be asked for those it made within the last `keeps_events`.
    """

    name: ClassVar[str]
    signature_header: ClassVar[str]
    """The header without which no delivery is proven; empty when proof is elsewhere."""
    media_types: ClassVar[tuple[str, ...]] = ("application/json",)
    """What deliveries may say that they are; those that do not say are looked at."""
    lists_events: ClassVar[bool] = False
    keeps_events: ClassVar[timedelta] = timedelta(0)

    @abstractmethod
    def verify(
        self, body: bytes, headers: Headers, *, secrets: Sequence[str], now: datetime
    ) -> list[Event]:
        """The events in a delivery that is proven to come from the provider, now.

        `body` is the exact bytes received. Secrets are tried in turn, and events carry the
        `secret_id` of the first that proves them (see `fingerprint`).
        Raises `Rejected` for whatever is not proven or is not an event, and nothing else.
        """

    @abstractmethod
    def sign(self, body: bytes, *, secret: str, now: datetime) -> dict[str, str]:
        """The headers with which the provider would send this body: for tests and trials."""

    def can_fetch(self, object_type: str, *, livemode: bool) -> bool:
        """Whether `fetch` knows such objects, and may see those of this mode."""
        return False

    def fetch(self, object_type: str, object_id: str, *, account: str) -> Answer | None:
        """The object as it is now; None when the provider has none of this id.

        Calls the provider: never inside a transaction. Raises `ProviderUnavailable`.
        """
        raise NotImplementedError

    def dashboard_url(self, object_type: str, object_id: str, account: str, livemode: bool) -> str:
        """Where the provider's own pages show an object; empty where there is no such page."""
        return ""

    def list_events(
        self, *, account: str, since: datetime, undelivered_only: bool, after: str = ""
    ) -> Iterator[Page]:
        """The events made since then, page by page, the newest first.

        `account` is a connected account, or empty for our own; `undelivered_only` leaves out what
        the provider knows to have been delivered everywhere; `after` is the cursor of the last
        page that was taken. No more than one page is held at a time.
        Raises `ProviderUnavailable` or `ProviderRefused`.
        """
        raise NotImplementedError(f"{self.name} does not list its events")


def read_json(body: bytes) -> Any:
    """The value that a proven body is, read within bounds (see `webhooks.jsons`).

    Raises `MalformedEvent`.
    """
    try:
        return strict_json.read(body)
    except strict_json.NotJson as error:
        raise MalformedEvent(str(error)) from error
