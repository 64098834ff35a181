"""The deliveries of a drill, their kinds, and the answers that they must get."""

import re
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

from webhooks.exceptions import (
    InvalidSignature,
    MalformedEvent,
    MalformedSignature,
    MissingSignature,
    PayloadTooLarge,
    Rejected,
    StaleSignature,
)


class DeliveryKind(StrEnum):
    """The behaviour of the receiver that a delivery tests."""

    NEW = "new"
    OUT_OF_ORDER = "new, out of order"
    AT_ONCE = "duplicate, at once"
    CONCURRENT = "duplicate, concurrent"
    LATE = "duplicate, late"
    UNSIGNED = "unsigned"
    TAMPERED = "tampered"
    TRUNCATED = "truncated"
    STALE = "stale"
    MALFORMED = "malformed"
    OVERSIZED = "oversized"


# Tampered and truncated bodies are expected to fail at their signature, before they are parsed.
UNPROVEN: tuple[type[Rejected], ...] = (
    *(MissingSignature, MalformedSignature, InvalidSignature, MalformedEvent),
)
"""The refusals of which a hostile delivery may get any, at providers other than Stripe: where the
proof is in the body, what spoils one spoils the other."""

EXPECTED_REFUSALS: dict[DeliveryKind, type[Rejected]] = {
    DeliveryKind.UNSIGNED: MissingSignature,
    DeliveryKind.TAMPERED: InvalidSignature,
    DeliveryKind.TRUNCATED: InvalidSignature,
    DeliveryKind.STALE: StaleSignature,
    DeliveryKind.MALFORMED: MalformedEvent,
    DeliveryKind.OVERSIZED: PayloadTooLarge,
}
"""The refusal that each hostile kind must get."""


@dataclass(frozen=True, slots=True)
class DrillDelivery:
    """A body to post, and how to sign it.

    `number` is that of a genuine delivery's event in the drill, None for a hostile one. `signed`
    are the bytes that the signature is made over, None for no signature; `age` is how long before
    the delivery it is made, negative for a signature from the future. A genuine event is kept as
    `event_id`, and as the bytes `kept`, where these are not the body. `run` is the drill's.
    """

    kind: DeliveryKind
    body: bytes
    number: int | None = None
    signed: bytes | None = None
    age: timedelta = timedelta()
    event_id: str = ""
    kept: bytes | None = None
    run: str = ""

    @property
    def is_genuine(self) -> bool:
        """True for a delivery that must be accepted."""
        return self.kind not in EXPECTED_REFUSALS


Burst = tuple[DrillDelivery, ...]
"""Deliveries sent one after another; different bursts are sent concurrently."""


def event_id(run: str, number: int) -> str:
    """Return the id of a drill's genuine event. Only this drill's deliveries contain `run`."""
    # So that others may deliver to the same receiver meanwhile, without being examined.
    return f"evt_{run}_{number}"


def number_of(event_id: str, body: bytes, run: str) -> int | None:
    """Return the number of the drill's genuine event with this id, or marked by it in its body."""
    start, _, number = event_id.rpartition("_")
    if start == f"evt_{run}":
        return int(number) if number.isdecimal() else None
    marked = re.findall(rb'"drill":"evt_%s_(\d+)"' % run.encode(), body.replace(b'": "', b'":"'))
    return int(marked[0]) if len(marked) == 1 else None
