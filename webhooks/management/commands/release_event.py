"""Free an event that somebody holds and does not finish."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import CommandError
from django.db import OperationalError
from django.utils import timezone

from webhooks.management.operator import system_user
from webhooks.management.recorded import RecordedCommand
from webhooks.models import WebhookEvent
from webhooks.processing.replay import release


class Command(RecordedCommand):
    on_record = ("event_id",)
    help = (
        "Free an event's lock in Redis and a worker's lease on it, and make it due at once if it "
        "is pending. Kept on record. Should the worker come back, it finds its claim void."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("event_id", metavar="EVENT_ID", help="the provider's id")
        parser.add_argument("--reason", default="", help="kept with the attempt that follows")

    def handle(self, *_: Any, **options: Any) -> None:
        events = WebhookEvent.objects.filter(event_id=options["event_id"])
        if not events:
            raise CommandError(f"There is no event {options['event_id']}.")
        for event in events:
            try:
                release(event, actor=system_user(), reason=options["reason"], now=timezone.now())
            except OperationalError as error:
                raise CommandError(
                    f"A worker is at work on {event.event_id} this very moment. "
                    "Wait for it, or stop that process first."
                ) from error
            self.stdout.write(f"{event} is free ({event.get_status_display().lower()})")
