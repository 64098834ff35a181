"""The key ranges that a table's seals cover, and those where rows may still appear."""

from datetime import datetime, timedelta
from typing import Any, Final

from webhooks.audit.sealed_tables import SealedTable
from webhooks.models import Seal

# Keys are given out when a row is inserted, and seen when it is committed: a slow transaction
# brings rows with keys below some that were sealed meanwhile.
LATE: Final = timedelta(hours=1)
"""The longest that a transaction may take whose rows have lower keys than rows sealed already."""


def newest_seal(table: SealedTable) -> Seal | None:
    """Return the seal with the highest of a table's sealed keys, without its hashes."""
    found: Seal | None = (
        Seal.objects.filter(table=table.label, kind=Seal.Kind.ROWS)
        .defer("ids", "macs")
        .order_by("-last")
        .first()
    )
    return found


def open_ranges(table: SealedTable) -> list[tuple[int | None, int]]:
    """Return the (above, up to) ranges of keys in which rows may still appear."""
    newest = newest_seal(table)
    if newest is None:
        return []
    ranges: list[tuple[int | None, int]] = []
    seals = Seal.objects.filter(table=table.label, kind=Seal.Kind.ROWS).order_by("-last")
    last: int | None = None
    for end, sealed_at in seals.values_list("last", "sealed_at").iterator():
        if last is not None:
            ranges.append((end, last))
        if not is_open(sealed_at, newest):
            return ranges
        last = end
    return [*ranges, (None, last)] if last is not None else ranges


def is_open(sealed_at: datetime, newest: Seal) -> bool:
    """True while rows may still appear among those that were sealed at this time."""
    # Held against the newest seal, not the clock: so a verification comes out the same later on.
    return sealed_at > newest.sealed_at - LATE


def in_range(rows: Any, lowest: int | None, highest: int) -> Any:
    """Return the rows with keys above the lowest, and up to the highest."""
    rows = rows.filter(pk__lte=highest)
    return rows if lowest is None else rows.filter(pk__gt=lowest)


def seals_in_range(table: SealedTable, lowest: int | None, highest: int) -> Any:
    """Return the seals of rows whose keys are in a range, those that were sealed late included."""
    seals = Seal.objects.filter(
        table=table.label,
        kind__in=[Seal.Kind.ROWS, Seal.Kind.STRAGGLERS],
        first__lte=highest,
    ).order_by("id")
    return seals if lowest is None else seals.filter(last__gt=lowest)
