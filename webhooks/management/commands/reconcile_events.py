"""Record the events that the provider made and that never reached us."""

import re
from argparse import ArgumentParser, ArgumentTypeError
from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Any

from django.core.management.base import CommandError
from django.db import Error
from django.utils import timezone

from webhooks.exceptions import ProviderApiRefused, ProviderApiUnavailable, StorageUnavailable
from webhooks.intake.reconcile import (
    NotPossible,
    Reconciled,
    missing,
    reconcile,
    request_reconciliation,
)
from webhooks.management.operator import system_user
from webhooks.management.recorded import RecordedCommand
from webhooks.models import Attempt, Reconciliation
from webhooks.providers import PROVIDERS

UNITS = {"d": "days", "h": "hours", "m": "minutes"}
# Whatever ends a reconciliation early leaves it resumable, so each of these names the way on.
INTERRUPTIONS = (
    ProviderApiUnavailable,
    ProviderApiRefused,
    StorageUnavailable,
    Error,
    KeyboardInterrupt,
)


class Command(RecordedCommand):
    on_record = ("provider", "account", "since", "undelivered", "resume")
    help = (
        "List the provider's events, and record those that never reached us; they are processed "
        "like any others. Events that were recorded before are left alone, so it is safe to repeat "
        "at any time. It can be interrupted and resumed. The provider lists all of its events, "
        "including those that no endpoint subscribes to; with --undelivered, only those that it "
        "could not deliver, or not yet. Needs STRIPE_API_KEY: a live key lists live events, a test "
        "key test events, of the last 30 days. Exit status 1 when the provider could not be asked, "
        "or when a recorded event did not succeed."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        able = [name for name, provider in PROVIDERS.items() if provider.lists_events]
        parser.add_argument(
            "--provider",
            choices=able,
            default=able[0],
            help="the provider to ask (default: %(default)s)",
        )
        parser.add_argument(
            "--account",
            action="append",
            metavar="ACCOUNT",
            help="a connected account, acct_...; may be repeated (default: our own account)",
        )
        parser.add_argument(
            "--since",
            type=_moment,
            metavar="TIME",
            help="events made then or later: a time in ISO 8601, UTC unless it says otherwise, or "
            "an age in days, hours or minutes: 3d, 72h, 90m (default: 3d)",
        )
        parser.add_argument(
            "--undelivered",
            action="store_true",
            help="only events that the provider has not delivered to every endpoint",
        )
        parser.add_argument(
            "--dry-run", action="store_true", help="list the missing events, and record nothing"
        )
        parser.add_argument(
            "--resume",
            type=int,
            nargs="*",
            metavar="ID",
            help="continue interrupted reconciliations: those with these ids, or else the latest",
        )

    def handle(self, *_: Any, **options: Any) -> None:
        try:
            if options["resume"] is None and options["dry_run"]:
                self._print_missing(_wanted(options))
            else:
                self._reconcile(_orders(options))
        except (NotPossible, ProviderApiUnavailable, ProviderApiRefused) as error:
            raise CommandError(str(error)) from error

    def _print_missing(self, wanted: list[dict[str, Any]]) -> None:
        count = 0
        for one in wanted:
            for event in missing(**one, now=timezone.now()):
                made = f"{event.created_at:%Y-%m-%d %H:%M:%S}" if event.created_at else "-"
                self.stdout.write(f"{made} {event.id} {event.type} {event.account}".rstrip())
                count += 1
        self.stdout.write(f"{count} events would be recorded")

    def _reconcile(self, requests: list[Reconciliation]) -> None:
        outcomes: Counter[str] = Counter()
        progress = self._progress if self.stderr.isatty() else lambda _: None
        for place, requested in enumerate(requests):
            try:
                done = reconcile(requested, progress=progress)
            except INTERRUPTIONS as error:
                left = " ".join(str(one.pk) for one in requests[place:])
                raise CommandError(
                    f"{str(error) or 'Interrupted.'}\nGo on with: reconcile_events --resume {left}"
                ) from error
            self._print(requested, done)
            outcomes.update(done.outcomes)
        if failed := outcomes[Attempt.Outcome.FAILED] + outcomes[Attempt.Outcome.RETRYING]:
            raise CommandError(
                f"{failed} of the recorded events did not succeed; the admin shows why."
            )

    def _print(self, requested: Reconciliation, done: Reconciled) -> None:
        whose = f"{requested.account}: " if requested.account else ""
        outcomes = ", ".join(
            f"{count} {outcome}" for outcome, count in sorted(done.outcomes.items())
        )
        self.stdout.write(
            f"{whose}{done.seen} events seen, {done.known} known, {done.recorded} recorded"
            + (f" ({outcomes})" if outcomes else "")
        )

    # On a terminal only: in a log, carriage returns would make one endless line.
    def _progress(self, so_far: Reconciled) -> None:
        self.stderr.write(f"\r{so_far.seen} events seen, {so_far.recorded} recorded", ending="")


def _wanted(options: dict[str, Any]) -> list[dict[str, Any]]:
    return [
        {
            "provider": options["provider"],
            "account": account,
            "since": options["since"] or timezone.now() - timedelta(days=3),
            "undelivered_only": options["undelivered"],
        }
        # An account that was given twice is asked for once.
        for account in dict.fromkeys(options["account"] or [""])
    ]


def _orders(options: dict[str, Any]) -> list[Reconciliation]:
    # All are recorded before the first begins, so that an interruption loses none.
    if options["resume"] is None:
        now, actor = timezone.now(), system_user()
        return [request_reconciliation(**one, actor=actor, now=now) for one in _wanted(options)]
    if options["account"] or options["since"] or options["undelivered"] or options["dry_run"]:
        raise CommandError("--resume continues with the options of then: leave out the others.")
    unfinished = Reconciliation.objects.filter(finished_at=None)
    if not options["resume"]:
        latest = unfinished.order_by("pk").last()
        if latest is None:
            raise CommandError("There is nothing to resume.")
        # The accounts of one command were recorded at the same time, and are continued together.
        return list(unfinished.filter(created_at=latest.created_at).order_by("pk"))
    chosen = list(unfinished.filter(pk__in=options["resume"]).order_by("pk"))
    if none := set(options["resume"]).difference(one.pk for one in chosen):
        raise CommandError(f"There is no unfinished reconciliation {', '.join(map(str, none))}.")
    return chosen


def _moment(text: str) -> datetime:
    if ago := re.fullmatch(r"([0-9]{1,6})([dhm])", text):
        return timezone.now() - timedelta(**{UNITS[ago[2]]: int(ago[1])})
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise ArgumentTypeError(f"{text!r} is neither a time nor like 3d or 72h") from error
    # Without a zone it is UTC, as in everything that the commands and the admin print.
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
