"""Delete expired idempotency keys."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import CommandError
from django.utils import timezone

from billing.idempotency.expiry import clean_up
from webhooks.management.recorded import RecordedCommand


class Command(RecordedCommand):
    on_record = ("batch_size",)
    help = (
        "Delete expired idempotency keys: those of calls to Stripe and those of requests to the "
        "API. Nothing changes for callers, as an expired key counts as absent. Safe to interrupt "
        "and to run again; once a day is enough, and Celery beat does it daily."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--batch-size",
            type=int,
            default=1000,
            metavar="N",
            help="number of keys per transaction (default: 1000)",
        )
        parser.add_argument("--dry-run", action="store_true", help="only print how many")

    def handle(self, *_: Any, **options: Any) -> None:
        try:
            done = clean_up(
                now=timezone.now(),
                batch_size=options["batch_size"],
                dry_run=options["dry_run"],
                progress=self._progress if self.stderr.isatty() else lambda _: None,
            )
        # The limits of a batch are the verb's, for the scheduled clean-up has them as well.
        except ValueError as error:
            raise CommandError(f"--batch-size: {error}.") from error
        would = "would be " if options["dry_run"] else ""
        self.stdout.write(f"{done} keys {would}deleted")

    # On a terminal only: in a log, carriage returns would make one endless line.
    def _progress(self, so_far: int) -> None:
        self.stderr.write(f"\r{so_far} keys", ending="")
