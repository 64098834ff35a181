"""Release an event that a worker holds and does not finish."""

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
        "Release an event that a worker or a delivery holds and does not finish: its lock in Redis "
        "and its lease are ended, and it is due at once if it is pending. Should the worker come "
        "back, its claim is void, so the event is still processed once. Where nobody holds it, "
        "nothing is changed, and it is said so. Exit status 1 when there is no such event, or when "
        "it is being processed at this moment."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("event_id", metavar="EVENT_ID", help="the provider's id, evt_...")
        parser.add_argument("--reason", default="", help="why; kept with the next attempt")

    def handle(self, *_: Any, **options: Any) -> None:
        events = WebhookEvent.objects.filter(event_id=options["event_id"])
        if not events:
            raise CommandError(f"There is no event {options['event_id']}.")
        # The same id may come from several providers.
        for event in events:
            try:
                was_pending = release(
                    event, actor=system_user(), reason=options["reason"], now=timezone.now()
                )
            # The row is locked, so a handler is running: its claim must not be taken meanwhile.
            except OperationalError as error:
                raise CommandError(
                    f"A worker is processing {event.event_id} at this moment. "
                    "Wait for it, or stop that process first."
                ) from error
            status = event.get_status_display().lower()
            # No failure: it is nobody's, as was asked for, and the command may be repeated.
            told = f"is released ({status})" if was_pending else f"was held by nobody ({status})"
            self.stdout.write(f"{event} {told}")
