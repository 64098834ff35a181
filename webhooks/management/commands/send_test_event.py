"""Sign test events and post them, as the provider would."""

import json
import sys
from argparse import ArgumentParser
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from django.core.management.base import CommandError
from django.urls import reverse
from django.utils import timezone

from webhooks import conf
from webhooks.exceptions import Rejected
from webhooks.management.logged import LoggedCommand
from webhooks.providers import PROVIDERS, keys_by_setting, keys_of
from webhooks.testing.provider_samples import SAMPLES, as_sample, sample_of
from webhooks.testing.sending import Answer, Unreachable, send
from webhooks.testing.stripe_events import sample, thin_sample


class Command(LoggedCommand):
    help = (
        "Sign an event with the endpoint's secret and post it to a running server. Sends a sample "
        "event of --type, or the events in --file. The secret in this environment must be the "
        "server's. Prints the address, and of each attempt the event, the header that signs it, "
        "and the answer. "
        "Exit status 1 unless every attempt was answered with a 2xx."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--type",
            help="the type of the sample event, of Stripe's (default: invoice.paid)",
        )
        parser.add_argument(
            "--file",
            metavar="PATH",
            help="send the event or the list of events in this JSON file; - for standard input",
        )
        parser.add_argument(
            "--repeat",
            type=int,
            default=1,
            metavar="N",
            help="send each event N times (default: 1)",
        )
        parser.add_argument(
            "--endpoint",
            default="stripe",
            metavar="SLUG",
            help="the endpoint whose secret signs (default: stripe)",
        )
        parser.add_argument(
            "--provider",
            metavar="NAME",
            help="sign by the first endpoint of this provider, in place of --endpoint",
        )
        parser.add_argument(
            "--url",
            help="the address to post to (default: the endpoint on http://127.0.0.1:8000)",
        )

    def handle(self, *_: Any, **options: Any) -> None:
        endpoint = _endpoint(_slug_of(options["provider"]) or options["endpoint"])
        path = reverse("webhooks:receive", args=[endpoint.slug])
        url = options["url"] or f"http://127.0.0.1:8000{path}"
        events = _events(endpoint, options["file"], options["type"])
        total = len(events) * options["repeat"]
        refused = 0
        self.stdout.write(f"[ADDRESS] {url}")
        repeated = (event for event in events for _ in range(options["repeat"]))
        for number, body in enumerate(repeated, 1):
            proof = _signed(endpoint, body)
            provider = PROVIDERS[endpoint.provider]
            sent, headers = provider.sent(body, proof)
            self.stdout.write(f"[EVENT] {_named(endpoint, sent, headers)}")
            for name, value in proof.items():
                self.stdout.write(f"[SIGNATURE] {name}: {value}")
            answer = _send(url, headers, sent, provider.media_types[0])
            refused += not answer.is_success
            self.stdout.write(
                f"[ATTEMPT] {number}/{total} -> Status: {answer.status}, Body: {answer.body}"
            )
        if refused:
            raise CommandError(f"{refused} of {total} attempts were refused.")


def _slug_of(provider: str | None) -> str:
    """Return the first endpoint of a provider; empty where none is asked for."""
    if not provider:
        return ""
    found = [one.slug for one in conf.endpoints() if one.provider == provider]
    if not found:
        known = ", ".join(sorted({one.provider for one in conf.endpoints()}))
        raise CommandError(
            f"No endpoint in WEBHOOK_ENDPOINTS is of a provider {provider!r}; there are some of: "
            f"{known}."
        )
    return found[0]


def _endpoint(slug: str) -> conf.Endpoint:
    endpoint = conf.endpoint(slug)
    if endpoint is None:
        raise CommandError(
            f"There is no endpoint {slug!r} in WEBHOOK_ENDPOINTS; "
            f"there is: {', '.join(known.slug for known in conf.endpoints())}."
        )
    if not keys_of(endpoint):
        raise CommandError(
            f"{' or '.join(keys_by_setting(endpoint))} is not set: the event can't be signed. "
            "Set it to the value that the server has."
        )
    return endpoint


def _named(endpoint: conf.Endpoint, body: bytes, headers: Mapping[str, str]) -> str:
    """Return the ids and types of the events that the server will find in it."""
    try:
        events = PROVIDERS[endpoint.provider].verify(
            body,
            headers,
            secrets=keys_of(endpoint),
            now=timezone.now(),
            options=endpoint.options,
        )
    except Rejected as refusal:
        return f"none: {refusal.detail}"
    return ", ".join(f"{event.id} ({event.type})" for event in events)


def _signed(endpoint: conf.Endpoint, body: bytes) -> dict[str, str]:
    # For each attempt: with many of them, one signature would go stale on the way. While a secret
    # is rotated the server accepts each of them, so the first will do.
    try:
        return PROVIDERS[endpoint.provider].sign(
            body, secret=keys_of(endpoint)[0], now=timezone.now(), options=endpoint.options
        )
    except ValueError as error:
        raise CommandError(
            f"{' and '.join(keys_by_setting(endpoint))} holds nothing that signs as "
            f"{endpoint.provider} does: {error}."
        ) from error


def _send(url: str, headers: Mapping[str, str], body: bytes, media_type: str) -> Answer:
    try:
        return send(url, body, headers, media_type=media_type)
    except (Unreachable, ValueError) as error:
        raise CommandError(f"{error}. Is the server running? See --url.") from error


def _events(endpoint: conf.Endpoint, file: str | None, event_type: str | None) -> list[bytes]:
    if file is None:
        return [as_sample(endpoint.provider, _sample(endpoint.provider, event_type))]
    try:
        raw = sys.stdin.buffer.read() if file == "-" else Path(file).read_bytes()
        content = json.loads(raw)
    except (OSError, ValueError) as error:
        raise CommandError(f"{file} can't be sent: {error}") from error
    # A single event is sent byte for byte as it is in the file: that is what is signed.
    return [json.dumps(event).encode() for event in content] if isinstance(content, list) else [raw]


def _sample(provider: str, event_type: str | None) -> dict[str, Any]:
    if provider == "stripe":
        kind = event_type or "invoice.paid"
        # Thin events alone are named so.
        return thin_sample(kind) if kind.startswith(("v1.", "v2.")) else sample(kind)
    own = PROVIDERS[provider].sample(timezone.now())
    if event_type is None and own is not None:
        return dict(own)
    if event_type is None and provider in SAMPLES:
        return sample_of(provider, now=timezone.now())
    raise CommandError(
        f"There is no sample of this type of {provider}'s. Leave --type out, or give the event "
        "in a file with --file."
    )
