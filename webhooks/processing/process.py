"""From a recorded event to its effects, exactly once."""

import logging
import random
import time
from dataclasses import replace
from datetime import datetime

from django.db import transaction

from webhooks import conf, row_statements
from webhooks.events import Event
from webhooks.exceptions import PermanentFailure
from webhooks.models import Attempt, WebhookEvent
from webhooks.monitoring import metrics, request_ids, traces
from webhooks.monitoring.log_lines import Line
from webhooks.privacy import suppression
from webhooks.processing.claims import Claim
from webhooks.processing.errors import describe, textless, trace
from webhooks.processing.handlers import HandlerRun
from webhooks.signals import event_received

logger = logging.getLogger(__name__)

SETTLING = (
    *("attempts", "available_at", "schedule_start", "lost_leases", "succeeded", "replay"),
    *("erased_at", "provider", "event_id", "endpoint", "type"),
)
SETTLED = (
    "status",
    "available_at",
    "settled_at",
    "claimed_at",
    "lost_leases",
    "succeeded",
    "last_error",
    "replay",
)

MAX_PREPARATIONS = 5
"""The most times that handlers may ask to be prepared in one attempt."""

_STATUS_AFTER = {
    Attempt.Outcome.PROCESSED: WebhookEvent.Status.PROCESSED,
    Attempt.Outcome.IGNORED: WebhookEvent.Status.IGNORED,
    Attempt.Outcome.RETRYING: WebhookEvent.Status.PENDING,
    Attempt.Outcome.FAILED: WebhookEvent.Status.FAILED,
}


def process(claim: Claim, *, now: datetime, event: Event | None = None) -> Attempt | None:
    """Run the handlers of a claimed event and settle it, all in one transaction.

    Whoever has the event at hand gives it, and spares the database from fetching its body.

    A handler's failure is part of the attempt that is returned, never raised. None means that
    the claim no longer holds: its lease ran out and another has taken the event.
    Raises `django.db.Error` when the database fails; the event then waits for its lease to end.
    """
    # Whoever follows a delivery through the log finds its attempts, in whatever process they are.
    brought_by = claim.row.request_id if claim.row else ""
    with request_ids.within(brought_by or request_ids.current()), traces.attempting():
        return _process(claim, now, event)


def _process(claim: Claim, now: datetime, event: Event | None) -> Attempt | None:
    started = time.perf_counter()
    try:
        result = _attempt(claim, event, now, started)
    except Exception as error:
        # Not a handler's failure but an observer's, or one that showed only at the commit:
        # everything is undone, and the attempt is settled by itself.
        logger.exception("the attempt at event %s was undone", claim.pk, exc_info=textless(error))
        result = HandlerRun([], errors=[error])
    attempt = (
        _settle_failure(claim, result, now, started) if isinstance(result, HandlerRun) else result
    )
    if attempt:
        seconds = time.perf_counter() - started
        metrics.attempted(attempt.outcome, seconds, attempt.handlers)
        _tell(attempt, seconds)
    return attempt


def _tell(attempt: Attempt, seconds: float) -> None:
    event = attempt.event
    failed = [each["name"] for each in attempt.handlers if each["outcome"] == "failed"]
    line = Line(
        "attempt",
        outcome=attempt.outcome,
        event_id=event.event_id,
        type=event.type,
        endpoint=event.endpoint,
        provider=event.provider,
        attempt=attempt.number,
        trigger=attempt.trigger,
        failed=",".join(failed),
        ms=round(seconds * 1000, 2),
    )
    is_done = attempt.outcome in (Attempt.Outcome.PROCESSED, Attempt.Outcome.IGNORED)
    logger.log(logging.INFO if is_done else logging.WARNING, line)
    traces.annotate(line, is_error=not is_done)


def _attempt(
    claim: Claim, event: Event | None, now: datetime, started: float
) -> Attempt | HandlerRun | None:
    """Run the handlers and settle. Return a failed run where that is still to be settled.

    None when the claim no longer holds.
    """
    event = event or claim.event()
    if suppression.suppress(claim.pk, event, now=now):
        event = None  # it holds what may no longer be known: what is left is in the row
    run, preparations = HandlerRun([]), 0
    while True:
        # What handlers asked for in the round before, done outside any transaction.
        failure = _prepare(run, is_last=preparations > MAX_PREPARATIONS)
        if failure.errors:
            return failure
        with transaction.atomic():
            row = _lock(claim, event)
            if row is None:
                return None
            run = _run_handlers(row, event, preparations)
            if not run.unprepared:
                return _settle(row, claim, run, now, started)
            # Handlers that succeeded run again: all that one attempt does is committed together.
            transaction.set_rollback(True)
        preparations += 1


