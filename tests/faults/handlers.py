"""Handlers whose runs can be counted, and handlers that do their worker harm."""

import os
import resource
import signal

from django.db import connection

from tests.faults import points
from webhooks.events import Event
from webhooks.signals import on


@on("stripe", "refund.*")
def leave_a_row(event: Event) -> None:
    """Have an effect, one that shows."""
    with connection.cursor() as cursor:
        cursor.execute("INSERT INTO faults_effect (event_id) VALUES (%s)", [event.id])
    points.reach(points.HANDLING)


@on("stripe", "fault.hang")
def hang(event: Event) -> None:
    """Never come back."""
    while True:
        signal.pause()


@on("stripe", "fault.exit")
def leave(event: Event) -> None:
    """Take the process along."""
    os._exit(1)


@on("stripe", "fault.exhaust")
def exhaust(event: Event) -> None:
    """Ask for more memory than there is."""
    limits = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, (1 << 32, limits[1]))
    try:
        bytearray(1 << 33)
    finally:
        resource.setrlimit(resource.RLIMIT_AS, limits)
