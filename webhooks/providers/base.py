"""What a provider must be able to do."""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar, Protocol

from webhooks.events import Event


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


class Provider(ABC):
    """How a sender proves itself and names its events. Knows nothing of the database."""

    name: ClassVar[str]
    signature_header: ClassVar[str]

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
