"""Celery's tasks: look for work, and for what never came."""

import logging
from typing import Any

from celery import shared_task
from celery.signals import task_prerun
from django.utils import timezone

from webhooks import audit
from webhooks.alerts.watch import watch_once
from webhooks.exceptions import ProviderApiUnavailable
from webhooks.intake.reconcile import reconcile_on_schedule
from webhooks.monitoring import heartbeats
from webhooks.monitoring.heartbeats import Kind
from webhooks.processing import wakeup
from webhooks.processing.sweep import sweep_for

logger = logging.getLogger(__name__)

RECONCILE = "webhooks.reconcile"
SEAL = "webhooks.seal"
BEAT = "webhooks.beat"
WATCH = "webhooks.alerts"

LONGEST_SEALING_SECONDS = 3600

TURN_SECONDS = 20.0
"""After so long a worker passes the work on, so that a long backlog is no long task."""


@task_prerun.connect
def note_worker(**_: Any) -> None:
    """Have a worker seen as it begins a task, whatever the task is."""
    heartbeats.seen(Kind.WORKER, now=timezone.now())


# Names are given, not derived: messages of the release before must find their tasks.
@shared_task(name=wakeup.DRAIN)
def drain() -> None:
    """Process what is due. Harmless to run too often, twice at once, or not at all."""
    # Another message, not a longer task: the workers' time limit is for tasks that hang.
    if sweep_for(TURN_SECONDS):
        wakeup.wake()


# Acknowledged early: sealing a long backlog outlives what a broker waits before it sends a message
# again, and beat sends the next one anyway.
@shared_task(name=SEAL, acks_late=False, time_limit=LONGEST_SEALING_SECONDS)
def seal() -> None:
    """Seal what was recorded; cut short, the next one goes on from there."""
    audit.seal(now=timezone.now())


@shared_task(name=RECONCILE)
def reconcile() -> None:
    """Record what providers could not deliver; cut short, the next one goes on from there."""
    try:
        done = reconcile_on_schedule()
    except ProviderApiUnavailable as error:
        logger.warning("not reconciled, the next time will do: %s", error)
        return
    if recorded := sum(one.recorded for one in done):
        logger.warning("%s events had not reached us and were fetched", recorded)


@shared_task(name=BEAT)
def beat() -> None:
    """Have beat seen: nobody else sends this."""
    heartbeats.seen(Kind.BEAT, now=timezone.now())


@shared_task(name=WATCH)
def watch_alerts() -> None:
    """Evaluate alerts, and send what there is to tell."""
    watch_once()
