"""Put a running receiver to the test."""

import json
import random
from argparse import ArgumentParser
from typing import Any
from urllib.parse import urlsplit

from django.core.management.base import BaseCommand, CommandError
from django.db import Error
from django.urls import reverse

from webhooks import drill
from webhooks.drill.report import Orders, Report


class Command(BaseCommand):
    help = (
        "Deliver bursts of new events, duplicates (at once, concurrent, late), events out of "
        "order, and unsigned, tampered, truncated, stale, malformed and oversized deliveries to a "
        "running receiver; wait until nothing of its own is pending; then hold the answers "
        "against the tables. What is hostile must be refused, in the end for coming too often "
        "(WEBHOOK_RATE_LIMIT). Exit status 1 when a rule was broken. Must run with the server's "
        "own settings: DATABASE_URL or DATABASE_PATH, and STRIPE_WEBHOOK_SECRET (make stack "
        "prints the line to copy). It leaves its test-mode events and what they caused in the "
        "database, and is for this machine only."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--url",
            type=_url,
            help="where to post (default: the stripe endpoint on http://127.0.0.1:8000)",
        )
        parser.add_argument(
            "--deliveries",
            type=_positive,
            default=1000,
            metavar="N",
            help="how many to send (default: 1000)",
        )
        parser.add_argument(
            "--concurrency",
            type=_positive,
            default=16,
            metavar="C",
            help="how many connections deliver at a time (default: 16)",
        )
        parser.add_argument(
            "--seed", type=int, help="repeats a drill's choices, with new ids (default: random)"
        )
        parser.add_argument(
            "--patience",
            type=float,
            default=120,
            metavar="S",
            help="how long everything may take to be processed at the end (default: 120)",
        )
        parser.add_argument("--json", action="store_true", help="print the report as JSON")
        parser.add_argument(
            "--i-own-this-host",
            action="store_true",
            help="needed for an address that is not this machine's: a drill is a load",
        )

    def handle(self, *_: Any, **options: Any) -> None:
        path = reverse("webhooks:receive", args=["stripe"])
        seed = options["seed"]
        orders = Orders(
            url=options["url"] or f"http://127.0.0.1:8000{path}",
            deliveries=options["deliveries"],
            concurrency=options["concurrency"],
            seed=random.randrange(10**6) if seed is None else seed,  # noqa: S311
            patience=options["patience"],
        )
        try:
            report = drill.hold(
                orders, progress=self._progress, is_own_host=options["i_own_this_host"]
            )
        except drill.Unfit as error:
            raise CommandError(f"{error}.") from error
        except Error as error:
            raise CommandError(
                f"The database failed, and nothing was found out: {error}"
            ) from error
        except KeyboardInterrupt:
            raise CommandError("Interrupted: nothing was found out.") from None
        self._clear()
        if options["json"]:
            self.stdout.write(json.dumps(report.as_json(), indent=2))
        else:
            self._tell(report)
        if report.broken:
            raise CommandError(f"{len(report.broken)} rules were broken.")

    def _tell(self, report: Report) -> None:
        for kind, answers in report.answers.items():
            listed = ", ".join(f"{times} x {answer}" for answer, times in answers.items())
            self.stdout.write(f"{kind:<23} {sum(answers.values()):>7}   {listed}")
        self.stdout.write("")
        for finding in report.findings:
            self.stdout.write(f"{finding.breaches or 'ok':>7}   {finding.rule}")
            for example in finding.examples:
                self.stdout.write(f"{'':>12}{example}")
        self.stdout.write(
            "\n{delivered} deliveries in {seconds} s ({per_second}/s; answered in {median_ms} ms, "
            "99 % in {p99_ms} ms), settled {settled_after_seconds} s later; "
            "--seed {seed}".format(**report.figures, seed=report.orders.seed)
        )

    def _progress(self, what: str, count: int) -> None:
        if self.stderr.isatty():
            self.stderr.write(f"\r{count} {what}\x1b[K", ending="")

    def _clear(self) -> None:
        if self.stderr.isatty():
            self.stderr.write("\r\x1b[K", ending="")


def _url(text: str) -> str:
    parts = urlsplit(text)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.port == 0:
        raise ValueError
    return text


def _positive(text: str) -> int:
    if (number := int(text)) < 1:
        raise ValueError
    return number
