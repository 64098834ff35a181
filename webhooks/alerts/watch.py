"""Evaluating and telling, again and again: by workers, loops, and the servers themselves.

Servers do too, as nobody else would notice that the workers and beat are gone.
"""

import logging
import threading
from typing import Final

from django.db import connection
from django.utils import timezone

from webhooks.alerts import outbox
from webhooks.alerts.evaluation import INTERVAL, evaluate
from webhooks.events import Clock
from webhooks.processing.errors import textless

logger = logging.getLogger(__name__)


def watch_once(*, clock: Clock = timezone.now) -> None:
    """Evaluate if it is time, and send what is to be sent."""
    evaluate(clock=clock)
    outbox.deliver(clock=clock)


def watch_until(stop: threading.Event) -> None:
    """Watch until `stop` is set, whatever fails. For a thread of its own: it keeps no connection.

    It begins with a pause: a process that has just begun has seen nothing yet.
    """
    while not stop.wait(INTERVAL.total_seconds()):
        try:
            watch_once()
        # Nobody would hear that nobody watches any more.
        except Exception as error:
            logger.exception("alerts could not be evaluated", exc_info=textless(error))
        finally:
            connection.close()


def start_watching() -> None:
    """Watch for as long as this process lives; it ends without waiting for the watch."""
    never: Final = threading.Event()
    threading.Thread(target=watch_until, args=[never], name="webhooks-alerts", daemon=True).start()
