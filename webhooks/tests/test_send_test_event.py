"""Trying the endpoint from the command line."""

import json
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from pytest_django import Settings
from pytest_django.live_server_helper import LiveServer

from webhooks.models import WebhookEvent
from webhooks.tests.events import make_event

pytestmark = pytest.mark.django_db(transaction=True)


def run(*args: str) -> list[str]:
    output = StringIO()
    call_command("send_test_event", *args, stdout=output)
    return output.getvalue().splitlines()


def test_each_attempt_is_reported(live_server: LiveServer) -> None:
    address = f"{live_server.url}/webhooks/stripe"
    told, *lines = run("--repeat", "2", "--url", address)

    event = WebhookEvent.objects.get()
    assert event.type == "invoice.paid"
    assert told == f"[ADDRESS] {address}"
    assert [line for line in lines if line.startswith("[ATTEMPT]")] == [
        '[ATTEMPT] 1/2 -> Status: 200, Body: {"status": "received"}',
        '[ATTEMPT] 2/2 -> Status: 200, Body: {"status": "received", "idempotent_replay": true}',
    ]
    assert lines.count(f"[EVENT] {event.event_id} (invoice.paid)") == 2
    assert sum(line.startswith("[SIGNATURE] Stripe-Signature: t=") for line in lines) == 2


@pytest.mark.parametrize(
    "kind", ["customer.subscription.deleted", "charge.refunded", "payout.failed", "plan.created"]
)
def test_any_type_can_be_sent(live_server: LiveServer, kind: str) -> None:
    run("--type", kind, "--url", f"{live_server.url}/webhooks/stripe/")

    assert WebhookEvent.objects.get().type == kind


def test_a_thin_event_can_be_sent(live_server: LiveServer) -> None:
    run("--type", "v1.terminal.reader.updated", "--url", f"{live_server.url}/webhooks/stripe/")
    sent = json.loads(bytes(WebhookEvent.objects.get().body or b""))

    assert (sent["object"], sent["related_object"]["type"]) == ("v2.core.event", "terminal.reader")


def test_a_file_of_one_event_is_sent_to_the_byte(live_server: LiveServer, tmp_path: Path) -> None:
    content = json.dumps(make_event(), indent=3).encode()
    file = tmp_path / "event.json"
    file.write_bytes(content)
    run("--file", str(file), "--url", f"{live_server.url}/webhooks/stripe")

    assert bytes(WebhookEvent.objects.get().body or b"") == content


def test_a_file_of_many_events_is_sent_in_order(live_server: LiveServer, tmp_path: Path) -> None:
    events = [make_event() for _ in range(3)]
    file = tmp_path / "events.json"
    file.write_text(json.dumps(events))
    lines = run("--file", str(file), "--url", f"{live_server.url}/webhooks/stripe")

    assert lines[-1].startswith("[ATTEMPT] 3/3")
    recorded = WebhookEvent.objects.order_by("pk").values_list("event_id", flat=True)
    assert list(recorded) == [event["id"] for event in events]


def test_a_refusal_is_reported_and_fails_the_command(
    live_server: LiveServer, tmp_path: Path
) -> None:
    file = tmp_path / "event.json"
    file.write_text("{}")

    with pytest.raises(CommandError, match="1 of 1 attempts were refused"):
        run("--file", str(file), "--url", f"{live_server.url}/webhooks/stripe")


def test_a_missing_secret_is_a_clear_error(settings: Settings) -> None:
    settings.STRIPE_WEBHOOK_SECRET = ""

    with pytest.raises(CommandError, match="STRIPE_WEBHOOK_SECRET is not set"):
        run()


@pytest.mark.parametrize(
    ("args", "says"),
    [
        (["--url", "http://127.0.0.1:9/webhooks/stripe"], "no answer"),
        (["--url", "file:///etc/passwd"], "not an http"),
        (["--endpoint", "nobody"], "there is: stripe"),
        (["--file", "/nowhere/to/be/found.json"], "can't be sent"),
    ],
)
def test_unusable_input_is_a_clear_error(args: list[str], says: str) -> None:
    with pytest.raises(CommandError, match=says):
        run(*args)
