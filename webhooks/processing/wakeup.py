"""Telling workers that there is work. A wake-up call and no more: the work is in the database.

Publishing a message costs about as much as accepting an event does, so calls are made from a
thread of their own, and those of a moment are one. A call that is lost, or a broker that is away,
delays an event until the next sweep.
"""

import logging
import os
import threading
import time

from celery import current_app

from webhooks.outages import BROKER_OUTAGE, reason

logger = logging.getLogger(__name__)

DRAIN = "webhooks.drain"

MOMENT_SECONDS = 0.05
"""One call at most is made in this time, by each process."""

RECOVERY_SECONDS = 2.0
"""The time for which a broker that did not answer is left alone."""

CALL_EXPIRES_SECONDS = 30
"""Nobody needs to hear a call that is this old: a sweep has been there since."""


class Waker:
    """Makes the calls of one process."""

    def __init__(self) -> None:
        self.pid = os.getpid()
        self.called = threading.Event()
        threading.Thread(target=self._call_for_ever, name="webhooks-waker", daemon=True).start()

    def _call_for_ever(self) -> None:
        while self.called.wait():
            # Cleared before the call: what comes in during it is worth another one.
            self.called.clear()
            try:
                # Not retried by Celery: the next call, or the sweep, does as well.
                current_app.send_task(DRAIN, retry=False, expires=CALL_EXPIRES_SECONDS)
                time.sleep(MOMENT_SECONDS)
            except BROKER_OUTAGE as error:
                told = reason(error)
                logger.warning("no broker to call the workers with, the sweep will do: %s", told)
                time.sleep(RECOVERY_SECONDS)


_waker: Waker | None = None
_starting = threading.Lock()


def wake() -> None:
    """See to it that workers look for work. Returns at once, and never fails."""
    global _waker
    if _waker is None or _waker.pid != os.getpid():  # a thread does not survive a fork
        with _starting:
            if _waker is None or _waker.pid != os.getpid():
                _waker = Waker()
    _waker.called.set()
