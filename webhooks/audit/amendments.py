"""Rewriting and deleting sealed rows, on record."""

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import Model

from webhooks.audit import keys
from webhooks.audit.chain import lock_head, record
from webhooks.audit.holding import Held, Rows
from webhooks.audit.row_macs import HashedRow, erasable_mac, read
from webhooks.audit.row_seals import RowSeals
from webhooks.audit.seal_format import build_seal, say_unsealed, split_by_span
from webhooks.audit.sealed_tables import SealedTable, table_of
from webhooks.audit.seals import commit, logger
from webhooks.models import AuditEntry, Seal

Say = Callable[[bytes], bytes]
"""Gives the hashes of a seal the mark that its rows had no seal before, where that is so."""


@transaction.atomic
def amend(
    action: AuditEntry.Action,
    rows: Rows,
    *,
    held: Held,
    actor: str,
    now: datetime,
    subject: str = "",
    details: Mapping[str, Any] | None = None,
) -> AuditEntry | None:
    """Record an act that rewrote erasable columns of sealed rows, and return its entry.

    The entry commits to what the erasable columns of `rows` hold from now on, so that `audit
    verify` accepts that and nothing else. Call it in the transaction that rewrote them, after
    that and last: it reads the rows, then locks the head. `held` is what `hold` returned before
    they were rewritten; the altered ones in it go on record. Without any row, they alone do.

    Raises `LookupError` for a model whose table isn't sealed, `ValueError` for a row that was not
    held against its seal, or does not fit it.
    """
    return _put_on_record(_amendment, action, rows, held, actor, now, subject, details)


@transaction.atomic
def remove(
    action: AuditEntry.Action,
    rows: Rows,
    *,
    held: Held,
    actor: str,
    now: datetime,
    subject: str = "",
    details: Mapping[str, Any] | None = None,
) -> AuditEntry | None:
    """Record an act that deleted sealed rows: `audit verify` accepts that they are gone.

    Call it in the transaction that deletes them, and last, with what `hold` returned before.
    Without any row, only altered ones go on record.
    Raises `LookupError` for a model whose table isn't sealed, `ValueError` for a row that was not
    held against its seal, or does not fit it.
    """
    return _put_on_record(_removal, action, rows, held, actor, now, subject, details)


def _put_on_record(
    seal: Callable[[SealedTable, list[int], datetime, Say], Seal | None],
    action: AuditEntry.Action,
    rows: Rows,
    held: Held,
    actor: str,
    now: datetime,
    subject: str,
    details: Mapping[str, Any] | None,
) -> AuditEntry | None:
    """Record the altered rows, and an act upon the others, if any, with a `seal` of each span."""
    wanted = _held(rows, held)
    _record_altered(held, actor=actor, now=now)
    if not wanted:
        return None
    seals = [
        seal(table_of(model), ids, now, say)
        for model, pks in wanted.items()
        for say, some in _by_seal(model, pks, held)
        for ids in split_by_span(sorted(some))
    ]
    # None stands for keys of which no row could be read: there is nothing to commit to.
    made = [one for one in seals if one]
    return commit(action, made, actor=actor, now=now, subject=subject, details=details)


def _record_altered(held: Held, *, actor: str, now: datetime) -> None:
    """Put on record each row that was found altered, in the caller's transaction, and log it.

    Once a row, whoever finds it and however often: what is repeated every night would fill the
    trail. The log tells each time.
    """
    for altered in held.altered:
        logger.error("%s. It is kept as it is; see `manage.py audit verify`", altered)
        known = AuditEntry.objects.filter(action=AuditEntry.Action.ALTERED, subject=altered.where)
        if not known.exists():
            record(
                AuditEntry.Action.ALTERED,
                actor=actor,
                now=now,
                subject=altered.where,
                details={"found": altered.what},
            )


def _held(rows: Rows, held: Held) -> dict[type[Model], set[int]]:
    wanted = {model: set(pks) for model, pks in rows.items()}
    for model, pks in wanted.items():
        label = table_of(model).label
        if unheld := pks - held.intact.get(model, set()):
            # What was never compared would be laundered: a mistake of the caller's.
            raise ValueError(f"{label}: {sorted(unheld)[:5]} were not held against their seals")
    return {model: pks for model, pks in wanted.items() if pks}


def _by_seal(model: type[Model], pks: set[int], held: Held) -> Iterator[tuple[Say, set[int]]]:
    """Yield the rows that a seal has, and those that none has, each with what their seal says."""
    unsealed = pks & held.unsealed.get(model, set())
    if unsealed:
        # Asked once more with the head locked: they may have been sealed since they were held, and
        # whatever seals them now comes later.
        lock_head()
        for some in split_by_span(sorted(unsealed)):
            seals = RowSeals(table_of(model))
            seals.load(some[0] - 1, some[-1], wanted=some)
            unsealed -= seals.sealed.keys()
    yield bytes, pks - unsealed
    yield say_unsealed, unsealed


def _amendment(table: SealedTable, pks: list[int], now: datetime, say: Say) -> Seal | None:
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
    return build_seal(Seal.Kind.AMENDED, table.label, ids, say(bytes(macs)), key=key, now=now)


def _removal(table: SealedTable, pks: list[int], now: datetime, say: Say) -> Seal:
    # No hashes: of a deleted row only its key is known.
    return build_seal(Seal.Kind.REMOVED, table.label, pks, say(b""), key=keys.current(), now=now)
