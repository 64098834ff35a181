"""Hold one row against its seals: what was committed to of it, and where it differs."""

import hmac
from collections.abc import Collection, Container, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

from webhooks.audit.row_macs import AS_PROVEN, MAC_BYTES, HashedRow, erasable_mac, fixed_mac
from webhooks.audit.seal_format import SPAN, ids_of, macs_of, root_of, says_unsealed
from webhooks.audit.seal_ranges import seals_in_range
from webhooks.audit.sealed_tables import SealedTable
from webhooks.models import Seal

INSERTED: Final = "inserted: it is among rows that were sealed long ago, and has no seal"


@dataclass(frozen=True, slots=True)
class RowSeal:
    """A row's hashes, and the seal that holds them."""

    seal: Seal
    macs: bytes


@dataclass(frozen=True, slots=True)
class MissingKey:
    """A key that signed a seal, and is not at hand: what it sealed can't be verified."""

    seal: Seal


@dataclass(slots=True)
class RowSeals:
    """What seals say of rows of a table: as sealed, as amended since, and which were removed.

    A row is sealed once, and what is done to it later says that it was. A seal that has it `again`,
    or is one of a row `changed_unsealed`, was made while the first was hidden by SQL.
    """

    table: SealedTable
    sealed: dict[int, RowSeal] = field(default_factory=dict)
    amended: dict[int, RowSeal] = field(default_factory=dict)
    removed: set[int] = field(default_factory=set)
    again: dict[int, Seal] = field(default_factory=dict)
    changed_unsealed: dict[int, Seal] = field(default_factory=dict)

    def load(
        self, lowest: int | None, highest: int, *, wanted: Collection[int] | None = None
    ) -> None:
        """Read the seals of rows with keys above the lowest and up to the highest.

        Of these, only the `wanted` where they are given; else amendments and removals of sealed
        rows alone.
        """
        for seal in seals_in_range(self.table, lowest, highest):
            for pk, macs in zip(ids_of(seal), macs_of(seal, 2), strict=False):
                if wanted is not None and pk not in wanted:
                    continue
                # The first stands: a later one holds what somebody made of the row, with the first
                # out of the way.
                if pk in self.sealed:
                    self.again[pk] = seal
                else:
                    self.sealed[pk] = RowSeal(seal, macs)
        low = highest - SPAN if lowest is None else lowest
        low = min(low, *self.sealed) if self.sealed else low
        changes = Seal.objects.filter(
            table=self.table.label,
            first__lte=highest,
            # What is amended or removed is sealed by spans, so that this reads no more of them.
            last__range=(low, highest + SPAN),
        )
        known = self.sealed if wanted is None else wanted
        # In the order of their ids, so that of several amendments the latest remains.
        for seal in changes.filter(kind=Seal.Kind.AMENDED).order_by("id").iterator():
            for pk, macs in zip(ids_of(seal), macs_of(seal, 1), strict=False):
                if pk in known:
                    self.amended[pk] = RowSeal(seal, macs)
            self._note_unsealed(seal, known)
        for seal in changes.filter(kind=Seal.Kind.REMOVED).order_by("id").iterator():
            self.removed.update(pk for pk in ids_of(seal) if pk in known)
            self._note_unsealed(seal, known)

    def _note_unsealed(self, change: Seal, known: Container[int]) -> None:
        if says_unsealed(change):
            self.changed_unsealed |= {pk: change for pk in ids_of(change) if pk in known}

    def differences(
        self, row: HashedRow | int, known: Mapping[str, str]
    ) -> Iterator[str | MissingKey]:
        """Yield how a sealed or amended row differs from its seals, or which key is missing.

        `known` are the keys at hand, by their ids; a row is its key alone where it can't be read.
        """
        pk = row.pk if isinstance(row, HashedRow) else row
        sealed, change = self.sealed.get(pk), self.amended.get(pk)
        yield from self.contradictions(pk)
        if pk in self.removed:
            yield "there, though on record as deleted"
        if not isinstance(row, HashedRow):
            yield "altered: it can't be read"
            return
        if sealed:
            key = known.get(sealed.seal.key_id)
            if key is None:
                yield MissingKey(sealed.seal)
            elif fixed_mac(self.table, row, key) != sealed.macs[:MAC_BYTES]:
                yield f"altered: what never changes in a row is not what {sealed.seal} has"
        if sealed or change:
            yield from self._erasable_differences(row, sealed, change, known)
        elif self.table.proven and row.digest is not None:
            # Not sealed yet, and a body that an erasure would rewrite: this is all that tells.
            yield from _check_proof(self.table.proven, row)

    def contradictions(self, pk: int) -> Iterator[str]:
        """Yield where a row's seals contradict each other, be the row there or not."""
        if pk not in self.sealed:
            return
        first = self.sealed[pk].seal
        if again := self.again.get(pk):
            yield f"sealed anew by {again}, while {first} was out of the way"
        change = self.changed_unsealed.get(pk)
        # Seals are numbered under the lock of the head, and so is it found out what has none.
        if change and change.pk > first.pk:
            yield f"changed by {change}, while {first} was out of the way"

    def _erasable_differences(
        self,
        row: HashedRow,
        sealed: RowSeal | None,
        change: RowSeal | None,
        known: Mapping[str, str],
    ) -> Iterator[str | MissingKey]:
        # The later one counts. A row that was amended before it was sealed, and so was sealed as
        # still proven, is described by the amendment alone.
        if (
            sealed
            and not (
                change
                # By their ids, which the HMACs of seals cover: their entries stand beside them.
                and (change.seal.pk > sealed.seal.pk or sealed.macs[MAC_BYTES:] == AS_PROVEN)
            )
        ):
            mac, seal = sealed.macs[MAC_BYTES:], sealed.seal
        else:
            assert change  # noqa: S101 - the caller has one of them
            mac, seal = change.macs, change.seal
        if mac == AS_PROVEN and self.table.proven:
            yield from _check_proof(self.table.proven, row)
            return
        key = known.get(seal.key_id)
        if key is None:
            yield MissingKey(seal)
        elif erasable_mac(self.table, row, key) != mac:
            columns = " or ".join((*self.table.erasable, *(self.table.proven or ())[:1]))
            yield f"altered: its {columns} is not what {seal} has"

    def broken(self, known: Mapping[str, str]) -> dict[int, Seal]:
        """Return the rows, by key, of which a seal was itself altered, and that seal."""
        found: dict[int, Seal] = {}
        intact: dict[int, bool] = {}
        for rows in (self.sealed, self.amended):
            for pk, one in rows.items():
                seal = one.seal
                if seal.pk not in intact:
                    key = known.get(seal.key_id)
                    # Without the key nothing can be said, which `differences` reports.
                    intact[seal.pk] = key is None or hmac.compare_digest(
                        root_of(seal, key), seal.root
                    )
                if not intact[seal.pk]:
                    found[pk] = seal
        return found


def _check_proof(proven: tuple[str, str], row: HashedRow) -> Iterator[str]:
    column, proof = proven
    if row.digest is None:
        yield f"altered: its {column} was deleted, and nothing on record says so"
    elif row.digest != row.proof:
        yield f"altered: its {column} does not have its {proof}"
