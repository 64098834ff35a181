"""Rewriting and deleting sealed rows, on record."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import Model

from webhooks.audit import keys
from webhooks.audit.row_macs import HashedRow, erasable_mac, read
from webhooks.audit.seal_format import build_seal, split_by_span
from webhooks.audit.sealed_tables import SealedTable, table_of
from webhooks.audit.seals import commit, logger
from webhooks.models import AuditEntry, Seal


@transaction.atomic
def amend(
    action: AuditEntry.Action,
    rows: Mapping[type[Model], Iterable[int]],
    *,
    actor: str,
    now: datetime,
    subject: str = "",
    details: Mapping[str, Any] | None = None,
) -> AuditEntry:
    """Record an act that rewrote erasable columns of sealed rows, and return its entry.

    The entry commits to what the erasable columns of `rows` hold from now on, so that `audit
    verify` accepts that and nothing else. Call it in the transaction that rewrote them, after
    that and last: it reads the rows, then locks the head. Keys of rows that are not sealed yet,
    or don't exist, do no harm.

    Raises `LookupError` for a model whose table isn't sealed.
    """
    seals = [
        _amendment(table_of(model), ids, now)
        for model, pks in rows.items()
        for ids in split_by_span(sorted(set(pks)))
    ]
    # None stands for keys of which no row could be read: there is nothing to commit to.
    made = [one for one in seals if one]
    return commit(action, made, actor=actor, now=now, subject=subject, details=details)


@transaction.atomic
def remove(
    action: AuditEntry.Action,
    rows: Mapping[type[Model], Iterable[int]],
    *,
    actor: str,
    now: datetime,
    subject: str = "",
    details: Mapping[str, Any] | None = None,
) -> AuditEntry:
    """Record an act that deleted sealed rows: `audit verify` accepts that they are gone.

    Call it in the transaction that deletes them, and last.
    Raises `LookupError` for a model whose table isn't sealed.
    """
    key = keys.current()
    seals = [
        # No hashes: of a deleted row only its key is known.
        build_seal(Seal.Kind.REMOVED, table_of(model).label, ids, b"", key=key, now=now)
        for model, pks in rows.items()
        for ids in split_by_span(sorted(set(pks)))
    ]
    return commit(action, seals, actor=actor, now=now, subject=subject, details=details)


def _amendment(table: SealedTable, pks: list[int], now: datetime) -> Seal | None:
    key = keys.current()
    ids: list[int] = []
    macs = bytearray()
    for row in read(table, table.rows.filter(pk__in=pks)):
        if not isinstance(row, HashedRow):
            # Left to `audit verify`, which reports the row: an erasure must not fail on it.
            logger.error("%s %s can't be read: was it altered?", table.label, row)
            continue
        ids.append(row.pk)
        macs += erasable_mac(table, row, key)
    if not ids:
        return None
    return build_seal(Seal.Kind.AMENDED, table.label, ids, bytes(macs), key=key, now=now)
