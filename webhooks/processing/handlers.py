"""Running the handlers of one attempt, each in a savepoint, each with its outcome."""

import logging
import time
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from django.db import DatabaseError, transaction

from webhooks.events import Event
from webhooks.exceptions import PermanentFailure, Unprepared
from webhooks.monitoring import traces
from webhooks.privacy.redaction import ERASED
from webhooks.processing.errors import describe, textless
from webhooks.signals import Handler

logger = logging.getLogger(__name__)

CONFLICTS = ("40001", "40P01", "23505")
"""PostgreSQL's codes for a serialization failure, a deadlock, and a row that another was faster
to insert: nobody's fault, so the handler is run again at once.
https://www.postgresql.org/docs/current/errcodes-appendix.html"""

MAX_CONFLICTS = 4


@dataclass(frozen=True, slots=True)
class HandlerOutcome:
    """One handler's outcome: `succeeded`, `failed`, or `skipped` for having succeeded before."""

    name: str
    outcome: str
    ms: float = 0.0
    error: str = ""


@dataclass(slots=True)
class HandlerRun:
    """The `run` of the signal: called once per subscribed handler.

    `succeeded` names the handlers that need not run again; those that succeed now are added.
    """

    succeeded: list[str]
    outcomes: list[HandlerOutcome] = field(default_factory=list)
    errors: list[Exception] = field(default_factory=list)
    unprepared: dict[str, Unprepared] = field(default_factory=dict)

    def __call__(self, name: str, handler: Handler, event: Event) -> None:
        # Named, not counted: handlers may be added and reordered between attempts.
        if name in self.succeeded:
            self.outcomes.append(HandlerOutcome(name, "skipped"))
            return
        started = time.perf_counter()
        try:
            with traces.handling(name):
                _run_in_savepoint(handler, event)
        except Unprepared as request:
            # No failure: what it asks for can't be done while the row is locked.
            self.unprepared[name] = request
        except Exception as error:
            # Whatever a handler raises is its failure: recorded, and retried.
            logger.exception(
                "%s failed on %s %s", name, event.type, event.id, exc_info=textless(error)
            )
            self.fail(name, error, _since(started))
        else:
            self.succeeded.append(name)
            self.outcomes.append(HandlerOutcome(name, "succeeded", _since(started)))

    def fail(self, name: str, error: Exception, ms: float = 0.0) -> None:
        """Put a handler's failure on record."""
        self.errors.append(error)
        self.outcomes.append(HandlerOutcome(name, "failed", ms, describe(error)))

    def erase_texts(self) -> None:
        """Keep of what went wrong its kind alone."""
        # A permanent failure stays one, or the attempt would be retried.
        self.errors = [
            (PermanentFailure if isinstance(error, PermanentFailure) else RuntimeError)(
                f"{type(error).__name__} {ERASED}"
            )
            for error in self.errors
        ]
        self.outcomes = [replace(one, error=ERASED if one.error else "") for one in self.outcomes]

    @property
    def gave_up(self) -> bool:
        """True when a handler says that no further attempt can help."""
        return any(isinstance(error, PermanentFailure) for error in self.errors)

    def as_json(self) -> list[dict[str, Any]]:
        """Return the outcomes as an attempt keeps them."""
        return [asdict(outcome) for outcome in self.outcomes]


def _run_in_savepoint(handler: Handler, event: Event) -> None:
    for conflicts_left in reversed(range(MAX_CONFLICTS)):
        try:
            # A savepoint: what this handler wrote goes with its failure, the others' stays.
            with transaction.atomic():
                handler(event)
        except DatabaseError as error:
            # At once: a wait would hold the row's lock, and the schedule is for failures.
            if not conflicts_left or _sqlstate(error) not in CONFLICTS:
                raise
        else:
            return


def _sqlstate(error: DatabaseError) -> str:
    return getattr(error.__cause__, "sqlstate", None) or ""


def _since(started: float) -> float:
    return round((time.perf_counter() - started) * 1000, 2)
