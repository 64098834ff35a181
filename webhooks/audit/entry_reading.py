"""Read entries as they are stored, even when somebody altered them."""

from collections.abc import Iterator
from typing import Any, Final

from django.db import Error, connection
from django.db.models import F, QuerySet, TextField
from django.db.models.functions import Cast

from webhooks.audit.row_macs import json_content, stored_moment
from webhooks.database.paging import keys_in_pages
from webhooks.models import AuditEntry

BATCH: Final = 2000
FEW: Final = 50

_COLUMNS: Final = ("sequence", "action", "actor", "subject", "key_id", "mac")


def read_entries(after: int | None, end: int | None) -> Iterator[tuple[AuditEntry | int, Any]]:
    """Yield entries in order with their stored details; for one that can't be read, its number."""
    entries = AuditEntry.objects.all() if end is None else AuditEntry.objects.filter(pk__lte=end)
    yield from _in_batches(entries, after)


def readable(entries: QuerySet[AuditEntry]) -> Iterator[AuditEntry]:
    """Yield those of some entries that can be read, in order.

    Choose them by other columns than `details`: SQLite fails on any query that asks for a part of
    what somebody made no JSON of.
    """
    return (entry for entry, _ in _in_batches(entries, None) if isinstance(entry, AuditEntry))


def readable_latest_first(entries: QuerySet[AuditEntry]) -> Iterator[AuditEntry]:
    """Yield the same in the reverse order, for whoever looks at a few only."""
    batches = keys_in_pages(entries, FEW, is_descending=True)
    for entry, _ in _read_batches(batches, "-sequence"):
        if isinstance(entry, AuditEntry):
            yield entry


def _in_batches(
    entries: QuerySet[AuditEntry], after: int | None
) -> Iterator[tuple[AuditEntry | int, Any]]:
    yield from _read_batches(keys_in_pages(entries, BATCH, after=after))


def _read_batches(
    batches: Iterator[list[int]], order: str = "sequence"
) -> Iterator[tuple[AuditEntry | int, Any]]:
    for batch in batches:
        try:
            found = list(_read(AuditEntry.objects.filter(sequence__in=batch), order))
        except (Error, ValueError, TypeError):
            # One row that can't be read fails its whole batch: find out which by reading singly.
            yield from map(_read_one, batch)
        else:
            yield from found


def _read_one(sequence: int) -> tuple[AuditEntry | int, Any]:
    try:
        return next(_read(AuditEntry.objects.filter(sequence=sequence)), (sequence, {}))
    except (Error, ValueError, TypeError):
        return sequence, {}


def _read(entries: Any, order: str = "sequence") -> Iterator[tuple[AuditEntry, Any]]:
    # SQLite stores times as text, and would hide a changed spelling behind an equal value.
    is_text = connection.vendor == "sqlite"
    recorded_at = Cast("recorded_at", TextField()) if is_text else F("recorded_at")
    rows = entries.order_by(order).values_list(*_COLUMNS, recorded_at, Cast("details", TextField()))
    for *values, when, raw in rows:
        entry = AuditEntry(**dict(zip(_COLUMNS, values, strict=True)))
        entry.recorded_at = stored_moment(when) if is_text else when
        details = json_content(raw)
        entry.details = details.get("json") or {}
        yield entry, details
