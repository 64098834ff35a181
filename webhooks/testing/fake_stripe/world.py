"""The world: every object by account and mode, a clock, and the events in true order."""

import random
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import wraps
from threading import RLock
from typing import Concatenate, ParamSpec, TypeVar

from webhooks.testing.fake_stripe.faults import Faults
from webhooks.testing.fake_stripe.old_shapes import old_shape
from webhooks.testing.fake_stripe.problems import missing
from webhooks.testing.fake_stripe.records import API_VERSION, RecordedEvent, WebhookEndpoint
from webhooks.testing.fake_stripe.shapes import Json, copied, difference

Key = tuple[str, bool, str, str]
"""(account or "", livemode, type, id)."""

P = ParamSpec("P")
R = TypeVar("R")

ID_ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"


class World:
    """All that Stripe knows. `now` is in whole unix seconds, the present at first unless given,
    and moves only by `advance` unless it follows the real clock; no story goes on past `until`.
    Hold `lock` over whatever must be seen at once."""

    def __init__(
        self,
        seed: float | str | None = None,
        *,
        now: int | None = None,
        until: int | None = None,
        follow_clock: bool = False,
    ) -> None:
        # Reentrant, as what happens to one object makes things happen to others.
        self.lock = RLock()
        self.until = until
        self.random = random.Random(seed)  # noqa: S311
        self.objects: dict[Key, Json] = {}
        self.deleted: set[Key] = set()
        self.events: list[RecordedEvent] = []
        self.endpoints: list[WebhookEndpoint] = []
        self.listeners: list[Callable[[RecordedEvent], None]] = []
        self.faults = Faults()
        # By session: the prices that it was opened for, which its object doesn't show.
        self.carts: dict[str, Json] = {}
        # The last old shape of each object, to tell by its events what changed in that shape.
        self._shadows: dict[Key, Json] = {}
        self._by_type: dict[tuple[str, bool, str], dict[str, Json]] = {}
        self._now = int(time.time()) if follow_clock or now is None else now
        self._origin = self._now if follow_clock else None

    @property
    def now(self) -> int:
        """The world's time, in unix seconds."""
        if self._origin is None:
            return self._now
        return self._now + int(time.time()) - self._origin

    def advance(self, seconds: int) -> None:
        """Let time pass; nothing happens by itself meanwhile."""
        with self.lock:
            self._now += seconds

    def account(self, account_id: str = "", *, livemode: bool = False) -> "Account":
        """Return the view of an account in one mode; without an id, of the platform itself."""
        return Account(self, account_id, livemode)

    def new_id(self, prefix: str) -> str:
        """Return an id of Stripe's form, which nobody has seen."""
        with self.lock:
            # From the seed, so that a failing run can be repeated with the ids of its log.
            return f"{prefix}_{''.join(self.random.choices(ID_ALPHABET, k=24))}"

    def of_type(self, account: str, livemode: bool, kind: str) -> dict[str, Json]:
        """Return the objects of a type by id, oldest first, deleted ones included."""
        return self._by_type.setdefault((account, livemode, kind), {})

    def keep(self, key: Key, subject: Json) -> None:
        """Put an object, or its new version, in its place."""
        self.objects[key] = subject
        # By type as well: lists would otherwise go through every object of every account.
        self.of_type(*key[:3])[key[3]] = subject

    def emit(
        self, account: "Account", key: Key, before: Json | None, types: tuple[str, ...]
    ) -> None:
        """Record the events of one change of the object at `key`; `before` is what it was."""
        subject = self.objects[key]
        # The old shape is made at once: later the objects that it names would have moved on.
        former = self._shadows.get(key)
        shadow = self._shadows[key] = old_shape(account, subject)
        for kind in types:
            data: Json = {"object": copied(subject)}
            old_data: Json = {"object": copied(shadow)}
            if before is not None and _tells_what_changed(kind):
                data["previous_attributes"] = difference(before, subject)
                old_data["previous_attributes"] = difference(former or {}, shadow)
            self._record(account, kind, data, old_data)

    def _record(self, account: "Account", kind: str, data: Json, old_data: Json) -> None:
        event: Json = {
            "id": self.new_id("evt"),
            "object": "event",
            "api_version": API_VERSION,
            "created": self.now,
            "data": data,
            "livemode": account.livemode,
            "pending_webhooks": 0,
            "request": dict(account.request),
            "type": kind,
        }
        # The platform's own events name no account: receivers tell them apart by that.
        if account.id:
            event["account"] = account.id
        # Counted now, since an endpoint that is registered later is owed nothing.
        pending = sum(endpoint.wants(event) for endpoint in self.endpoints)
        recorded = RecordedEvent(account.id, event, old_data, pending)
        self.events.append(recorded)
        for listener in self.listeners:
            listener(recorded)

    def take_up(self, event: Json, *, account: str = "", pending: int = 0) -> None:
        """Have an event that was made up elsewhere on an account's list; no endpoint gets it."""
        with self.lock:
            self.events.append(RecordedEvent(account, event, event["data"], pending))


