"""The interface of a provider."""

import hashlib
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from types import MappingProxyType
from typing import Any, Final, Protocol

from webhooks import strict_json
from webhooks.events import Event
from webhooks.exceptions import MalformedEvent
from webhooks.privacy.vocabularies import CAREFUL, Vocabulary
from webhooks.providers.object_api import FetchedObject, ObjectApi

NO_OPTIONS: Final[Mapping[str, str]] = MappingProxyType({})


# Cached, as it is asked for with every delivery and there are few secrets.
@cache
def secret_id_of(secret: str) -> str:
    """Return the id by which events name the secret that proved them; it reveals nothing of it."""
    return hashlib.sha256(b"webhook secret:" + secret.encode()).hexdigest()[:12]


class Headers(Protocol):
    """A delivery's headers, looked up without regard to case."""

    def get(self, name: str, default: str, /) -> str: ...


@dataclass(frozen=True, slots=True)
class Page:
    """A page of a provider's list of events, the newest first, each with its JSON.

    Keep `cursor`, and a listing can continue with the next page.
    """

    events: Sequence[tuple[Event, bytes]]
    cursor: str


class Provider(ABC):
    """A sender of webhooks: how it proves its deliveries and names its events. Uses no database.

    One that `lists_events` can list those that it made within the last `keeps_events`.
    """

    name: str
    signature_header: str
    """The header that holds the proof; empty when that is elsewhere."""
    options: tuple[str, ...] = ()
    """What an endpoint needs besides its secrets, such as `notification_url`."""
    key_option: str = ""
    """The option that proves deliveries as the secrets do: public keys, say, comma-separated.

    It is in their place where it is one of `options`.
    """
    refuses_old: bool = True
    """False where a delivery stays valid for ever: then only its event's row makes it a duplicate,
    and is kept for good."""
    answered: tuple[str, ...] = ()
    """The types of events that the sender wants an answer to, in place of our own."""
    media_types: tuple[str, ...] = ("application/json",)
    """The media types that deliveries may have; those that name none are read, too."""
    vocabulary: Vocabulary = CAREFUL
    """What its JSON holds of persons, and of ids: whoever declares nothing has more erased."""
    accepted: str = ""
    """The text that a delivery must be answered with; empty where any success will do."""
    api: ObjectApi | None = None
    """Where its objects can be asked for, by the key in `<SLUG>_API_KEY`; None where they can't."""
    lists_events: bool = False
    keeps_events: timedelta = timedelta(0)

    @abstractmethod
    def verify(
        self,
        body: bytes,
        headers: Headers,
        *,
        secrets: Sequence[str],
        now: datetime,
        options: Mapping[str, str] = NO_OPTIONS,
    ) -> list[Event]:
        """Verify a delivery at this time, and return the events in it.

        `body` is the exact bytes received; `options` has what this provider names as its own. An
        event that is one of several, or not sent as JSON, has bytes of its own in `Event.body`.
        Secrets are tried in turn, and events carry the `secret_id` of the first that proves them
        (see `secret_id_of`).
        Raises `Rejected` for whatever is not proven or is not an event, and nothing else.
        """

    @abstractmethod
    def sign(
        self,
        body: bytes,
        *,
        secret: str,
        now: datetime,
        options: Mapping[str, str] = NO_OPTIONS,
    ) -> dict[str, str]:
        """Return what proves this body, by the names of the headers that have it, for tests.

        Raises `ValueError` for what is no secret of this provider's.
        """

    def sent(self, body: bytes, proof: Mapping[str, str]) -> tuple[bytes, Mapping[str, str]]:
        """Return the body and the headers of a delivery with this proof, for tests.

        Where the proof is in the body, its names are of no headers.
        """
        return body, proof

    def sample(self, now: datetime) -> Mapping[str, Any] | None:
        """Return a delivery made at this time, as `send_test_event` sends it; None without one.

        For providers of a project's own; those that are here have theirs in `webhooks.testing`.
        """
        return None

    def answer(self, event: Event, *, declined: str | None) -> bytes:
        """Return the JSON that answers an event which is `answered`.

        `declined` is what the payer is told, None where nothing stands in the way.
        """
        raise NotImplementedError(f"{self.name} wants no answers")

    def is_secret(self, secret: str) -> bool:
        """True for what can be one of this provider's secrets."""
        return True

    def can_fetch(self, object_type: str, *, livemode: bool) -> bool:
        """True for objects that `fetch` knows, and whose mode its key can see."""
        return (
            self.api is not None
            and object_type in self.api.paths
            and not self.hindrance(livemode=livemode)
        )

    def hindrance(self, *, livemode: bool) -> str:
        """Return what keeps objects of a mode from being fetched, with the setting; else empty."""
        if self.api is None:
            return f"{self.name} can't be asked for its objects."
        return self.api.hindrance(self.name)

    def fetch(
        self,
        object_type: str,
        object_id: str,
        *,
        account: str,
        before_more: Callable[[], None] = lambda: None,
    ) -> FetchedObject | None:
        """Return the object as it is now; None when the provider has none of this id.

        Where that takes more than one call, `before_more` is called before each of the others.
        Calls the provider: never inside a transaction. Raises `ProviderApiUnavailable`.
        """
        if self.api is None:
            raise NotImplementedError
        return self.api.fetch(self.name, object_type, object_id)

    def dashboard_url(self, object_type: str, object_id: str, account: str, livemode: bool) -> str:
        """Return the address of the provider's own page of an object; empty when it has none."""
        return ""

    def list_events(
        self, *, account: str, since: datetime, undelivered_only: bool, after: str = ""
    ) -> Iterator[Page]:
        """Yield the events made since then, page by page, the newest first.

        `account` is a connected account, or empty for our own; `undelivered_only` leaves out what
        the provider has delivered to every endpoint; `after` is the cursor of the last page that
        was taken. No more than one page is held at a time.
        Raises `ProviderApiUnavailable` or `ProviderApiRefused`.
        """
        raise NotImplementedError(f"{self.name} does not list its events")


def read_json(body: bytes) -> Any:
    """Return the JSON value of a verified body, read within bounds (see `webhooks.strict_json`).

    Raises `MalformedEvent`.
    """
    try:
        return strict_json.read(body)
    except strict_json.NotJson as error:
        raise MalformedEvent(str(error)) from error
