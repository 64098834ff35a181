"""What one event said of one object, kept for as long as a late event may cast new light on it."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from billing.changes import Change

Facts = dict[str, Any]
"""Facts by name, moments as ISO 8601, so that they can be compared and kept as JSON."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """An object as an event, or the provider itself when asked, said that it was.

    `at` is when the event was made, by the provider's clock in whole seconds since 1970, None
    where the provider does not say; `heard_at` is when it got here, by ours. `before` is what the
    facts that the event changed had been, None where it does not tell. `is_first` means that
    nothing came before it; `is_base` that it is all that is kept of what came before the others,
    and `is_patchy` that some of that came too late to be taken account of in full.

    A partial snapshot says a few facts and nothing of the rest; one that `casts_doubt` tells that
    the object has changed, and not what it is like now.

    An answer from the provider has `asked_from`: it was true at some moment from that second to
    `at`, by the provider's clock, and it was asked for at `heard_at`.
    """

    event_id: str
    at: int | None
    said: Facts
    before: Facts | None = None
    is_first: bool = False
    is_base: bool = False
    is_patchy: bool = False
    is_partial: bool = False
    casts_doubt: bool = False
    heard_at: datetime | None = None
    asked_from: int | None = None

    @property
    def status(self) -> str:
        """The state that the object was in, empty where it has none."""
        return str(self.said.get("status", ""))

    @property
    def is_answer(self) -> bool:
        """Whether the provider was asked."""
        return self.asked_from is not None

    def is_older_than(self, other: "Snapshot") -> bool:
        """Whether the provider's clock says so."""
        return self.at is not None and other.at is not None and self.at < other.at

    def covers(self, other: "Snapshot") -> bool:
        """Whether this answer is certain to have taken account of what the other tells."""
        if self.asked_from is None or self.at is None:
            return False
        if other.at is not None and other.at < self.asked_from:
            return True
        if self.heard_at is None or other.heard_at is None or other.heard_at > self.heard_at:
            return False
        return other.at is None or other.at <= self.at


def by_clock(one: Snapshot) -> tuple[int, str]:
    """A key to sort by, the same whatever order snapshots came in."""
    return one.at or 0, one.event_id


def plain(value: Any) -> Any:
    """A fact's value as it is compared and kept."""
    return value.isoformat() if isinstance(value, datetime) else value


def facts_of(change: Change) -> dict[str, Any]:
    """What a change says, as a snapshot has it."""
    return {name: plain(value) for name, value in change.facts().items()}


def pack(snapshots: Iterable[Snapshot], current: Facts) -> list[dict[str, Any]]:
    """Statements as JSON: of what they said, only what differs from the current facts."""
    return [_pack(snapshot, current) for snapshot in snapshots]


def unpack(packed: Iterable[Mapping[str, Any]], current: Facts) -> list[Snapshot]:
    """The snapshots that were packed with the same current facts."""
    return [_unpack(one, current) for one in packed]


def _pack(snapshot: Snapshot, current: Facts) -> dict[str, Any]:
    packed = {
        "id": snapshot.event_id,
        "at": snapshot.at,
        "heard": plain(snapshot.heard_at),
        **_pack_facts(snapshot, current),
        "before": snapshot.before,
        "first": snapshot.is_first,
        "base": snapshot.is_base,
        "patchy": snapshot.is_patchy,
        "doubt": snapshot.casts_doubt,
        "from": snapshot.asked_from,
    }
    # A change that is empty tells something; the rest need not be kept when it is.
    return {
        name: value for name, value in packed.items() if value or name in ("id", "before", "partly")
    }


def _pack_facts(snapshot: Snapshot, current: Facts) -> dict[str, Any]:
    if snapshot.is_partial:
        return {"partly": snapshot.said}
    return {
        "but": {name: value for name, value in snapshot.said.items() if current.get(name) != value},
        "unsaid": [name for name in current if name not in snapshot.said],
    }


def _unpack(packed: Mapping[str, Any], current: Facts) -> Snapshot:
    heard = packed.get("heard")
    said = packed.get("partly", current) | packed.get("but", {})
    for name in packed.get("unsaid", ()):
        said.pop(name, None)
    return Snapshot(
        event_id=packed["id"],
        at=packed.get("at"),
        said=said,
        before=packed["before"],
        is_first=packed.get("first", False),
        is_base=packed.get("base", False),
        is_partial="partly" in packed,
        casts_doubt=packed.get("doubt", False),
        is_patchy=packed.get("patchy", False),
        heard_at=datetime.fromisoformat(heard) if heard else None,
        asked_from=packed.get("from"),
    )


def state_key(facts: Facts) -> str:
    """The same text for the same state."""
    return json.dumps(facts, sort_keys=True)
