"""Process the events that are due, once or for ever."""

import signal
import threading
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import CommandError
from django.db import Error

from webhooks import audit, conf
from webhooks.alerts.watch import watch_until
from webhooks.management.recorded import RecordedCommand
from webhooks.models import Attempt
from webhooks.processing.sweep import sweep, sweep_until

SEALING_MAY_TAKE_SECONDS = 5

SUCCESSFUL = (Attempt.Outcome.PROCESSED, Attempt.Outcome.IGNORED)


class Command(RecordedCommand):
    on_record = ("loop",)
    help = (
        "Process the events that are due: new ones, retries whose time has come, and those that a "
        "lost worker left unfinished. Any number of these commands may run at the same time. By "
        "default each due event is processed once, with exit status 1 when one did not succeed. "
        "With --loop it goes on until SIGTERM or Ctrl-C, then finishes the event in hand; it also "
        "seals the audit trail every AUDIT_SEAL_EVERY_MINUTES, unless Celery beat does, and "
        "evaluates alerts."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--loop", action="store_true", help="keep running, and process events as they come due"
        )
        parser.add_argument(
            "--poll-seconds",
            type=float,
            default=1.0,
            metavar="SECONDS",
            help="with --loop: seconds to wait when nothing is due (default: 1)",
        )

    def put_on_record(self, options: dict[str, Any]) -> None:
        try:
            super().put_on_record(options)
        except Error as error:
            # The loop waits for a database that is away, and must not die of it at its start.
            if not options["loop"]:
                raise
            self.stderr.write(f"the start could not be put on record: {type(error).__name__}")

    def handle(self, *_: Any, **options: Any) -> None:
        if options["loop"]:
            self._loop(options["poll_seconds"])
            return
        processed = failed = 0
        for attempt in sweep():
            self._print(attempt)
            processed += 1
            failed += attempt.outcome not in SUCCESSFUL
        self.stdout.write(f"{processed} processed, {failed} of them without success")
        if failed:
            raise CommandError(f"{failed} events did not succeed; the admin shows why.")

    def _loop(self, poll_seconds: float) -> None:
        stop = threading.Event()
        # Finishing the event in hand leaves no lease that others must wait out.
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: stop.set())
        # A thread of its own, so that sealing many rows holds up no event.
        sealer = threading.Thread(target=audit.seal_until, args=[stop], daemon=True)
        # With Celery, beat schedules the sealing.
        if conf.processing() is not conf.Processing.CELERY:
            sealer.start()
        threading.Thread(target=watch_until, args=[stop], daemon=True).start()
        for attempt in sweep_until(stop, poll_seconds=poll_seconds):
            self._print(attempt)
        if sealer.is_alive():
            # A transaction that takes longer is rolled back, and its rows are sealed next time.
            sealer.join(SEALING_MAY_TAKE_SECONDS)

    def _print(self, attempt: Attempt) -> None:
        event = attempt.event
        self.stdout.write(
            f"{attempt.outcome} {event.type} {event.event_id} "
            f"(attempt {attempt.number}, {attempt.duration_ms} ms) {event.last_error}".rstrip()
        )
