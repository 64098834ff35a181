"""Processes what is due: once, for a while, or until told to stop."""

import logging
import threading
from collections import deque
from collections.abc import Generator, Iterator
from contextlib import closing
from datetime import timedelta

from django.db import Error, connection
from django.utils import timezone

from webhooks import conf
from webhooks.events import Clock
from webhooks.models import Attempt
from webhooks.monitoring import heartbeats
from webhooks.monitoring.heartbeats import Kind
from webhooks.processing.claims import claim_due, release
from webhooks.processing.errors import textless
from webhooks.processing.process import process

logger = logging.getLogger(__name__)


BATCH = 10
"""The number of events claimed at a time: a claim costs as much for one as for a few."""


def sweep(*, clock: Clock = timezone.now) -> Generator[Attempt]:
    """Process what is due, one event after another, until nothing is.

    Whoever stops listening gives back what was taken and not begun.
    """
    while taken := deque(claim_due(BATCH, now=clock())):
        lease_ends = clock() + conf.lease()
        try:
            # Past the lease another may have taken the rest.
            while taken and clock() < lease_ends:
                attempt = process(taken.popleft(), now=clock())
                if attempt is not None:
                    yield attempt
        finally:
            release(taken, now=clock())


def sweep_for(seconds: float, *, clock: Clock = timezone.now) -> bool:
    """Process what is due for about so many seconds; True when there may be more."""
    end = clock() + timedelta(seconds=seconds)
    # Closed at once, so that what was claimed and not begun is given back now.
    with closing(sweep(clock=clock)) as attempts:
        return any(clock() >= end for _ in attempts)


def sweep_until(
    stop: threading.Event, *, poll_seconds: float, clock: Clock = timezone.now
) -> Iterator[Attempt]:
    """Process what is due, and what comes due, until `stop` is set.

    A database that is away is waited for.
    """
    while not stop.is_set():
        try:
            heartbeats.seen(Kind.LOOP, now=clock())
            with closing(sweep(clock=clock)) as attempts:
                for attempt in attempts:
                    yield attempt
                    if stop.is_set():
                        return
                    heartbeats.seen(Kind.LOOP, now=clock())
        except Error as error:
            logger.exception(
                "the database failed; trying again in %s s", poll_seconds, exc_info=textless(error)
            )
            # It may be dead, and nothing else in this loop would notice.
            connection.close()
        stop.wait(poll_seconds)
