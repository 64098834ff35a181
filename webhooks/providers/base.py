"""What a provider must be able to do."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from datetime import datetime
from typing import ClassVar, Protocol

from webhooks.events import Event


class Headers(Protocol):
    """A delivery's headers, looked up without regard to case."""

    def get(self, name: str, default: str, /) -> str: ...


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

    def dashboard_url(self, object_type: str, object_id: str, account: str, livemode: bool) -> str:
        """Where the provider's own pages show an object; empty where there is no such page."""
        return ""
