"""Names of events: where a provider's JSON has what an event is told apart and searched by."""

import hashlib
import json
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from webhooks.database.text import LONGEST_NAME, is_name
from webhooks.events import Event, moment
from webhooks.exceptions import MalformedEvent
from webhooks.providers.base import Headers, read_json

_LIVE: Final = (True, "live", "production", "true")
_TEST: Final = (True, "test", "sandbox", "true")

_MILLISECONDS: Final = 10**11
"""Seconds since 1970 reach this in the year 5138: what is more counts milliseconds."""

_LEAP_SECOND: Final = re.compile(r"(?<=T[0-9]{2}:[0-9]{2}:)60")


@dataclass(frozen=True, slots=True, kw_only=True)
class Naming:
    """Paths to an event's members, such as `data.id`; of several, the first that is there counts.
    A number is a place in a list. In those of `object_id`, `{}` is the object's type without its s.

    `type` is joined with dots of all its paths. Without an `id` and an `id_header`, which must be
    signed, an event is known by the SHA-256 of its bytes. `events` is the list of events, where a
    delivery brings several. An event is live unless `live` is there and says no, or `test` yes.
    One whose type begins as `of_customer` says is about the customer itself.
    """

    type: tuple[str, ...]
    id: tuple[str, ...] = ()
    id_header: str = ""
    events: str = ""
    created: str = ""
    live: str = ""
    test: str = ""
    account: str = ""
    api_version: str = ""
    object_type: str = ""
    object_id: tuple[str, ...] = ()
    customer_id: tuple[str, ...] = ()
    of_customer: str = ""

    def read(self, provider: str, body: bytes, headers: Headers, secret_id: str) -> list[Event]:
        """Return the events in a proven body. Raises `MalformedEvent`."""
        return self.events_in(provider, read_json(body), body, headers, secret_id)

    def events_in(
        self, provider: str, payload: object, body: bytes, headers: Headers, secret_id: str
    ) -> list[Event]:
        """Return the events in a proven body's JSON. Raises `MalformedEvent`."""
        if not isinstance(payload, dict):
            raise MalformedEvent("The body is not a JSON object.")
        if not self.events:
            named = text_of(headers.get(self.id_header, "")) if self.id_header else ""
            return [self._event(provider, payload, body, secret_id, named)]
        listed = _at(payload, self.events)
        if not isinstance(listed, list) or not all(isinstance(one, dict) for one in listed):
            raise MalformedEvent(f"The body's {self.events} must be a list of objects.")
        return [self._event(provider, one, own_bytes(one), secret_id) for one in listed]

    def _event(
        self, provider: str, payload: dict[str, Any], body: bytes, secret_id: str, named: str = ""
    ) -> Event:
        kind = ".".join(found for path in self.type if (found := text_of(_at(payload, path))))
        if not is_name(kind):
            raise MalformedEvent(f"The event's {' and '.join(self.type)} must name its type.")
        event_id = named or self._first(payload, self.id)
        if not event_id:
            if self.id or self.id_header:
                raise MalformedEvent(f"The event's {' or '.join(self.id) or 'id'} must be its id.")
            event_id = hashlib.sha256(body).hexdigest()
        object_type = text_of(_at(payload, self.object_type))
        object_id = self._first(
            payload, tuple(path.format(object_type.removesuffix("s")) for path in self.object_id)
        )
        is_of_customer = bool(self.of_customer) and kind.startswith(self.of_customer)
        return Event(
            provider=provider,
            id=event_id,
            type=kind,
            payload=payload,
            body=body if self.events else None,
            created_at=moment_of(_at(payload, self.created)),
            livemode=self._is_live(payload),
            account=text_of(_at(payload, self.account)),
            api_version=text_of(_at(payload, self.api_version)),
            object_type=object_type,
            object_id=object_id,
            customer_id=(is_of_customer and object_id) or self._first(payload, self.customer_id),
            secret_id=secret_id,
        )

    def _first(self, payload: dict[str, Any], paths: tuple[str, ...]) -> str:
        return next(filter(None, (text_of(_at(payload, path)) for path in paths)), "")

    def _is_live(self, payload: dict[str, Any]) -> bool:
        live, test = _at(payload, self.live), _at(payload, self.test)
        return (live is None or live in _LIVE) and test not in _TEST


def own_bytes(payload: dict[str, Any]) -> bytes:
    """Return an event's JSON in our own form, for what can't be kept as it was sent."""
    # Each event by itself: kept with others, it would be read by whoever looks at theirs, and
    # outlive its own erasure.
    return json.dumps(payload, sort_keys=True, separators=(",", ":")).encode()


def _at(payload: object, path: str) -> Any:
    """Return the value at a path; None where there is none."""
    for name in path.split(".") if path else [""]:
        payload = _member(payload, name)
    return payload


def _member(holder: object, name: str) -> Any:
    if isinstance(holder, list) and name.isdecimal():
        return next(iter(holder[int(name) :]), None)
    return holder.get(name) if isinstance(holder, dict) and name else None


def text_of(value: object) -> str:
    """Return a value to search by: a name, or a whole number; empty when it is neither."""
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) < 10**LONGEST_NAME:
        return str(value)
    return value if is_name(value) else ""


def moment_of(value: object) -> datetime | None:
    """Return when an event was made, said in seconds, milliseconds or ISO 8601; else None."""
    if isinstance(value, str):
        text, leaps = _LEAP_SECOND.subn("59", value.upper(), count=1)
        try:
            said = datetime.fromisoformat(text)
        except ValueError:
            return None
        value = (said if said.tzinfo else said.replace(tzinfo=UTC)).timestamp() + leaps
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    # No float holds the largest whole numbers of JSON.
    if abs(value) >= _MILLISECONDS**2:
        return None
    return moment(value / 1000 if abs(value) >= _MILLISECONDS else value)
