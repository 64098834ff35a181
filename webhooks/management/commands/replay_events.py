"""Process events again."""

from argparse import ArgumentParser
from datetime import UTC, datetime
from typing import Any

from django.core.management.base import CommandError
from django.utils import timezone

from webhooks.management.operator import system_user
from webhooks.management.recorded import RecordedCommand
from webhooks.models import Attempt, EventQuerySet, Replay, Trigger, WebhookEvent
from webhooks.processing.replay import Replayed, is_on_record, replay, request_replay

CRITERIA = ("status", "type", "since", "until")


class Command(RecordedCommand):
    on_record = ("status", "type", "since", "until", "force", "rate", "resume", "event_ids")
    help = (
        "Process events again, whatever their status: those that are named, or those that match "
        "all of --status, --type, --since and --until. Only handlers that have not succeeded yet "
        "run, unless --force is given. With WEBHOOK_PROCESSING=request they are processed here and "
        "now, with exit status 1 when one did not succeed; otherwise they are queued for the "
        "workers, behind new events. Events whose payload was deleted are left out. It can be "
        "interrupted and resumed."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "event_ids", nargs="*", metavar="EVENT_ID", help="the provider's ids, evt_..."
        )
        parser.add_argument(
            "--status", choices=WebhookEvent.Status.values, help="events with this status"
        )
        parser.add_argument(
            "--type",
            metavar="PATTERN",
            help="events of this type; * stands for any characters: 'invoice.*'",
        )
        parser.add_argument(
            "--since",
            type=_moment,
            metavar="TIME",
            help="events received then or later: a time in ISO 8601, UTC unless it says otherwise",
        )
        parser.add_argument(
            "--until", type=_moment, metavar="TIME", help="events received before then: as --since"
        )
        parser.add_argument(
            "--force", action="store_true", help="also run the handlers that have succeeded before"
        )
        parser.add_argument("--reason", default="", help="why; kept with every attempt")
        parser.add_argument(
            "--dry-run", action="store_true", help="only print how many would be re-run"
        )
        parser.add_argument(
            "--rate",
            type=int,
            metavar="N",
            help="with workers: number of events that come due per second (default: all at once)",
        )
        parser.add_argument(
            "--resume", type=int, metavar="ID", help="continue the interrupted replay with this id"
        )

    def handle(self, *_: Any, **options: Any) -> None:
        if options["rate"] is not None and options["rate"] < 1:
            raise CommandError("--rate must be 1 or more.")
        requested = _interrupted(options) if options["resume"] else None
        selection = requested.selection if requested else _selection(options)
        events = _select(selection)
        if options["dry_run"]:
            self._print_would_be(events)
            return
        requested = requested or request_replay(
            trigger=Trigger.COMMAND,
            actor=system_user(),
            reason=options["reason"],
            force=options["force"],
            selection=selection,
            now=timezone.now(),
        )
        self._replay(events, requested, options["rate"])

    def _replay(self, events: EventQuerySet, requested: Replay, rate: int | None) -> None:
        try:
            done = replay(
                events,
                requested,
                # A lane of its own: thousands of old events must not hold up new ones.
                lane=WebhookEvent.Lane.BULK,
                rate=rate,
                progress=self._progress if self.stderr.isatty() else lambda _: None,
            )
        # The cursor is stored with each batch, so that a replay goes on where it stopped.
        except KeyboardInterrupt:
            raise CommandError(
                f"Interrupted. Go on with: replay_events --resume {requested.pk}"
            ) from None
        self._print(done)

    def _print_would_be(self, events: EventQuerySet) -> None:
        chosen, able = events.count(), events.replayable().count()
        if chosen > able:
            self.stderr.write(f"{chosen - able} events have no payload any more and are left out")
        self.stdout.write(f"{able} events would be re-run")

    def _print(self, done: Replayed) -> None:
        failed = done.outcomes[Attempt.Outcome.FAILED] + done.outcomes[Attempt.Outcome.RETRYING]
        outcomes = ", ".join(
            f"{count} {outcome}" for outcome, count in sorted(done.outcomes.items())
        )
        self.stdout.write(f"{done.queued} events re-run: {outcomes or 'left to the workers'}")
        if failed:
            raise CommandError(f"{failed} events did not succeed; the admin shows why.")

    def _progress(self, so_far: Replayed) -> None:
        self.stderr.write(f"\r{so_far.queued} events", ending="")


def _interrupted(options: dict[str, Any]) -> Replay:
    if options["event_ids"] or any(options[name] for name in CRITERIA):
        raise CommandError("--resume goes on with what was chosen then: choose nothing more.")
    requested = Replay.objects.filter(pk=options["resume"], selection__has_key="ids").first()
    if requested is None:
        raise CommandError(f"There is no replay {options['resume']} to resume.")
    if requested.finished_at:
        raise CommandError(f"Replay {requested.pk} had come to its end.")
    if not is_on_record(requested):
        raise CommandError(
            f"Replay {requested.pk} is refused: the audit trail has no request like it. See "
            "`manage.py audit verify`, and ask for the events anew."
        )
    return requested


def _selection(options: dict[str, Any]) -> dict[str, Any]:
    chosen = {name: options[name] for name in CRITERIA}
    ids = sorted(set(options["event_ids"]))
    # Neither would re-run every event there is; both would leave it open which of them counts.
    if bool(ids) == any(chosen.values()):
        raise CommandError(
            "Name events by their ids, or choose them by --status, --type, --since, --until."
        )
    known = WebhookEvent.objects.filter(event_id__in=ids).values_list("event_id", flat=True)
    # Before anything is made due, so that a mistyped id changes nothing.
    if unknown := set(ids).difference(known):
        raise CommandError(f"There is no event {', '.join(sorted(unknown))}.")
    # Kept with the replay as JSON, from which --resume reads it.
    for name in ("since", "until"):
        chosen[name] = chosen[name].isoformat() if chosen[name] else None
    return {"ids": ids, **chosen}


def _select(selection: dict[str, Any]) -> EventQuerySet:
    events = WebhookEvent.objects.all()
    if selection["ids"]:
        events = events.filter(event_id__in=selection["ids"])
    if selection["status"]:
        events = events.filter(status=selection["status"])
    if selection["type"]:
        events = events.of_type(selection["type"])
    if selection["since"]:
        events = events.filter(received_at__gte=selection["since"])
    if selection["until"]:
        events = events.filter(received_at__lt=selection["until"])
    return events


def _moment(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    # Without a zone it is UTC, as in everything that the commands and the admin print.
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
