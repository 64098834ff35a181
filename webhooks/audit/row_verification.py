"""Verify the rows of the sealed tables against their seals."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, Final

from webhooks.audit import keys
from webhooks.audit.report import Finding, Unsealed, VerificationReport
from webhooks.audit.row_macs import AS_PROVEN, MAC_BYTES, HashedRow, erasable_mac, fixed_mac, read
from webhooks.audit.seal_format import SPAN, ids_of, macs_of
from webhooks.audit.seal_ranges import in_range, is_open, newest_seal, seals_in_range
from webhooks.audit.sealed_tables import SealedTable, tables
from webhooks.models import Seal

MAX_COUNTED: Final = 10_000
"""The most unsealed rows that a page counts: counting a million costs too much there."""

TRIES: Final = 3
"""The times that a range with findings is verified, as it may have been amended meanwhile."""


@dataclass(frozen=True, slots=True)
class RowSeal:
    """A row's hashes, and the seal that holds them."""

    seal: Seal
    macs: bytes


@dataclass(slots=True)
class KeyRange:
    """The seals, amendments and removals of rows with keys above `lowest`, and up to `highest`.

    While it `is_open`, rows may still appear in it that no seal has.
    """

    table: SealedTable
    lowest: int | None
    highest: int
    is_open: bool
    sealed: dict[int, RowSeal] = field(default_factory=dict)
    amended: dict[int, RowSeal] = field(default_factory=dict)
    removed: set[int] = field(default_factory=set)

    def load(self) -> None:
        """Read the seals of these rows."""
        for seal in seals_in_range(self.table, self.lowest, self.highest):
            for pk, macs in zip(ids_of(seal), macs_of(seal, 2), strict=False):
                self.sealed[pk] = RowSeal(seal, macs)
        low = self.highest - SPAN if self.lowest is None else self.lowest
        low = min(low, *self.sealed) if self.sealed else low
        changes = Seal.objects.filter(
            table=self.table.label,
            first__lte=self.highest,
            # What is amended or removed is sealed by spans, so that this reads no more of them.
            last__range=(low, self.highest + SPAN),
        )
        # In the order of their entries, so that of several amendments the latest remains.
        for seal in changes.filter(kind=Seal.Kind.AMENDED).order_by("entry").iterator():
            for pk, macs in zip(ids_of(seal), macs_of(seal, 1), strict=False):
                if pk in self.sealed:
                    self.amended[pk] = RowSeal(seal, macs)
        for seal in changes.filter(kind=Seal.Kind.REMOVED).order_by("entry").iterator():
            self.removed.update(pk for pk in ids_of(seal) if pk in self.sealed)


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
    for _ in range(TRIES):
        # Seals are read before the rows, without a lock: an amendment in between looks like an
        # alteration, until both are read once more.
        fresh = KeyRange(one.table, one.lowest, one.highest, one.is_open)
        fresh.load()
        result = _check_range(fresh, known, report)
        if not result.findings:
            break
    return result


def _check_range(one: KeyRange, known: dict[str, str], report: VerificationReport) -> RangeResult:
    result, seen = RangeResult(), set[int]()
    unverifiable = list(report.unverifiable_ranges(one.table.label))
    for row in read(one.table, in_range(one.table.rows, one.lowest, one.highest)):
        pk = row.pk if isinstance(row, HashedRow) else row
        result.rows += 1
        if pk in one.sealed:
            seen.add(pk)
        if any(first <= pk <= last for first, last in unverifiable):
            continue  # their seal was altered, which has been reported
        if pk not in one.sealed and one.is_open:
            result.unsealed += 1
            continue
        for what in _check_row(one, row, pk, known, report):
            result.findings.append(Finding(_name(one.table, pk), what))
    for pk in sorted(one.sealed.keys() - seen):
        if pk in one.removed:
            result.removed += 1
        elif not any(first <= pk <= last for first, last in unverifiable):
            where = f"{one.table.label} {pk}"
            result.findings.append(Finding(where, f"deleted; {one.sealed[pk].seal} has it"))
    return result


def _check_row(
    one: KeyRange, row: HashedRow | int, pk: int, known: dict[str, str], report: VerificationReport
) -> Iterator[str]:
    sealed = one.sealed.get(pk)
    if sealed is None:
        yield "inserted: it is among rows that were sealed long ago, and has no seal"
        return
    if pk in one.removed:
        yield "there, though on record as deleted"
    if not isinstance(row, HashedRow):
        yield "altered: it can't be read"
        return
    key = known.get(sealed.seal.key_id)
    if key is None:
        report.add_missing_key(str(sealed.seal), sealed.seal.key_id)
    elif fixed_mac(one.table, row, key) != sealed.macs[:MAC_BYTES]:
        yield f"altered: what never changes in a row is not what {sealed.seal} has"
    yield from _check_erasable(one, row, sealed, known, report)


def _check_erasable(
    one: KeyRange,
    row: HashedRow,
    sealed: RowSeal,
    known: dict[str, str],
    report: VerificationReport,
) -> Iterator[str]:
    mac, seal = sealed.macs[MAC_BYTES:], sealed.seal
    change = one.amended.get(row.pk)
    # The later one counts. A row that was amended before it was sealed, and so was sealed as still
    # proven, is described by the amendment alone.
    if change and (change.seal.entry > seal.entry or mac == AS_PROVEN):
        mac, seal = change.macs, change.seal
    if mac == AS_PROVEN and one.table.proven:
        yield from _check_proof(one.table.proven, row)
        return
    key = known.get(seal.key_id)
    if key is None:
        report.add_missing_key(str(seal), seal.key_id)
    elif erasable_mac(one.table, row, key) != mac:
        columns = " or ".join((*one.table.erasable, *(one.table.proven or ())[:1]))
        yield f"altered: its {columns} is not what {seal} has"


def _check_proof(proven: tuple[str, str], row: HashedRow) -> Iterator[str]:
    column, proof = proven
    if row.digest is None:
        yield f"altered: its {column} was deleted, and nothing on record says so"
    elif row.digest != row.proof:
        yield f"altered: its {column} does not have its {proof}"


def _name(table: SealedTable, pk: int) -> str:
    try:
        name = table.rows.filter(pk=pk).values_list(table.named_by, flat=True).first()
    except Exception:  # noqa: BLE001 - it names what is broken
        name = None
    return f"{table.label} {pk} ({name})" if name else f"{table.label} {pk}"
