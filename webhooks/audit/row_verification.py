"""Verify the rows of the sealed tables against their seals."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, Final

from webhooks.audit import keys
from webhooks.audit.report import Finding, Unsealed, VerificationReport
from webhooks.audit.row_macs import HashedRow, read
from webhooks.audit.row_seals import INSERTED, MissingKey, RowSeals
from webhooks.audit.seal_ranges import in_range, is_open, newest_seal
from webhooks.audit.sealed_tables import SealedTable, tables
from webhooks.models import Seal

MAX_COUNTED: Final = 10_000
"""The most unsealed rows that a page counts: counting a million costs too much there."""

MAX_PASSES: Final = 3
"""The times that a range with findings is verified, as it may have been amended meanwhile."""


@dataclass(frozen=True, slots=True)
class KeyRange:
    """The rows of a table with keys above `lowest`, and up to `highest`.

    While it `is_open`, rows may still appear in it that no seal has.
    """

    table: SealedTable
    lowest: int | None
    highest: int
    is_open: bool

    def seals(self) -> RowSeals:
        """Read the seals, amendments and removals of these rows."""
        found = RowSeals(self.table)
        found.load(self.lowest, self.highest)
        return found


@dataclass(slots=True)
class RangeResult:
    """The figures and findings of one range."""

    rows: int = 0
    removed: int = 0
    unsealed: int = 0
    findings: list[Finding] = field(default_factory=list)


def check_table(
    table: SealedTable,
    report: VerificationReport,
    progress: Callable[[VerificationReport], None],
) -> None:
    """Verify every row of a table against its seal, some thousand at a time."""
    known = keys.known()
    newest = newest_seal(table)
    unsealed = Unsealed()
    for one in _ranges(table, newest):
        result = _check_again_while_wrong(one, known, report)
        report.rows[table.label] += result.rows
        report.removed += result.removed
        unsealed.count += result.unsealed
        for finding in result.findings:
            report.add(finding.where, finding.what)
        progress(report)
    beyond = _after(table, newest)
    unsealed.count += beyond.count
    unsealed.oldest = beyond.oldest
    report.unsealed[table.label] = unsealed


def unsealed() -> dict[str, Unsealed]:
    """Return, per table, the rows above its last seal; no more than `MAX_COUNTED` are counted."""
    return {table.label: _after(table, newest_seal(table), MAX_COUNTED) for table in tables()}


def _after(table: SealedTable, newest: Seal | None, most: int | None = None) -> Unsealed:
    rows = (table.rows.filter(pk__gt=newest.last) if newest else table.rows).order_by("pk")
    first = rows.values_list(table.dated_by, flat=True).first()
    return Unsealed(rows[:most].count() if most else rows.count(), first)


def _ranges(table: SealedTable, newest: Seal | None) -> Iterator[KeyRange]:
    lowest: int | None = None
    while newest and (found := _next_seal(table, lowest, newest.last)):
        last, sealed_at = found
        yield KeyRange(table, lowest, last, is_open(sealed_at, newest))
        lowest = last


def _next_seal(table: SealedTable, after: int | None, last: int) -> tuple[int, Any] | None:
    seals = Seal.objects.filter(table=table.label, kind=Seal.Kind.ROWS, last__lte=last)
    if after is not None:
        seals = seals.filter(last__gt=after)
    found: tuple[int, Any] | None = seals.order_by("last").values_list("last", "sealed_at").first()
    return found


def _check_again_while_wrong(
    one: KeyRange, known: dict[str, str], report: VerificationReport
) -> RangeResult:
    for _ in range(MAX_PASSES):
        # Seals are read before the rows, without a lock: an amendment in between looks like an
        # alteration, until both are read once more.
        result = _check_range(one, one.seals(), known, report)
        if not result.findings:
            break
    return result


def _check_range(
    one: KeyRange, seals: RowSeals, known: dict[str, str], report: VerificationReport
) -> RangeResult:
    result, seen = RangeResult(), set[int]()
    unverifiable = list(report.unverifiable_ranges(one.table.label))
    for row in read(one.table, in_range(one.table.rows, one.lowest, one.highest)):
        pk = row.pk if isinstance(row, HashedRow) else row
        result.rows += 1
        if pk in seals.sealed:
            seen.add(pk)
        if any(first <= pk <= last for first, last in unverifiable):
            continue  # their seal was altered, which has been reported
        if pk not in seals.sealed and one.is_open:
            result.unsealed += 1
            continue
        for what in _check_row(seals, row, pk, known, report):
            result.findings.append(Finding(_name(one.table, pk), what))
    for pk in sorted(seals.sealed.keys() - seen):
        if pk in seals.removed:
            result.removed += 1
            for what in seals.contradictions(pk):
                result.findings.append(Finding(f"{one.table.label} {pk}", f"deleted, and {what}"))
        elif not any(first <= pk <= last for first, last in unverifiable):
            where = f"{one.table.label} {pk}"
            result.findings.append(Finding(where, f"deleted; {seals.sealed[pk].seal} has it"))
    return result


def _check_row(
    seals: RowSeals,
    row: HashedRow | int,
    pk: int,
    known: dict[str, str],
    report: VerificationReport,
) -> Iterator[str]:
    if pk not in seals.sealed:
        yield INSERTED
        return
    for difference in seals.differences(row, known):
        if isinstance(difference, MissingKey):
            report.add_missing_key(str(difference.seal), difference.seal.key_id)
        else:
            yield difference


def _name(table: SealedTable, pk: int) -> str:
    try:
        name = table.rows.filter(pk=pk).values_list(table.named_by, flat=True).first()
    except Exception:  # noqa: BLE001 - it names what is broken
        name = None
    return f"{table.label} {pk} ({name})" if name else f"{table.label} {pk}"
