"""Seal the rows that were recorded since the last time: commit to their hashes in the chain."""

import logging
import threading
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from django.db import Error, connection, transaction
from django.db.models import Max
from django.utils import timezone

from webhooks import conf
from webhooks.audit import keys
from webhooks.audit.chain import HEAD, HeadLost, lock_head, record
from webhooks.audit.once_sealed import OnceSealed, once_sealed
from webhooks.audit.report import Anchor
from webhooks.audit.row_macs import HashedRow, first_mac, fixed_mac, read
from webhooks.audit.seal_format import MAX_ROWS, build_seal, ids_of, root_of, roots_digest
from webhooks.audit.seal_ranges import (
    in_range,
    newest_seal,
    open_ranges,
    seals_in_range,
)
from webhooks.audit.sealed_tables import SealedTable, tables
from webhooks.events import Clock
from webhooks.models import AuditEntry, AuditHead, Seal
from webhooks.models.audit import SYSTEM

logger = logging.getLogger("webhooks.audit")


def seal(*, now: datetime, actor: str = SYSTEM) -> int:
    """Seal what has been committed and is not sealed yet, and return the number of rows.

    Some thousand rows at a time are sealed in a transaction that locks the head: two that run at
    once seal nothing twice. Memory stays the same however many rows there are. The anchor is then
    logged, by which a later `audit verify --anchor` finds out if the end was cut off.
    """
    # Late rows first: where keys are still open is reckoned from the newest seal, which
    # sealing new rows moves.
    count = sum(_seal_late(table, now, actor) + _seal_new(table, now, actor) for table in tables())
    if count:
        logger.info("%s rows sealed; anchor %s", count, current_anchor())
    return count


def seal_until(stop: threading.Event, *, clock: Clock = timezone.now) -> None:
    """Seal every `AUDIT_SEAL_EVERY_MINUTES` until `stop` is set.

    Waits for a database that is away. Run it in a thread of its own: it closes its connection.
    """
    while (pause := conf.seal_every()) and not stop.is_set():
        try:
            seal(now=clock())
        except (Error, HeadLost):
            logger.exception("could not seal; trying again in %s", pause)
        # A pause of minutes is no reason to hold a connection. Tests run this in a transaction.
        if not connection.in_atomic_block:
            connection.close()
        stop.wait(pause.total_seconds())


def current_anchor() -> Anchor | None:
    """Return the end of the trail, to be kept elsewhere; None when nothing is on record."""
    head = AuditHead.objects.filter(pk=HEAD, sequence__gt=0).first()
    return Anchor(head.sequence, head.mac) if head else None


def sealed_up_to(now: datetime | None = None) -> datetime | None:
    """Return the time up to which everything is sealed; None when a table never was."""
    moments = [_sealed_up_to(table, now or timezone.now()) for table in tables()]
    return None if None in moments else min(filter(None, moments))


def _sealed_up_to(table: SealedTable, now: datetime) -> datetime | None:
    newest = newest_seal(table)
    if not table.rows.filter(pk__gt=newest.last if newest else 0).exists():
        return now
    return newest.sealed_at if newest else None


def commit(
    action: AuditEntry.Action,
    seals: Sequence[Seal],
    *,
    actor: str,
    now: datetime,
    subject: str = "",
    details: Mapping[str, Any] | None = None,
) -> AuditEntry:
    """Record an act together with its seals, in the caller's transaction; return the entry."""
    # Locked before the ids are given out, as they are hashed and must not collide.
    lock_head()
    key = keys.current()
    latest = Seal.objects.aggregate(latest=Max("id"))["latest"] or 0
    for number, one in enumerate(seals, latest + 1):
        one.id = number
        one.root = root_of(one, key)
    bound = {"seals": len(seals), "root": roots_digest([one.root for one in seals])}
    content = {**(details or {}), "sealed": bound} if seals else details
    entry = record(action, actor=actor, now=now, subject=subject, details=content)
    for one in seals:
        one.entry = entry.sequence
        one.save()
    return entry


def _seal_new(table: SealedTable, now: datetime, actor: str) -> int:
    # Looked at first without the lock, so that an idle sealer holds up nobody who appends.
    if not _unsealed(table).exists():
        return 0
    total, once = 0, once_sealed(table)
    while count := _seal_next(table, once, now, actor):
        total += count
        if count < MAX_ROWS:
            break
    return total


@transaction.atomic
def _seal_next(table: SealedTable, once: OnceSealed, now: datetime, actor: str) -> int:
    lock_head()
    unsealed = once.leave_out_of(_unsealed(table))
    pks = list(unsealed.order_by("pk").values_list("pk", flat=True)[:MAX_ROWS])
    if not pks:
        return 0
    return _seal_rows(table, Seal.Kind.ROWS, unsealed.filter(pk__lte=pks[-1]), now, actor)


def _unsealed(table: SealedTable) -> Any:
    newest = newest_seal(table)
    return table.rows.filter(pk__gt=newest.last) if newest else table.rows


def _seal_rows(table: SealedTable, kind: Seal.Kind, rows: Any, now: datetime, actor: str) -> int:
    """Seal these rows, and return how many. The head must be locked: amendments then come later."""
    key = keys.current()
    ids: list[int] = []
    macs = bytearray()
    for row in read(table, rows, whole=False):
        if not isinstance(row, HashedRow):
            # Left out, so that a row somebody damaged keeps no others from being sealed.
            logger.error("%s %s can't be read, nor sealed: was it altered?", table.label, row)
            continue
        ids.append(row.pk)
        macs += fixed_mac(table, row, key) + first_mac(table, row, key)
    if not ids:
        return 0
    one = build_seal(kind, table.label, ids, bytes(macs), key=key, now=now)
    described = {"table": table.label, "kind": kind, "first": ids[0], "last": ids[-1]}
    commit(
        AuditEntry.Action.SEALED,
        [one],
        actor=actor,
        now=now,
        subject=table.label,
        details={**described, "count": len(ids)},
    )
    return len(ids)


def _seal_late(table: SealedTable, now: datetime, actor: str) -> int:
    """Seal rows that were committed after rows with higher keys had been sealed."""
    total = 0
    for lowest, one in open_ranges(table):
        while _late(table, lowest, one):
            with transaction.atomic():
                lock_head()
                late = _late(table, lowest, one)[:MAX_ROWS]
                rows = table.rows.filter(pk__in=late)
                count = _seal_rows(table, Seal.Kind.STRAGGLERS, rows, now, actor)
            total += count
            if not count:  # none of them can be read: they would come up for ever
                break
    return total


def _late(table: SealedTable, lowest: int | None, highest: int) -> list[int]:
    known: set[int] = set()
    for one in seals_in_range(table, lowest, highest):
        known.update(ids_of(one))
    there = in_range(table.rows, lowest, highest).order_by("pk").values_list("pk", flat=True)
    late = [pk for pk in there.iterator() if pk not in known]
    once = once_sealed(table) if late else ()
    return [pk for pk in late if pk not in once]
