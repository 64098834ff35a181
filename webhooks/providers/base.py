"""What a provider must be able to do."""

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import ClassVar, Protocol

from webhooks.events import Event


class Headers(Protocol):
    """A delivery's headers, looked up without regard to case."""

    def get(self, name: str, default: str, /) -> str: ...


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
    lists_events: ClassVar[bool] = False
    keeps_events: ClassVar[timedelta] = timedelta(0)

    @abstractmethod
    def verify(
        self, body: bytes, headers: Headers, *, secrets: Sequence[str], now: datetime
    ) -> list[Event]:
        """The events in a delivery that is proven to come from the provider, now.

        `body` is the exact bytes received.
        Raises `Rejected` for whatever is not proven or is not an event, and nothing else.
        """

    @abstractmethod
    def sign(self, body: bytes, *, secret: str, now: datetime) -> dict[str, str]:
        """The headers with which the provider would send this body: for tests and trials."""

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
