"""The state of an idempotency key, in words that say what follows from it."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from billing.idempotency.keys import is_in_flight
from billing.models import IdempotencyKey
from webhooks.admin.values import BadgeKind, time_of

State = IdempotencyKey.State

STALE: Final = "stale"
"""Beside the stored states: started, and nobody is at it any more."""


IN_FLIGHT: Final = (
    "Somebody is at it. The same request is answered 409 meanwhile, and the same call to Stripe "
    "waits. If the process dies, it ends by itself at the time above."
)
LEFT: Final = (
    "Whoever was at it has died, or was cut off, and nobody knows whether it was done. There is "
    "nothing to remove: the next time that the same is asked for takes it over, with the same key "
    "at Stripe, which makes nothing twice within a day. Have whoever asked ask again. If nobody "
    "will, look for the key in Stripe's log of requests, or for the object in billing."
)
REPEATED: Final = (
    "It was done, once. The same request has the same answer until the key expires; another "
    "request with this key is refused."
)
TO_BE_TRIED: Final = (
    "It came to nothing that is repeated: it was refused, Stripe or the server failed, or nobody "
    "has begun. The next time that the same is asked for tries again, with the same key at Stripe."
)


@dataclass(frozen=True, slots=True)
class KeyState:
    """A state as staff see it: since or until when, and what it means."""

    label: str
    kind: BadgeKind
    when: str
    meaning: str


def state_of(row: IdempotencyKey, now: datetime) -> KeyState:
    """Return the state of a key."""
    if is_in_flight(row, now):
        until = f"until {time_of(row.locked_until or now, now)} at most"
        return KeyState("In flight", "info", until, IN_FLIGHT)
    if row.state == State.STARTED:
        since = f"since {time_of(row.locked_until or row.created_at, now)}"
        return KeyState("Stale", "danger", since, LEFT)
    over = "expired" if row.expires_at <= now else ""
    if row.state == State.COMPLETED:
        return KeyState("Completed", "success", over, REPEATED)
    return KeyState("To be tried again", "warning", over, TO_BE_TRIED)
