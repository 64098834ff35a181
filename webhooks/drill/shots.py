"""One delivery of a drill, and what it must be answered with."""

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

from webhooks.exceptions import (
    InvalidSignature,
    MalformedEvent,
    MissingSignature,
    PayloadTooLarge,
    Rejected,
    StaleSignature,
)


class Kind(StrEnum):
    """What a delivery is meant to try."""

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


REFUSALS: dict[Kind, type[Rejected]] = {
    Kind.UNSIGNED: MissingSignature,
    Kind.TAMPERED: InvalidSignature,
    Kind.TRUNCATED: InvalidSignature,
    Kind.STALE: StaleSignature,
    Kind.MALFORMED: MalformedEvent,
    Kind.OVERSIZED: PayloadTooLarge,
}
"""How each kind that is no genuine delivery must be refused."""


@dataclass(frozen=True, slots=True)
class Shot:
    """A body to post, and how to sign it.

    `number` tells a genuine delivery's event among the drill's. `signed` are the bytes that the
    signature is made over, None for no signature, `age` how long before the delivery it is made.
    """

    kind: Kind
    body: bytes
    number: int | None = None
    signed: bytes | None = None
    age: timedelta = timedelta()

    @property
    def is_genuine(self) -> bool:
        """Whether it must be accepted."""
        return self.kind not in REFUSALS


Burst = tuple[Shot, ...]
"""Deliveries that follow one another; different bursts go side by side."""


def event_id(run: str, number: int) -> str:
    """The id of a drill's genuine event. `run` is in all that a drill sends, and nowhere else."""
    return f"evt_{run}_{number}"


def number_in(event_id: str, run: str) -> int | None:
    """Which of the drill's genuine events this is the id of, if any."""
    start, _, number = event_id.rpartition("_")
    return int(number) if start == f"evt_{run}" and number.isdecimal() else None
