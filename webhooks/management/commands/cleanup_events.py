"""Delete old payloads, and much older rows."""

from argparse import ArgumentParser
from datetime import timedelta
from typing import Any

from django.core.management.base import CommandError
from django.utils import timezone

from webhooks.alerts.retention import drop_old
from webhooks.intake import refusals
from webhooks.management.operator import system_user
from webhooks.management.recorded import RecordedCommand
from webhooks.privacy import retention
from webhooks.privacy.retention import CleanedUp
from webhooks.providers import refusing_old


class Command(RecordedCommand):
    on_record = ("payload_days", "row_days", "batch_size")
    help = (
        "Delete the payloads of events that were processed or ignored, and much later their rows: "
        "a row without its payload still makes a late delivery of the event a duplicate. Pending "
        "and failed events are kept, and so is what was altered in the database. Records of "
        "refused deliveries, and alerts that were resolved, are deleted after 90 days. Safe to "
        "interrupt and to run again; once a day is enough."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--payload-days",
            type=int,
            default=90,
            metavar="DAYS",
            help="delete the payloads of events received more than DAYS days ago (default: 90)",
        )
        parser.add_argument(
            "--row-days",
            type=int,
            default=400,
            metavar="DAYS",
            help="delete the rows of events received more than DAYS days ago (default: 400; at "
            "least 31, as a provider may send an event again for 30 days)",
        )
        parser.add_argument(
            "--batch-size",
            type=int,
            default=1000,
            metavar="N",
            help="number of events per transaction (default: 1000)",
        )
        parser.add_argument("--dry-run", action="store_true", help="only print how many")

    def handle(self, *_: Any, **options: Any) -> None:
        try:
            done = retention.cleanup(
                payloads_older_than=timedelta(days=options["payload_days"]),
                rows_older_than=timedelta(days=options["row_days"]),
                rows_of=refusing_old(),
                actor=system_user(),
                now=timezone.now(),
                batch_size=options["batch_size"],
                dry_run=options["dry_run"],
                progress=self._progress if self.stderr.isatty() else lambda _: None,
            )
        # The verb knows which ages are safe, so that no caller can go below them.
        except ValueError as error:
            raise CommandError(f"--payload-days, --row-days, --batch-size: {error}.") from error
        would = "would be " if options["dry_run"] else ""
        self.stdout.write(
            f"{done.payloads} payloads {would}dropped, {done.rows} rows {would}deleted"
        )
        altered = len(done.altered)
        if not options["dry_run"]:
            altered += len(refusals.trim(now=timezone.now(), actor=system_user()).altered)
            drop_old(now=timezone.now())
        if altered:
            raise CommandError(
                f"{altered} rows were kept: they, or attempts at them, are not as they were "
                "recorded. See `manage.py audit verify`."
            )

    # On a terminal only: in a log, carriage returns would make one endless line.
    def _progress(self, so_far: CleanedUp) -> None:
        self.stderr.write(f"\r{so_far.payloads} payloads, {so_far.rows} rows", ending="")