def _tells_what_changed(kind: str) -> bool:
    return kind.endswith(".updated") or kind == "charge.refunded"


@dataclass(frozen=True)
class Account:
    """One account in one mode, as one request (or nobody's request) sees it.

    Every change of an object goes through `create`, `change` and `delete`.
    """

    world: World
    id: str = ""
    livemode: bool = False
    request: Json = field(default_factory=lambda: {"id": None, "idempotency_key": None})

    @property
    def now(self) -> int:
        """The world's time, in unix seconds."""
        return self.world.now

    def key(self, kind: str, object_id: str) -> Key:
        """Return the key under which an object of this account is kept."""
        return (self.id, self.livemode, kind, object_id)

    def get(self, kind: str, object_id: str) -> Json:
        """Return the object itself, not to be changed by hand. Raises `ApiError` (404)."""
        found = self.world.objects.get(self.key(kind, object_id))
        if found is None:
            # Stripe's message tells of an object that is there in the other mode.
            other = (self.id, not self.livemode, kind, object_id) in self.world.objects
            mode = ("test" if self.livemode else "live") if other else None
            raise missing(kind.replace(".", "_"), object_id, other_mode=mode)
        return found

    def present(self, kind: str, object_id: str) -> Json:
        """Return the object unless it was deleted; see `get`. Raises `ApiError` (404)."""
        if self.is_deleted(kind, object_id):
            raise missing(kind, object_id)
        return self.get(kind, object_id)

    def has(self, kind: str, object_id: str) -> bool:
        """True if there is such an object, deleted or not."""
        return self.key(kind, object_id) in self.world.objects

    def is_deleted(self, kind: str, object_id: str) -> bool:
        """True if the object was there once, and is gone."""
        return self.key(kind, object_id) in self.world.deleted

    def all(self, kind: str, **having: object) -> Iterator[Json]:
        """Return the objects of a type that have these values, oldest first."""
        # A copy: whoever walks through them may make new ones meanwhile.
        for subject in list(self.world.of_type(self.id, self.livemode, kind).values()):
            if all(subject.get(name) == value for name, value in having.items()):
                yield subject

    def new_id(self, prefix: str) -> str:
        """Return an id of Stripe's form, which nobody has seen."""
        return self.world.new_id(prefix)

    def create(self, subject: Json, *types: str) -> Json:
        """Take up a new object, and tell of it by events of these types."""
        key = self.key(subject["object"], subject["id"])
        self.world.keep(key, subject)
        self.world.emit(self, key, None, types)
        return subject

    def change(self, subject: Json, changes: Json, *types: str) -> Json:
        """Give an object new values, and tell of it by events of these types.

        `*.updated` is told only when something did change.
        """
        key = self.key(subject["object"], subject["id"])
        before = self.world.objects[key]
        # A new object each time: events that were recorded keep the one that they tell of.
        after: Json = before | copied(changes)
        if after == before:
            types = tuple(kind for kind in types if not kind.endswith(".updated"))
        self.world.keep(key, after)
        self.world.emit(self, key, before, types)
        return after

    def delete(self, subject: Json, event_type: str) -> None:
        """Take an object away; its last version stays known."""
        key = self.key(subject["object"], subject["id"])
        # Kept among the objects: others go on naming it, and the API answers `deleted`.
        self.world.deleted.add(key)
        self.world.emit(self, key, None, (event_type,))


def happening(
    work: Callable[Concatenate[Account, P], R],
) -> Callable[Concatenate[Account, P], R]:
    """Let everything that a function does be seen at once."""

    @wraps(work)
    def at_once(account: Account, /, *args: P.args, **kwargs: P.kwargs) -> R:
        with account.world.lock:
            return work(account, *args, **kwargs)

    return at_once
