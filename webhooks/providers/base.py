"""What a provider must be able to do."""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import ClassVar

from webhooks.events import Event


class Provider(ABC):
    """How a sender proves itself and names its events. Knows nothing of the database."""

    name: ClassVar[str]
    signature_header: ClassVar[str]

    @abstractmethod
    def verify(
        self, body: bytes, headers: Mapping[str, str], *, secrets: Sequence[str], now: datetime
    ) -> list[Event]:
        """The events in a delivery that is proven to come from the provider, now.

        `body` is the exact bytes received; `headers` is looked up without regard to case.
        Raises `Rejected` for whatever is not proven or is not an event, and nothing else.
        """

    @abstractmethod
    def sign(self, body: bytes, *, secret: str, now: datetime) -> dict[str, str]:
        """The headers with which the provider would send this body: for tests and trials."""

    def dashboard_url(self, object_type: str, object_id: str, account: str, livemode: bool) -> str:
        """Where the provider's own pages show an object; empty where there is no such page."""
        return ""
