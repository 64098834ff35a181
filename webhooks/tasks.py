"""What Celery workers do: look for work."""

from celery import shared_task

from webhooks import processing, wakeup

TURN_SECONDS = 20.0
"""After so long a worker passes the work on, so that a long backlog is no long task."""


@shared_task(name=wakeup.DRAIN)
def drain() -> None:
    """Process what is due. Harmless to run too often, twice at once, or not at all."""
    if processing.sweep_for(TURN_SECONDS):
        wakeup.wake()
