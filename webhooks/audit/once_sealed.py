"""The keys that were sealed, by the chain, whatever has become of their seals.

A seal can be deleted, moved or altered by SQL. Its rows must not be sealed anew then: what was
altered in them since would pass for what was recorded.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db.models import QuerySet

from webhooks.audit.entry_reading import readable_latest_first
from webhooks.audit.entry_verification import verify_entry
from webhooks.audit.seal_ranges import LATE
from webhooks.audit.sealed_tables import SealedTable
from webhooks.models import AuditEntry, Seal

_DECLARED = {"table": str, "kind": str, "first": int, "last": int}


@dataclass(slots=True)
class OnceSealed:
    """The keys of a table that nothing may seal again.

    All up to `settled`, below which no row can still appear, and the `lost` (first, last) ranges of
    seals made since that are gone, or are not what they were.
    """

    settled: int | None = None
    lost: list[tuple[int, int]] = field(default_factory=list)

    def __contains__(self, pk: int) -> bool:
        if self.settled is not None and pk <= self.settled:
            return True
        return any(first <= pk <= last for first, last in self.lost)

    def leave_out_of(self, rows: QuerySet[Any]) -> QuerySet[Any]:
        """Return the rows whose keys are not among these."""
        if self.settled is not None:
            rows = rows.filter(pk__gt=self.settled)
        for first, last in self.lost:
            rows = rows.exclude(pk__range=(first, last))
        return rows


def once_sealed(table: SealedTable) -> OnceSealed:
    """Return which keys were sealed, by entries that were not altered.

    Reads the entries of the last hour of sealing: for whoever has rows without a seal, not for each
    that has one.
    """
    found, recent = OnceSealed(), list[AuditEntry]()
    newest: datetime | None = None
    for entry in _declared(table):
        if entry.details["kind"] == Seal.Kind.ROWS:
            # By the chain's own times: those in the seals may have been altered.
            is_old = newest is not None and entry.recorded_at <= newest - LATE
            if (is_old or newest is None) and not verify_entry(entry):
                continue  # one that somebody wrote must keep nothing from being sealed
            if is_old:
                found.settled = entry.details["last"]
                break
            newest = newest or entry.recorded_at
        recent.append(entry)
    found.lost = [
        (entry.details["first"], entry.details["last"])
        for entry in _without_their_seals(table, recent)
        if verify_entry(entry)
    ]
    return found


def _declared(table: SealedTable) -> Iterator[AuditEntry]:
    """Yield the entries that say they sealed rows of a table, the latest first, not verified."""
    # Release 0.1.0 left the subject empty.
    entries = AuditEntry.objects.filter(
        action=AuditEntry.Action.SEALED, subject__in=[table.label, ""]
    )
    for entry in readable_latest_first(entries):
        said = entry.details if isinstance(entry.details, dict) else {}
        is_whole = all(type(said.get(name)) is form for name, form in _DECLARED.items())
        if is_whole and said["table"] == table.label:
            yield entry


def _without_their_seals(table: SealedTable, entries: list[AuditEntry]) -> list[AuditEntry]:
    if not entries:
        return []
    seals = Seal.objects.filter(table=table.label, entry__gte=entries[-1].sequence)
    there = set(seals.values_list("entry", "kind", "first", "last"))
    return [
        entry
        for entry in entries
        if (entry.sequence, *(entry.details[name] for name in ("kind", "first", "last")))
        not in there
    ]
