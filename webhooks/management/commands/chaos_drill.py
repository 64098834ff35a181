"""Test a running receiver with genuine and hostile deliveries."""

import json
import random
from argparse import ArgumentParser
from typing import Any
from urllib.parse import urlsplit

from django.core.management.base import CommandError
from django.db import Error
from django.urls import reverse

from webhooks import drill
from webhooks.drill.report import DrillOptions, DrillReport
from webhooks.management.logged import LoggedCommand


class Command(LoggedCommand):
    help = (
        "Test a running receiver. Sends it new events, duplicates (at once, concurrent, late), "
        "events out of order, and unsigned, tampered, truncated, stale, malformed and oversized "
        "deliveries; waits until none of its events is pending; then checks the answers and the "
        "database: every delivery answered, no event lost, recorded twice, altered or forged, "
        "and every hostile delivery refused (after many refusals with 429, see "
        "WEBHOOK_RATE_LIMIT). Exit status 1 when one of these does not hold. Run it with the "
        "server's own settings: DATABASE_URL or DATABASE_PATH, and the endpoint's secret (`make "
        "stack` prints the line to copy). Its events, of test mode where the provider says so, and "
        "the billing rows that they make, stay in the database."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--endpoint",
            default="stripe",
            metavar="SLUG",
            help="the endpoint that is tested, with what its provider sends (default: stripe)",
        )
        parser.add_argument(
            "--url",
            type=_url,
            help="its address (default: the endpoint on http://127.0.0.1:8000)",
        )
        parser.add_argument(
            "--deliveries",
            type=_positive,
            default=1000,
            metavar="N",
            help="number of deliveries to send (default: 1000)",
        )
        parser.add_argument(
            "--concurrency",
            type=_positive,
            default=16,
            metavar="C",
            help="number of connections that send at the same time (default: 16)",
        )
        parser.add_argument(
            "--seed",
            type=int,
            metavar="N",
            help="make the same choices as the drill that printed this seed (default: random)",
        )
        parser.add_argument(
            "--patience",
            type=float,
            default=120,
            metavar="SECONDS",
            help="time for all events to be processed after the last delivery (default: 120)",
        )
        parser.add_argument(
            "--with-faults",
            action="store_true",
            help="servers are stopped meanwhile: it is no fault of theirs to give no answer then",
        )
        parser.add_argument("--json", action="store_true", help="print the report as JSON")
        parser.add_argument(
            "--i-own-this-host",
            action="store_true",
            help="required for an address that is not this machine's, as a drill is a load test",
        )

    def handle(self, *_: Any, **options: Any) -> None:
        try:
            report = drill.run(
                _drill_options(options),
                progress=self._progress,
                is_own_host=options["i_own_this_host"],
            )
        except drill.CannotRun as error:
            raise CommandError(f"{error}.") from error
        # A database that failed says nothing of the receiver, so this is not a broken rule.
        except Error as error:
            raise CommandError(
                f"The database failed, and nothing was found out: {error}"
            ) from error
        except KeyboardInterrupt:
            raise CommandError("Interrupted: nothing was found out.") from None
        self._clear()
        # Printed before the exit status is decided: a failed drill is the one to read.
        if options["json"]:
            self.stdout.write(json.dumps(report.as_json(), indent=2))
        else:
            self._print(report)
        if report.broken:
            raise CommandError(f"{len(report.broken)} rules were broken.")

    def _print(self, report: DrillReport) -> None:
        for kind, answers in report.answers.items():
            listed = ", ".join(f"{times} x {answer}" for answer, times in answers.items())
            self.stdout.write(f"{kind:<23} {sum(answers.values()):>7}   {listed}")
        for kind in report.left_out:
            self.stdout.write(f"{kind:<23}       -   left out: looks genuine here")
        self.stdout.write("")
        for result in report.results:
            self.stdout.write(f"{result.violations or 'ok':>7}   {result.invariant}")
            for example in result.examples:
                self.stdout.write(f"{'':>12}{example}")
        self.stdout.write(
            "\n{delivered} deliveries in {seconds} s ({per_second}/s; answered in {median_ms} ms, "
            "99 % in {p99_ms} ms), settled {settled_after_seconds} s later; "
            "--seed {seed}".format(**report.figures, seed=report.options.seed)
        )

    def _progress(self, what: str, count: int) -> None:
        if self.stderr.isatty():
            self.stderr.write(f"\r{count} {what}\x1b[K", ending="")

    def _clear(self) -> None:
        if self.stderr.isatty():
            self.stderr.write("\r\x1b[K", ending="")


def _drill_options(options: dict[str, Any]) -> DrillOptions:
    path = reverse("webhooks:receive", args=[options["endpoint"]])
    seed = options["seed"]
    return DrillOptions(
        endpoint=options["endpoint"],
        url=options["url"] or f"http://127.0.0.1:8000{path}",
        deliveries=options["deliveries"],
        concurrency=options["concurrency"],
        # Chosen here and not in the drill, so that the report can name it and it can be repeated.
        seed=random.randrange(10**6) if seed is None else seed,  # noqa: S311
        patience=options["patience"],
        with_faults=options["with_faults"],
    )


def _url(text: str) -> str:
    parts = urlsplit(text)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.port == 0:
        raise ValueError
    return text


def _positive(text: str) -> int:
    if (number := int(text)) < 1:
        raise ValueError
    return number
