"""Snapshots: an object as one event, or one answer from the provider, described it."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from billing.changes import Change
from webhooks.events import Event

FactMap = dict[str, Any]
"""Facts by name, moments as ISO 8601, so that they can be compared and kept as JSON."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """An object's facts as one event, or one answer from the provider, told them.

    `at` is when the event was made, by the provider's clock in whole seconds since 1970; None
    where the provider does not say. `observed_at` is by our clock: when the event arrived, or when
    the request for an answer was sent. `before` holds the former values of the facts that the
    event changed; None where it does not tell.

    `is_first`: nothing came before it. `is_base`: it sums up everything older that was pruned.
    `is_patchy`: a base that some of the older snapshots reached too late to be summed up in full.
    `is_reserve`: one that was pruned, and is kept for facts that the latest have no word for.
    `is_partial`: it has a few facts and says nothing of the rest. `casts_doubt`: the id of
    what tells that the object has changed, and not what it is like now; each does so once.
    `goes_on`: a list in it does. `revision` is the provider's own count of the object's changes.

    An answer has `asked_from`: it was true at some moment from that second to `at`, by the
    provider's clock.
    """

    event_id: str
    at: int | None
    facts: FactMap
    before: FactMap | None = None
    is_first: bool = False
    is_base: bool = False
    is_patchy: bool = False
    is_reserve: bool = False
    is_partial: bool = False
    casts_doubt: str = ""
    goes_on: bool = False
    revision: int | None = None
    observed_at: datetime | None = None
    asked_from: int | None = None

    @classmethod
    def of_event(cls, event: Event, change: Change) -> "Snapshot":
        """Return the snapshot that an event carries in one of its changes."""
        before = change.before
        return cls(
            event_id=event.id,
            at=int(event.created_at.timestamp()) if event.created_at else None,
            facts=facts_of(change),
            before=None if before is None else {k: plain(value) for k, value in before.items()},
            is_first=change.is_first,
            is_partial=not change.complete,
            casts_doubt=change.casts_doubt,
            goes_on=change.goes_on,
            revision=change.revision,
            observed_at=event.received_at,
        )

    @classmethod
    def of_answer(
        cls, change: Change, *, asked_at: datetime, asked_from: int, at: int
    ) -> "Snapshot":
        """Return the snapshot of an object that was fetched; `asked_at` is by our clock.

        Of an object that the answer only named it is no answer, but a partial snapshot.
        """
        # It is no event's, so it has no event's id.
        return cls(
            event_id="",
            at=at,
            facts=facts_of(change),
            is_partial=not change.complete,
            casts_doubt=change.casts_doubt,
            goes_on=change.goes_on,
            revision=change.revision,
            observed_at=asked_at,
            asked_from=asked_from if change.complete else None,
        )

    @property
    def status(self) -> str:
        """The state that the object was in, empty where it has none."""
        return str(self.facts.get("status", ""))

    @property
    def is_whole(self) -> bool:
        """True where it counts when the latest is looked for."""
        return not (self.is_partial or self.is_reserve)

    @property
    def is_deleted(self) -> bool:
        """True when the object was deleted at the provider."""
        return bool(self.facts.get("deleted"))

    @property
    def is_answer(self) -> bool:
        """True when the provider was asked, False for an event."""
        return self.asked_from is not None

    def is_older_than(self, other: "Snapshot") -> bool:
        """True when the provider's clock says so; False when it does not tell."""
        return self.at is not None and other.at is not None and self.at < other.at

    def covers(self, other: "Snapshot") -> bool:
        """True when this answer is certain to include what the other snapshot tells."""
        if self.asked_from is None or self.at is None:
            return False
        if other.at is not None and other.at < self.asked_from:
            return True
        # Within the second of the request the provider's clock cannot tell. Ours can: what had
        # arrived before the request was sent had been made before it was answered.
        if self.observed_at is None or other.observed_at is None:
            return False
        if other.observed_at > self.observed_at:
            return False
        return other.at is None or other.at <= self.at


def by_clock(snapshot: Snapshot) -> tuple[int, str]:
    """Return a key to sort by, the same whatever order snapshots arrived in."""
    return snapshot.at or 0, snapshot.event_id


def plain(value: Any) -> Any:
    """Return a fact's value as it is compared and kept: moments as ISO 8601."""
    return value.isoformat() if isinstance(value, datetime) else value


def facts_of(change: Change) -> FactMap:
    """Return the facts of a change as a snapshot has them."""
    return {name: plain(value) for name, value in change.facts().items()}
