"""Delete idempotency keys whose lifetime is over."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import CommandError
from django.utils import timezone

from billing.idempotency import keys
from webhooks.management.recorded import RecordedCommand


class Command(RecordedCommand):
    on_record = ("batch_size",)
    help = (
        "Delete the idempotency keys whose lifetime is over, of calls to Stripe and of requests "
        "to the API alike. Nothing changes for callers: an expired key counts as absent. Safe to "
        "interrupt and to run again; once a day is enough."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--batch-size",
            type=int,
            default=1000,
            metavar="N",
            help="keys per transaction (default: 1000)",
        )
        parser.add_argument("--dry-run", action="store_true", help="only say how many")

    def handle(self, *_: Any, **options: Any) -> None:
        try:
            done = keys.clean_up(
                now=timezone.now(),
                batch_size=options["batch_size"],
                dry_run=options["dry_run"],
                progress=self._progress if self.stderr.isatty() else lambda _: None,
            )
        except ValueError as error:
            raise CommandError(f"--batch-size: {error}.") from error
        would = "would be " if options["dry_run"] else ""
        self.stdout.write(f"{done} keys {would}deleted")

    def _progress(self, so_far: int) -> None:
        self.stderr.write(f"\r{so_far} keys", ending="")
