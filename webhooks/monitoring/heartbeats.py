"""Heartbeats: when a Celery worker, beat and a loop of `process_events` were last seen at work."""

import logging
import socket
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Final

from django.db import Error

from webhooks import conf
from webhooks.conf import Processing
from webhooks.models import Heartbeat

logger = logging.getLogger(__name__)

Kind = Heartbeat.Kind

WRITTEN_EVERY: Final = timedelta(seconds=10)
"""The time for which a process that was seen need not be seen again."""

EXPECTED: Final[Mapping[Processing, tuple[Kind, ...]]] = {
    Processing.REQUEST: (),
    Processing.LOOP: (Kind.LOOP,),
    Processing.CELERY: (Kind.WORKER, Kind.BEAT),
}

_written: Final[dict[Kind, datetime]] = {}
_looking: Final[list[datetime]] = []


def seen(kind: Kind, *, now: datetime) -> None:
    """Note that a process of a kind is at work. It may be called at every turn, and never fails."""
    written = _written.get(kind)
    # Whichever way the clock was set since, a heartbeat must not wait for it.
    if written is not None and abs(now - written) < WRITTEN_EVERY:
        return
    _written[kind] = now
    row = Heartbeat(kind=kind, seen_at=now, host=socket.gethostname()[:64])
    try:
        # One statement: two processes that are the first of their kind must not collide.
        Heartbeat.objects.bulk_create(
            [row],
            update_conflicts=True,
            unique_fields=["kind"],
            update_fields=["seen_at", "host"],
        )
    except Error as error:
        # The work itself will tell of a database that is away, and says more.
        logger.warning("a heartbeat was not written: %s", type(error).__name__)


def last_seen() -> dict[Kind, datetime]:
    """Return when each kind of process was last seen, to about ten seconds; none that never was."""
    return {Kind(row.kind): row.seen_at for row in Heartbeat.objects.all()}


def looking_since(now: datetime) -> datetime:
    """Return since when this process has been looking: what it missed may not have begun yet."""
    if not _looking:
        _looking.append(now)
    return _looking[0]


def expected() -> tuple[Kind, ...]:
    """Return the kinds of processes that `WEBHOOK_PROCESSING` needs."""
    return EXPECTED[conf.processing()]


def reset() -> None:
    """Begin as a process that has not been seen yet, nor looked at others."""
    _written.clear()
    _looking.clear()
