"""Answers to events whose sender waits for one, within its time, the same for each delivery."""

import logging
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict, dataclass
from datetime import datetime
from queue import Empty, Queue
from threading import BoundedSemaphore, Thread
from typing import Final

from django.db import Error, IntegrityError, connections

from webhooks.events import Event
from webhooks.exceptions import Declined, StorageUnavailable
from webhooks.models import Attempt, Trigger
from webhooks.processing.errors import textless
from webhooks.processing.handlers import HandlerOutcome
from webhooks.signals import Handler, answering

logger = logging.getLogger(__name__)

DEADLINE_SECONDS: Final = 8.0
"""Telegram gives up after ten, and the answer has a way to go."""

MOST_AT_ONCE: Final = 64
"""The most functions that may be at work, or hang, in one process: each keeps a thread."""

NUMBER: Final = 0
"""The number of the attempt that is an answer: there is one for each event."""

NOBODY: Final = "This can't be paid here at the moment."
NOT_NOW: Final = "This can't be paid at the moment. Please try again."

_at_work: Final = BoundedSemaphore(MOST_AT_ONCE)


@dataclass(frozen=True, slots=True)
class Answer:
    """How an event was answered: `declined` has what the payer is told, None if nothing is."""

    name: str
    outcome: str
    declined: str | None = None

    @classmethod
    def of(cls, attempt: Attempt) -> "Answer":
        """Return the answer that is on record."""
        [run] = attempt.handlers
        is_accepted = run["outcome"] == "accepted"
        return cls(run["name"], run["outcome"], None if is_accepted else run["error"])


def answer(event_pk: int, event: Event, *, began: float, now: datetime) -> Answer:
    """Return the answer to a recorded event, asking for it where it was not answered before.

    `began` is when the delivery came, by `time.monotonic`. What is returned is on record. Raises
    `StorageUnavailable` where it can't be.
    """
    try:
        if known := _on_record(event_pk):
            return known
        return _put_on_record(event_pk, _ask(event, began), now, time.monotonic() - began)
    except Error as error:
        logger.exception("event %s can't be answered", event.id, exc_info=textless(error))
        raise StorageUnavailable from error


def _on_record(event_pk: int) -> Answer | None:
    attempt = Attempt.objects.filter(event=event_pk, number=NUMBER).first()
    return Answer.of(attempt) if attempt else None


def _put_on_record(event_pk: int, given: Answer, now: datetime, seconds: float) -> Answer:
    ms = round(seconds * 1000, 2)
    run = HandlerOutcome(given.name, given.outcome, ms, given.declined or "")
    is_decided = given.outcome in ("accepted", "declined")
    try:
        Attempt.objects.create(
            event_id=event_pk,
            number=NUMBER,
            trigger=Trigger.ANSWER,
            started_at=now,
            duration_ms=ms,
            outcome=Attempt.Outcome.PROCESSED if is_decided else Attempt.Outcome.FAILED,
            handlers=[asdict(run)],
        )
    except IntegrityError:
        # Another delivery of it was faster: the payer must not be told two things.
        return _on_record(event_pk) or given
    return given


def _ask(event: Event, began: float) -> Answer:
    found = answering(event)
    if found is None:
        logger.error("%s of %s is declined: nobody answers it", event.type, event.provider)
        return Answer("", "declined", NOBODY)
    name, handler = found
    if not _at_work.acquire(blocking=False):
        logger.error("%s is not asked: %s of its kind are at work", name, MOST_AT_ONCE)
        return Answer(name, "late", NOT_NOW)
    told: Queue[Answer] = Queue(1)
    # Not one of a pool's, which an exiting process would wait for.
    Thread(target=_run, args=(name, handler, event, told.put), daemon=True).start()
    with suppress(Empty):
        return told.get(timeout=max(0.0, began + DEADLINE_SECONDS - time.monotonic()))
    logger.error("%s did not answer %s in time", name, event.id)
    return Answer(name, "late", NOT_NOW)


def _run(name: str, handler: Handler, event: Event, tell: Callable[[Answer], None]) -> None:
    given = Answer(name, "accepted")
    try:
        handler(event)
    except Declined as reason:
        given = Answer(name, "declined", str(reason) or NOBODY)
    except Exception as error:
        # Whatever it raises, the payer is told something, and on time.
        logger.exception("%s failed on %s", name, event.id, exc_info=textless(error))
        given = Answer(name, "failed", NOT_NOW)
    finally:
        tell(given)
        connections.close_all()
        _at_work.release()
