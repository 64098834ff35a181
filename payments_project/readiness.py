"""Whether this process can take deliveries, and what else it misses; asked once for all probes."""

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final

from django.conf import settings
from django.core.cache import cache
from django.db import Error, connection

from payments_project.celery import app as celery_app
from webhooks.database.migrations import unapplied
from webhooks.outages import BROKER_OUTAGE, REDIS_OUTAGE

FRESH_SECONDS: Final = 5.0
"""The time for which an outcome is told again, so that probes cost no more for being many."""

HUNG_SECONDS: Final = 10.0
"""The time after which whoever is asking is taken for hung, and the last outcome for nothing."""

BROKER_SECONDS: Final = 2


@dataclass(frozen=True, slots=True)
class Readiness:
    """The state of each part, `ok` or `failing`; of none before the first outcome."""

    parts: Mapping[str, str] = field(default_factory=dict)

    @property
    def is_ready(self) -> bool:
        """True when deliveries can be taken."""
        return all(self.parts.get(name) == "ok" for name in NEEDED)

    @property
    def status(self) -> str:
        """`ready`, `degraded` where only what deliveries don't need is missing, or `not ready`."""
        if not self.is_ready:
            return "not ready"
        return "ready" if set(self.parts.values()) == {"ok"} else "degraded"


class Probe:
    """Asks every part, one caller at a time, and remembers the outcome."""

    def __init__(self) -> None:
        self._asking = threading.Lock()
        self.reset()

    def reset(self) -> None:
        """Forget the outcome."""
        self._last, self._fresh_until = Readiness(), 0.0
        self._asking_since: float | None = None

    def __call__(self) -> Readiness:
        # Nobody waits for another's question: a hung broker would hold every thread that probes,
        # and deliveries need them.
        if time.monotonic() >= self._fresh_until and self._asking.acquire(blocking=False):
            self._asking_since = time.monotonic()
            try:
                for name, is_ok in PARTS.items():
                    state = "ok" if is_ok() else "failing"
                    # Told at once: what deliveries need comes first, and a new process must not
                    # be without an outcome until a hung broker has been given up.
                    self._last = Readiness({**self._last.parts, name: state})
                self._fresh_until = time.monotonic() + FRESH_SECONDS
            finally:
                self._asking_since = None
                self._asking.release()
        # A database that hangs keeps whoever asks it; the others must not go on saying that all
        # is well.
        since = self._asking_since
        is_hung = since is not None and time.monotonic() - since >= HUNG_SECONDS
        return Readiness() if is_hung else self._last


def _database() -> bool:
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except Error:
        # Connections are kept: a dead one would fail the next question too.
        connection.close()
        return False
    return True


def _migrations() -> bool:
    try:
        return not unapplied()
    except Error:
        return False


def _cache() -> bool:
    try:
        # Written, too: a Redis that is full or a replica still answers whoever only reads.
        cache.set("readyz", "ok", timeout=10)
        return bool(cache.get("readyz") == "ok")
    except REDIS_OUTAGE:
        return False


def _broker() -> bool:
    if not settings.CELERY_BROKER_URL:
        return True
    try:
        # Bounded: left to itself, kombu tries for ever, and so would whoever probes.
        with celery_app.connection_for_write() as broker:
            broker.ensure_connection(max_retries=1, timeout=BROKER_SECONDS)
    except BROKER_OUTAGE:
        return False
    return True


NEEDED: Final[Mapping[str, Callable[[], bool]]] = {
    "database": _database,
    "migrations": _migrations,
}
"""The parts without which no delivery can be recorded."""

PARTS: Final[Mapping[str, Callable[[], bool]]] = {**NEEDED, "cache": _cache, "broker": _broker}

readiness: Final = Probe()
"""This process's own."""
