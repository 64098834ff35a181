"""Process events again."""

import getpass
import os
from argparse import ArgumentParser
from datetime import UTC, datetime
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from webhooks import replays
from webhooks.models import Attempt, EventQuerySet, Trigger, WebhookEvent
from webhooks.replays import Replayed


class Command(BaseCommand):
    help = (
        "Make events due again, whatever their status: those named, or all that --status, --type, "
        "--since and --until choose together. Only handlers that have not succeeded yet run, "
        "unless --force. Where events are processed in the request, they are processed now; "
        "elsewhere the workers take them. Exit status 1 when one did not succeed."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("event_ids", nargs="*", metavar="EVENT_ID", help="the provider's ids")
        parser.add_argument("--status", choices=WebhookEvent.Status.values)
        parser.add_argument(
            "--type", metavar="PATTERN", help="an event type, * for any characters: 'invoice.*'"
        )
        parser.add_argument(
            "--since", type=_moment, metavar="TIME", help="received then or later (ISO 8601, UTC)"
        )
        parser.add_argument(
            "--until", type=_moment, metavar="TIME", help="received before then (ISO 8601, UTC)"
        )
        parser.add_argument(
            "--force", action="store_true", help="also run the handlers that have succeeded"
        )
        parser.add_argument("--reason", default="", help="kept with every attempt")
        parser.add_argument("--dry-run", action="store_true", help="only say what would be re-run")

    def handle(self, *_: Any, **options: Any) -> None:
        events = _chosen(options)
        chosen, able = events.count(), events.replayable().count()
        if chosen > able:
            self.stderr.write(f"{chosen - able} events have no payload any more and are left out")
        if options["dry_run"]:
            self.stdout.write(f"{able} events would be re-run")
            return
        done = replays.replay(
            events,
            trigger=Trigger.COMMAND,
            actor=_actor(),
            reason=options["reason"],
            force=options["force"],
            progress=self._progress if self.stderr.isatty() else lambda _: None,
        )
        failed = done.outcomes[Attempt.Outcome.FAILED] + done.outcomes[Attempt.Outcome.RETRYING]
        told = ", ".join(f"{count} {outcome}" for outcome, count in sorted(done.outcomes.items()))
        self.stdout.write(f"{done.queued} events re-run: {told or 'left to the workers'}")
        if failed:
            raise CommandError(f"{failed} events did not succeed; the admin tells why.")

    def _progress(self, so_far: Replayed) -> None:
        self.stderr.write(f"\r{so_far.queued} events", ending="")


def _actor() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a container's user may have no name
        return f"user {os.getuid()}"


def _chosen(options: dict[str, Any]) -> EventQuerySet:
    criteria = [options[name] for name in ("status", "type", "since", "until")]
    ids = set(options["event_ids"])
    if bool(ids) == any(criteria):
        raise CommandError(
            "Name events by their ids, or choose them by --status, --type, --since, --until."
        )
    if ids:
        events = WebhookEvent.objects.filter(event_id__in=ids)
        if unknown := ids.difference(events.values_list("event_id", flat=True)):
            raise CommandError(f"There is no event {', '.join(sorted(unknown))}.")
        return events
    events = WebhookEvent.objects.all()
    if options["status"]:
        events = events.filter(status=options["status"])
    if options["type"]:
        events = events.of_type(options["type"])
    if options["since"]:
        events = events.filter(received_at__gte=options["since"])
    if options["until"]:
        events = events.filter(received_at__lt=options["until"])
    return events


def _moment(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
