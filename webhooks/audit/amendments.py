"""Acts that change sealed rows, and say so."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import Model

from webhooks.audit import keys
from webhooks.audit.row_macs import Row, erasable_mac, read
from webhooks.audit.seal_format import in_spans, packed
from webhooks.audit.sealed_tables import Table, table_of
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
    """`record`, for an act that rewrote what may be rewritten of sealed rows.

    The entry commits to what the erasable columns of `rows` hold from now on, so that `audit
    verify` accepts that and nothing else. Call it in the transaction that rewrote them, after
    that and last: it reads the rows, then locks the head. Rows that are not sealed yet may be
    among them, and keys of no row.

    Raises `LookupError` for a model whose table isn't sealed.
    """
    seals = [
        _amended(table_of(model), ids, now)
        for model, pks in rows.items()
        for ids in in_spans(sorted(set(pks)))
    ]
    found = [one for one in seals if one]
    return commit(action, found, actor=actor, now=now, subject=subject, details=details)


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
    """`record`, for an act that deleted sealed rows: `audit verify` accepts that they are gone.

    Call it in the transaction that deletes them, and last.
    Raises `LookupError` for a model whose table isn't sealed.
    """
    key = keys.current()
    seals = [
        packed(Seal.Kind.REMOVED, table_of(model).label, ids, b"", key=key, now=now)
        for model, pks in rows.items()
        for ids in in_spans(sorted(set(pks)))
    ]
    return commit(action, seals, actor=actor, now=now, subject=subject, details=details)


def _amended(table: Table, pks: list[int], now: datetime) -> Seal | None:
    key = keys.current()
    ids: list[int] = []
    macs = bytearray()
    for row in read(table, table.rows.filter(pk__in=pks)):
        if not isinstance(row, Row):
            logger.error("%s %s can't be read: was it altered?", table.label, row)
            continue
        ids.append(row.pk)
        macs += erasable_mac(table, row, key)
    if not ids:
        return None
    return packed(Seal.Kind.AMENDED, table.label, ids, bytes(macs), key=key, now=now)
