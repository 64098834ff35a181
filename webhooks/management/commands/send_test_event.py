"""Sign a test event and post it, as the provider would."""

import json
import sys
from argparse import ArgumentParser
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.urls import reverse
from django.utils import timezone

from webhooks import conf
from webhooks.providers import PROVIDERS
from webhooks.testing.sending import Unreachable, send
from webhooks.testing.stripe_events import sample


class Command(BaseCommand):
    help = (
        "Sign an event with the endpoint's secret and post it. Sends a made-up event of --type, "
        "or what is in --file. Exit status 1 unless every attempt was answered with success."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--type", default="invoice.paid", help="the event's type (default: invoice.paid)"
        )
        parser.add_argument(
            "--file",
            help="a JSON file to send instead: one event, a list of them, or - for standard input",
        )
        parser.add_argument(
            "--repeat", type=int, default=1, metavar="N", help="send each event N times"
        )
        parser.add_argument(
            "--endpoint", default="stripe", help="whose secret signs (default: stripe)"
        )
        parser.add_argument(
            "--url",
            help="where to post (default: the endpoint on http://127.0.0.1:8000)",
        )

    def handle(self, *_: Any, **options: Any) -> None:
        endpoint = conf.endpoint(options["endpoint"])
        if endpoint is None:
            raise CommandError(
                f"There is no endpoint {options['endpoint']!r} in WEBHOOK_ENDPOINTS; "
                f"there is: {', '.join(known.slug for known in conf.endpoints())}."
            )
        if not endpoint.secrets:
            raise CommandError(
                f"{endpoint.secrets_setting} is not set: the event can't be signed. "
                "Set it to the value that the server has."
            )
        path = reverse("webhooks:receive", args=[endpoint.slug])
        url = options["url"] or f"http://127.0.0.1:8000{path}"
        bodies = [body for body in _bodies(options) for _ in range(options["repeat"])]
        refused = 0
        for number, body in enumerate(bodies, 1):
            headers = PROVIDERS[endpoint.provider].sign(
                body, secret=endpoint.secrets[0], now=timezone.now()
            )
            try:
                answer = send(url, body, headers)
            except (Unreachable, ValueError) as error:
                raise CommandError(f"{error}. Is the server running? See --url.") from error
            refused += not answer.is_success
            self.stdout.write(
                f"[ATTEMPT] {number}/{len(bodies)} -> Status: {answer.status}, Body: {answer.body}"
            )
        if refused:
            raise CommandError(f"{refused} of {len(bodies)} attempts were refused.")


def _bodies(options: dict[str, Any]) -> Iterator[bytes]:
    if options["file"] is None:
        yield json.dumps(sample(options["type"])).encode()
        return
    try:
        stdin = options["file"] == "-"
        raw = sys.stdin.buffer.read() if stdin else Path(options["file"]).read_bytes()
        content = json.loads(raw)
    except (OSError, ValueError) as error:
        raise CommandError(f"{options['file']} can't be sent: {error}") from error
    if isinstance(content, list):
        yield from (json.dumps(event).encode() for event in content)
    else:
        yield raw
