"""Hold rows against their seals before they are rewritten or deleted.

Rewriting commits to what a row holds from then on, and deleting to nothing: either would make what
somebody altered before it pass for what was recorded.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from django.db.models import Model

from webhooks.audit import keys
from webhooks.audit.once_sealed import once_sealed
from webhooks.audit.report import Finding
from webhooks.audit.row_macs import HashedRow, read
from webhooks.audit.row_seals import INSERTED, MissingKey, RowSeals
from webhooks.audit.seal_format import split_by_span
from webhooks.audit.sealed_tables import table_of

Rows = Mapping[type[Any], Iterable[int]]
"""Rows by their model, each by its key."""


@dataclass(slots=True)
class Held:
    """Rows as they were found: the keys of those that fit their seals, and the altered ones.

    A row that no seal has yet fits, unless it has a proof of its own and does not fit that; such
    are among the `unsealed` as well.
    """

    intact: dict[type[Model], set[int]] = field(default_factory=dict)
    unsealed: dict[type[Model], set[int]] = field(default_factory=dict)
    altered: list[Finding] = field(default_factory=list)

    @property
    def altered_subjects(self) -> set[str]:
        """The altered rows, as entries name them."""
        return {one.where for one in self.altered}

    def fits(self, model: type[Model], pk: int) -> bool:
        """True when this row was held against its seal, and fits."""
        return pk in self.intact.get(model, ())


def hold(rows: Rows) -> Held:
    """Hold rows against their seals, and return what was found.

    Call it in the transaction that rewrites or deletes the rows, before that and with the rows
    locked; do it to the `intact` ones alone, and give what this returns to `amend` or `remove`,
    which put the altered ones on record. Rows that don't exist are in neither.

    Raises `LookupError` for a model whose table isn't sealed.
    """
    held = Held()
    for model, pks in rows.items():
        table, intact = table_of(model), held.intact.setdefault(model, set())
        for some in split_by_span(sorted(set(pks))):
            seals = RowSeals(table)
            seals.load(some[0] - 1, some[-1], wanted=set(some))
            unsealed = set(some) - seals.sealed.keys()
            held.unsealed.setdefault(model, set()).update(unsealed)
            for pk, what in _compare(seals, some, unsealed):
                if what:
                    held.altered.append(Finding(f"{table.label}:{pk}", what))
                else:
                    intact.add(pk)
    return held


def _compare(seals: RowSeals, pks: list[int], unsealed: set[int]) -> Iterator[tuple[int, str]]:
    """Yield each row's key, and what is wrong with it; nothing for one that fits."""
    known, table = keys.known(), seals.table
    broken = seals.broken(known)
    # Sealed once, or inserted among what was.
    once = once_sealed(table) if unsealed else ()
    for row in read(table, table.rows.filter(pk__in=pks)):
        pk = row.pk if isinstance(row, HashedRow) else row
        if pk in broken:
            yield pk, f"{broken[pk]} was altered, so nothing tells what it should be"
        elif pk in unsealed and pk in once:
            yield pk, INSERTED
        else:
            yield pk, "; ".join(map(_described, seals.differences(row, known)))


def _described(difference: str | MissingKey) -> str:
    if isinstance(difference, MissingKey):
        key_id = difference.seal.key_id
        return f"it can't be verified: the key {key_id!r} is not among AUDIT_KEY_FALLBACKS"
    return difference
