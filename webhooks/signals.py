"""The seam between receiving events and giving them a meaning."""

from collections.abc import Callable
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any, Protocol

from django.dispatch import Signal

from webhooks.events import Event

Handler = Callable[[Event], None]


class Run(Protocol):
    """Runs one handler in a savepoint of its own and keeps its outcome."""

    def __call__(self, name: str, handler: Handler, event: Event) -> None: ...


event_received = Signal()
"""Sent once per attempt, inside the attempt's transaction, with `event` and `run`.

Subscribe with `on`. A receiver connected directly is an observer: it runs unguarded,
so what it raises fails the whole attempt.
"""

alarm_raised = Signal()
"""Sent when refusals need somebody, with what the logger `webhooks.alarms` says: `endpoint` (slug,
empty for none there is), `kind` (`burst`, `nothing_proven`), `count` refusals in `seconds`, and
the `message` itself.

It is sent by the server process that noticed, once the client has its answer. What a receiver
raises is logged, and is nobody else's trouble.
"""


ids_erased = Signal()
"""Sent with `erasure` and `ids` when an event names more that is an erased person's: what is
kept of these objects, and of what names them, must be redacted. Outside any transaction."""


def on(provider: str, *patterns: str) -> Callable[[Handler], Handler]:
    """Subscribe a function to a provider's event types: `@on("stripe", "invoice.*")`.

    `*` stands for any run of characters, dots included; a provider of `*` is any provider.
    The handler's name, `module.function`, is recorded with its outcome: renaming a handler
    makes a re-run of an old event run it again.

    A handler runs inside the attempt's transaction and may run more than once: database work is
    undone when it raises; calls to the outside need `event.idempotency_key`.
    """

    def subscribe(handler: Handler) -> Handler:
        name = f"{handler.__module__}.{handler.__qualname__}"
        subscription = Subscription(name, handler, provider, patterns)
        # Not weakly: nobody else holds the receiver. By name: a module that is imported twice must
        # not have its handler run twice.
        event_received.connect(subscription, weak=False, dispatch_uid=name)
        return handler

    return subscribe


@dataclass(frozen=True, slots=True)
class Subscription:
    """A handler as it was subscribed with `on`."""

    name: str
    handler: Handler
    provider: str
    patterns: tuple[str, ...]

    def __call__(self, *, event: Event, run: Run, **_: Any) -> None:
        if self.is_to(event.provider) and matches(event.type, self.patterns):
            run(self.name, self.handler, event)

    def is_to(self, provider: str) -> bool:
        """True for a subscription to this provider's events."""
        return self.provider in (provider, "*")


def subscriptions(provider: str) -> list[Subscription]:
    """Return what is subscribed to a provider's events."""
    receivers = [receiver for _key, receiver, *_ in event_received.receivers]
    return [one for one in receivers if isinstance(one, Subscription) and one.is_to(provider)]


def answers(provider: str, event_type: str) -> Callable[[Handler], Handler]:
    """Have a function answer the events that a provider wants an answer to, one for each type.

    It returns where nothing stands in the way, and raises `Declined` with what the payer is told.
    It runs outside any transaction, in a thread of its own, and must be done within seconds. Events
    that are answered reach their handlers as well.
    Raises `ValueError` for a second function.
    """

    def register(handler: Handler) -> Handler:
        key = provider, event_type
        name = f"{handler.__module__}.{handler.__qualname__}"
        if _answering.setdefault(key, (name, handler))[0] != name:
            raise ValueError(f"{event_type} of {provider} is answered by {_answering[key][0]}")
        return handler

    return register


def answering(event: Event) -> tuple[str, Handler] | None:
    """Return who answers an event, by name; None where nobody does."""
    return _answering.get((event.provider, event.type))


_answering: dict[tuple[str, str], tuple[str, Handler]] = {}


def matches(event_type: str, patterns: tuple[str, ...]) -> bool:
    """True when an event type is one of these, where `*` stands for any run of characters."""
    # The case-sensitive one: `fnmatch` follows the operating system's rules for files.
    return any(fnmatchcase(event_type, pattern) for pattern in patterns)
