"""Process what is due, once or for ever."""

import signal
import threading
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import CommandError
from django.db import Error

from webhooks import audit, conf
from webhooks.management.recorded import RecordedCommand
from webhooks.models import Attempt
from webhooks.processing.sweep import sweep, sweep_until

SEALING_MAY_TAKE_SECONDS = 5

WELL = (Attempt.Outcome.PROCESSED, Attempt.Outcome.IGNORED)


class Command(RecordedCommand):
    on_record = ("loop",)
    help = (
        "Process the events that are due: new ones, retries whose time has come, and what a lost "
        "worker left behind. Any number may run at once. Once through by default, with exit "
        "status 1 when an event did not succeed; --loop goes on until SIGTERM or Ctrl-C and then "
        "finishes the event in hand."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--loop", action="store_true", help="go on as events come due")
        parser.add_argument(
            "--poll-seconds",
            type=float,
            default=1.0,
            metavar="S",
            help="with --loop: how long to wait when nothing is due (default: 1)",
        )

    def put_on_record(self, options: dict[str, Any]) -> None:
        try:
            super().put_on_record(options)
        except Error as error:
            # The loop waits for a database that is away, also when it starts.
            if not options["loop"]:
                raise
            self.stderr.write(f"the start could not be put on record: {type(error).__name__}")

    def handle(self, *_: Any, **options: Any) -> None:
        if options["loop"]:
            self._loop(options["poll_seconds"])
            return
        done = [self._tell(attempt) for attempt in sweep()]
        self.stdout.write(f"{len(done)} processed, {done.count(False)} of them without success")
        if not all(done):
            raise CommandError(f"{done.count(False)} events did not succeed; the admin tells why.")

    def _loop(self, poll_seconds: float) -> None:
        stop = threading.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: stop.set())
        sealer = threading.Thread(target=audit.seal_until, args=[stop], daemon=True)
        # Where there are Celery workers, beat has it done.
        if conf.processing() is not conf.Processing.CELERY:
            sealer.start()
        for attempt in sweep_until(stop, poll_seconds=poll_seconds):
            self._tell(attempt)
        if sealer.is_alive():
            # What it has begun is undone when it takes longer.
            sealer.join(SEALING_MAY_TAKE_SECONDS)

    def _tell(self, attempt: Attempt) -> bool:
        event = attempt.event
        self.stdout.write(
            f"{attempt.outcome} {event.type} {event.event_id} "
            f"(attempt {attempt.number}, {attempt.duration_ms} ms) {event.last_error}".rstrip()
        )
        return attempt.outcome in WELL
