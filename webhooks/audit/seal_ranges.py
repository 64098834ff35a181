"""Which keys a table's seals have passed over, and where rows may still appear."""

from datetime import datetime, timedelta
from typing import Any, Final

from webhooks.audit.sealed_tables import Table
from webhooks.models import Seal

LATE: Final = timedelta(hours=1)
"""How long a transaction may take whose rows have lower keys than rows that are sealed already."""


def newest_seal(table: Table) -> Seal | None:
    """The seal with the last of a table's sealed rows."""
    found: Seal | None = (
        Seal.objects.filter(table=table.label, kind=Seal.Kind.ROWS)
        .defer("ids", "macs")
        .order_by("-last")
        .first()
    )
    return found


def open_ranges(table: Table) -> list[tuple[int | None, int]]:
    """The ranges of keys, above the first and up to the last, in which rows may still appear."""
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
    """Whether rows may still appear among those that were sealed then."""
    return sealed_at > newest.sealed_at - LATE


def in_range(rows: Any, lowest: int | None, highest: int) -> Any:
    """The rows with keys above the lowest, and up to the highest."""
    rows = rows.filter(pk__lte=highest)
    return rows if lowest is None else rows.filter(pk__gt=lowest)


def seals_in_range(table: Table, lowest: int | None, highest: int) -> Any:
    """The seals of rows whose keys are in a range, the stragglers' included."""
    seals = Seal.objects.filter(
        table=table.label,
        kind__in=[Seal.Kind.ROWS, Seal.Kind.STRAGGLERS],
        first__lte=highest,
    ).order_by("id")
    return seals if lowest is None else seals.filter(last__gt=lowest)