def _prepare(run: HandlerRun, *, is_last: bool) -> HandlerRun:
    """Do what handlers asked for, outside any transaction; return a run with what failed."""
    failure = HandlerRun([])
    for name, request in run.unprepared.items():
        if is_last:
            failure.fail(name, RuntimeError(f"still not prepared after {MAX_PREPARATIONS} times"))
            continue
        try:
            request.prepare()
        except Exception as error:
            # A handler's failure as any other: recorded, and retried.
            logger.exception("%s could not be prepared", name, exc_info=textless(error))
            failure.fail(name, error)
    return failure


def _settle_failure(
    claim: Claim, failure: HandlerRun, now: datetime, started: float
) -> Attempt | None:
    with transaction.atomic():
        row = _locked(claim, SETTLING)
        if row is None:
            return None
        if row.erased_at:
            failure.erase_texts()
        failure.succeeded = list(row.succeeded)
        return _settle(row, claim, failure, now, started)


def _lock(claim: Claim, event: Event | None) -> WebhookEvent | None:
    """Return the claimed row, locked; all of it where handlers need what is in it."""
    row = _locked(claim, SETTLING if event else ())
    # Erased since the event was read: the row has what is left of it.
    return _locked(claim, ()) if row and row.erased_at and event else row


def _locked(claim: Claim, names: tuple[str, ...]) -> WebhookEvent | None:
    mine = {
        "pk": claim.pk,
        "attempts": claim.attempt,
        "status": WebhookEvent.Status.PENDING,
    }
    return row_statements.locked(WebhookEvent, mine, names)


def _run_handlers(row: WebhookEvent, event: Event | None, preparations: int) -> HandlerRun:
    run = HandlerRun(succeeded=list(row.succeeded))
    if row.erased_at:
        event = None  # an erasure that began after the claim has rewritten what it was read from
    # Whatever it does to workers, it is done to no further one.
    if row.lost_leases >= conf.max_lost_leases():
        run.errors.append(
            PermanentFailure(
                f"{row.lost_leases} workers took this event and were not heard of again. "
                "Find out what it does to them before it is re-run."
            )
        )
    elif event is None and row.body is None:
        run.errors.append(PermanentFailure("The payload has been cleaned up."))
    else:
        event = event or row.as_event()
        if preparations:
            event = replace(event, preparations=preparations)
        event_received.send(sender=WebhookEvent, event=event, run=run)
    return run


def _settle(
    row: WebhookEvent, claim: Claim, run: HandlerRun, now: datetime, started: float
) -> Attempt:
    handlers, error = run.as_json(), trace(run.errors)
    row.last_error = describe(run.errors[0]) if run.errors else ""
    outcome = Attempt.Outcome.PROCESSED if run.outcomes else Attempt.Outcome.IGNORED
    if run.errors:
        outcome = Attempt.Outcome.FAILED
        delay = conf.retry_policy().delay(row.attempts - row.schedule_start, random.random())  # noqa: S311
        if delay is not None and not run.gave_up:
            outcome = Attempt.Outcome.RETRYING
            row.available_at = now + delay
    attempt = Attempt(
        event=row,
        number=claim.attempt,
        trigger=row.replay.trigger if row.replay else claim.trigger,
        replay=row.replay,
        started_at=now,
        duration_ms=round((time.perf_counter() - started) * 1000, 2),
        outcome=outcome,
        handlers=handlers,
        error=error,
    )
    # In the handlers' transaction: what they did and that they did it are committed as one.
    row.status = _STATUS_AFTER[outcome]
    row.settled_at = None if outcome is Attempt.Outcome.RETRYING else now
    row.claimed_at = None
    row.lost_leases = 0
    row.succeeded = run.succeeded
    row.replay = None
    row_statements.update(row, SETTLED)
    row_statements.insert(attempt)
    return attempt
