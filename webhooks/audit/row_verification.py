"""Holding the rows of the sealed tables against their seals."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, Final

from webhooks.audit import keys
from webhooks.audit.report import Finding, Report, Unsealed
from webhooks.audit.row_macs import AS_PROVEN, MAC_BYTES, Row, erasable_mac, fixed_mac, read
from webhooks.audit.seal_format import SPAN, ids_of, macs_of
from webhooks.audit.seal_ranges import in_range, is_open, newest_seal, seals_in_range
from webhooks.audit.sealed_tables import Table, tables
from webhooks.models import Seal

COUNTED: Final = 10_000

TRIES: Final = 3
"""How often a range is looked at that does not hold, as it may have been amended meanwhile."""


@dataclass(frozen=True, slots=True)
class Sealed:
    """What a seal says of a row."""

    seal: Seal
    macs: bytes


@dataclass(slots=True)
class Range:
    """What is on record of the rows whose keys are above `lowest`, and up to `highest`."""

    table: Table
    lowest: int | None
    highest: int
    is_open: bool
    sealed: dict[int, Sealed] = field(default_factory=dict)
    amended: dict[int, Sealed] = field(default_factory=dict)
    removed: set[int] = field(default_factory=set)

    def load(self) -> None:
        """Read the seals that tell of these rows."""
        for seal in seals_in_range(self.table, self.lowest, self.highest):
            for pk, macs in zip(ids_of(seal), macs_of(seal, 2), strict=False):
                self.sealed[pk] = Sealed(seal, macs)
        low = self.highest - SPAN if self.lowest is None else self.lowest
        low = min(low, *self.sealed) if self.sealed else low
        changes = Seal.objects.filter(
            table=self.table.label,
            first__lte=self.highest,
            # What is amended or removed is sealed by spans, so that this reads no more of them.
            last__range=(low, self.highest + SPAN),
        )
        for seal in changes.filter(kind=Seal.Kind.AMENDED).order_by("entry").iterator():
            for pk, macs in zip(ids_of(seal), macs_of(seal, 1), strict=False):
                if pk in self.sealed:
                    self.amended[pk] = Sealed(seal, macs)
        for seal in changes.filter(kind=Seal.Kind.REMOVED).order_by("entry").iterator():
            self.removed.update(pk for pk in ids_of(seal) if pk in self.sealed)


@dataclass(slots=True)
class Looked:
    """What looking at a range came to."""

    rows: int = 0
    removed: int = 0
    unsealed: int = 0
    findings: list[Finding] = field(default_factory=list)


def check_table(table: Table, report: Report, progress: Callable[[Report], None]) -> None:
    """Hold every row of a table against its seal, some thousand at a time."""
    known = keys.known()
    newest = newest_seal(table)
    unsealed = Unsealed()
    for one in _ranges(table, newest):
        looked = _look_until_it_holds(one, known, report)
        report.rows[table.label] += looked.rows
        report.removed += looked.removed
        unsealed.count += looked.unsealed
        for finding in looked.findings:
            report.find(finding.where, finding.what)
        progress(report)
    beyond = _after(table, newest)
    unsealed.count += beyond.count
    unsealed.oldest = beyond.oldest
    report.unsealed[table.label] = unsealed


def unsealed() -> dict[str, Unsealed]:
    """Per table, what came after the last seal; no more than so many are counted."""
    return {table.label: _after(table, newest_seal(table), COUNTED) for table in tables()}


def _after(table: Table, newest: Seal | None, most: int | None = None) -> Unsealed:
    rows = (table.rows.filter(pk__gt=newest.last) if newest else table.rows).order_by("pk")
    first = rows.values_list(table.dated_by, flat=True).first()
    return Unsealed(rows[:most].count() if most else rows.count(), first)


def _ranges(table: Table, newest: Seal | None) -> Iterator[Range]:
    lowest: int | None = None
    while newest and (found := _next_seal(table, lowest, newest.last)):
        last, sealed_at = found
        yield Range(table, lowest, last, is_open(sealed_at, newest))
        lowest = last


def _next_seal(table: Table, after: int | None, last: int) -> tuple[int, Any] | None:
    seals = Seal.objects.filter(table=table.label, kind=Seal.Kind.ROWS, last__lte=last)
    if after is not None:
        seals = seals.filter(last__gt=after)
    found: tuple[int, Any] | None = seals.order_by("last").values_list("last", "sealed_at").first()
    return found


def _look_until_it_holds(one: Range, known: dict[str, str], report: Report) -> Looked:
    for _ in range(TRIES):
        fresh = Range(one.table, one.lowest, one.highest, one.is_open)
        fresh.load()
        looked = _look(fresh, known, report)
        if not looked.findings:
            break
    return looked


def _look(one: Range, known: dict[str, str], report: Report) -> Looked:
    looked, seen = Looked(), set[int]()
    holes = list(report.holes(one.table.label))
    for row in read(one.table, in_range(one.table.rows, one.lowest, one.highest)):
        pk = row.pk if isinstance(row, Row) else row
        looked.rows += 1
        if pk in one.sealed:
            seen.add(pk)
        if any(first <= pk <= last for first, last in holes):
            continue
        if pk not in one.sealed and one.is_open:
            looked.unsealed += 1
            continue
        for what in _check(one, row, pk, known, report):
            looked.findings.append(Finding(_name(one.table, pk), what))
    for pk in sorted(one.sealed.keys() - seen):
        if pk in one.removed:
            looked.removed += 1
        elif not any(first <= pk <= last for first, last in holes):
            where = f"{one.table.label} {pk}"
            looked.findings.append(Finding(where, f"deleted; {one.sealed[pk].seal} knows it"))
    return looked


def _check(
    one: Range, row: Row | int, pk: int, known: dict[str, str], report: Report
) -> Iterator[str]:
    sealed = one.sealed.get(pk)
    if sealed is None:
        yield "slipped in: it is among rows that were sealed long ago, and has no seal"
        return
    if pk in one.removed:
        yield "there, though on record as deleted"
    if not isinstance(row, Row):
        yield "altered: it can't be read"
        return
    key = known.get(sealed.seal.key_id)
    if key is None:
        report.lacks_key(str(sealed.seal), sealed.seal.key_id)
    elif fixed_mac(one.table, row, key) != sealed.macs[:MAC_BYTES]:
        yield f"altered: what never changes in a row is not what {sealed.seal} knows"
    yield from _check_erasable(one, row, sealed, known, report)


def _check_erasable(
    one: Range, row: Row, sealed: Sealed, known: dict[str, str], report: Report
) -> Iterator[str]:
    mac, seal = sealed.macs[MAC_BYTES:], sealed.seal
    change = one.amended.get(row.pk)
    # What was rewritten before the seal was made is told by the amendment where the seal can't.
    if change and (change.seal.entry > seal.entry or mac == AS_PROVEN):
        mac, seal = change.macs, change.seal
    if mac == AS_PROVEN and one.table.proven:
        yield from _check_proof(one.table.proven, row)
        return
    key = known.get(seal.key_id)
    if key is None:
        report.lacks_key(str(seal), seal.key_id)
    elif erasable_mac(one.table, row, key) != mac:
        columns = " or ".join((*one.table.erasable, *(one.table.proven or ())[:1]))
        yield f"altered: its {columns} is not what {seal} knows"


def _check_proof(proven: tuple[str, str], row: Row) -> Iterator[str]:
    column, proof = proven
    if row.digest is None:
        yield f"altered: its {column} was deleted, and nothing on record says so"
    elif row.digest != row.proof:
        yield f"altered: its {column} does not have its {proof}"


def _name(table: Table, pk: int) -> str:
    try:
        name = table.rows.filter(pk=pk).values_list(table.named_by, flat=True).first()
    except Exception:  # noqa: BLE001 - it names what is broken
        name = None
    return f"{table.label} {pk} ({name})" if name else f"{table.label} {pk}"
