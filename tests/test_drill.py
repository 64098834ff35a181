"""The drill: that a sound receiver passes it, and that an unsound one does not."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone
from pytest_django.live_server_helper import LiveServer

from billing.testing.lives import LIVES
from tests.processes import Environment, manage, server
from webhooks import drill
from webhooks.drill.connection import NO_ANSWER
from webhooks.drill.deliveries import DeliveryKind
from webhooks.drill.invariants import Invariant
from webhooks.drill.report import DrillOptions, DrillReport
from webhooks.intake.record import record
from webhooks.models import Attempt, Trigger, WebhookEvent

RECEIVED = b'{"status": "received"}'


def test_a_sound_receiver_passes(environment: Environment) -> None:
    with server(environment, workers=2) as address:
        url = f"{address}/webhooks/stripe"
        told = manage(environment, "chaos_drill", "--url", url, "--deliveries", "150")

    assert told.count("     ok   ") == len(Invariant)
    assert "150 deliveries in" in told


def test_a_receiver_that_holds_its_attackers_back_passes_too(environment: Environment) -> None:
    environment |= {"WEBHOOK_RATE_LIMIT": "5"}
    with server(environment, workers=2) as address:
        url = f"{address}/webhooks/stripe"
        told = manage(environment, "chaos_drill", "--url", url, "--deliveries", "150")

    assert told.count("     ok   ") == len(Invariant)
    assert "429 rate_limited" in told


@pytest.mark.one_database
def test_the_report_can_be_read_by_programs(environment: Environment) -> None:
    with server(environment) as address:
        url = f"{address}/webhooks/stripe"
        told = manage(
            environment, "chaos_drill", "--json", "--url", url, "--deliveries=80", "--seed=7"
        )

    report = json.loads(told)
    assert report["is_clean"]
    assert report["seed"] == 7
    assert report["delivered"] == 80
    assert set(report["answers"]) >= set(DeliveryKind) - {
        DeliveryKind.NEW,
        DeliveryKind.OUT_OF_ORDER,
    }


def hold(
    address: str, then: Callable[[], object] = lambda: None, *, with_faults: bool = False
) -> DrillReport:
    """A drill on the test's own database; `then` is done before it is examined."""
    # One connection: the threads of the live server share SQLite's one database in memory.
    url = f"{address}/webhooks/stripe"
    options = DrillOptions("stripe", url, 30, 1, seed=1, patience=0, with_faults=with_faults)

    def progress(_: str, count: int) -> None:
        if count == options.deliveries:
            then()

    return drill.run(options, progress)


@pytest.mark.django_db(transaction=True)
def test_a_drill_delivers_snapshots_and_thin_events(live_server: LiveServer) -> None:
    report = hold(live_server.url)
    thin = WebhookEvent.objects.filter(type__startswith="v1.")

    assert not report.broken
    assert {event.status for event in thin} == {"ignored"}
    assert thin.count() < WebhookEvent.objects.count() / 2


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    ("provider", "left_out"),
    [
        # A token says nothing of the body, and what has no time is never stale.
        ("telegram", {"stale", "tampered"}),
        ("paddle", set()),
        ("square", {"stale"}),
        ("gocardless", {"stale"}),
        ("adyen", {"oversized", "stale", "tampered"}),
        ("braintree", {"stale"}),
    ],
)
def test_any_endpoint_can_be_drilled(
    live_server: LiveServer, settings: Any, provider: str, left_out: set[str]
) -> None:
    life = LIVES[provider]
    settings.DRILLED_WEBHOOK_SECRET = life.secret
    settings.WEBHOOK_ENDPOINTS = {
        "drilled": {
            "provider": provider,
            "secrets_setting": "DRILLED_WEBHOOK_SECRET",
            **life.options,
        }
    }
    url = f"{live_server.url}/webhooks/drilled"

    report = drill.run(DrillOptions("drilled", url, 60, 1, seed=1, patience=0), lambda *_: None)

    assert [(result.invariant, result.examples) for result in report.broken] == []
    assert set(report.left_out) == left_out
    assert WebhookEvent.objects.filter(provider=provider, status="processed").count() > 10


def processed() -> WebhookEvent:
    found = WebhookEvent.objects.filter(status="processed", deliveries=1).last()
    assert found
    return found


def lose() -> None:
    processed().delete()


def alter() -> None:
    event = processed()
    event.body = bytes(event.body or b"").replace(b"usd", b"eur")
    event.save(update_fields=["body"])


def write_unproven() -> None:
    event = processed().as_event()
    run = event.id.split("_")[1]
    for name in (f"evt_{run}_999999", f"evt_{run}"):
        forged = type(event)(provider="stripe", id=name, type="invoice.paid", payload={})
        record(forged, b"{}", "stripe", claimed=True, now=timezone.now())


def leave_pending() -> None:
    WebhookEvent.objects.filter(pk=processed().pk).update(status="pending")


def give_up() -> None:
    WebhookEvent.objects.filter(pk=processed().pk).update(status="failed")


def apply_twice() -> None:
    attempt = processed().attempt_set.get()
    attempt.pk, attempt.number, attempt.trigger = None, 2, Trigger.RETRY
    attempt.save(force_insert=True)


def forget_the_attempt() -> None:
    Attempt.objects.filter(event=processed()).delete()


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    ("sabotage", "invariant", "violations"),
    [
        (lose, Invariant.RECORDED, 1),
        (alter, Invariant.UNALTERED, 1),
        (write_unproven, Invariant.PROVEN, 2),
        (leave_pending, Invariant.SETTLED, 1),
        (give_up, Invariant.SUCCEEDED, 1),
        (apply_twice, Invariant.ONCE, 1),
        (forget_the_attempt, Invariant.ONCE, 1),
    ],
)
def test_wrong_database_states_are_found(
    live_server: LiveServer, sabotage: Callable[[], None], invariant: Invariant, violations: int
) -> None:
    report = hold(live_server.url, sabotage)

    assert [(one.invariant, one.violations) for one in report.broken] == [(invariant, violations)]
    assert report.broken[0].examples


Spoil = Callable[[int, str, bytes], tuple[int, str, bytes]]


@contextmanager
def spoiling(address: str, spoil: Spoil) -> Iterator[str]:
    """A proxy that changes what the receiver answers; yields its address."""

    class Proxy(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            upstream = HTTPConnection(urlsplit(address).netloc)
            upstream.request("POST", self.path, body, dict(self.headers))
            answer = upstream.getresponse()
            kind = answer.headers.get_content_type()
            status, kind, content = spoil(answer.status, kind, answer.read())
            upstream.close()
            if status == NO_ANSWER:
                return
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: object) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Proxy) as proxy:
        thread = Thread(target=proxy.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield f"http://127.0.0.1:{proxy.server_port}"
        finally:
            # Whatever becomes of the test: the suite can't end before this thread does.
            proxy.shutdown()
            thread.join()


def crash(status: int, kind: str, content: bytes) -> tuple[int, str, bytes]:
    return (500, kind, content) if status == 400 else (status, kind, content)


def accept(status: int, kind: str, content: bytes) -> tuple[int, str, bytes]:
    return (200, "application/json", RECEIVED) if status == 400 else (status, kind, content)


def refuse_as_text(status: int, kind: str, content: bytes) -> tuple[int, str, bytes]:
    return (status, "text/html" if status == 400 else kind, content)


class FallingSilent:
    """Answers nothing to one delivery among others, once it has been taken."""

    def __init__(self) -> None:
        self.taken = 0

    def __call__(self, status: int, kind: str, content: bytes) -> tuple[int, str, bytes]:
        self.taken += status == 200
        is_silent = status == 200 and self.taken == 5
        return (NO_ANSWER if is_silent else status, kind, content)


def take_all_for_new(status: int, kind: str, content: bytes) -> tuple[int, str, bytes]:
    return status, kind, RECEIVED if status == 200 else content


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    ("spoil", "invariants"),
    [
        (crash, [Invariant.ANSWERED, Invariant.NO_SERVER_ERROR]),
        (accept, [Invariant.ANSWERED]),
        (refuse_as_text, [Invariant.ANSWERED]),
        (take_all_for_new, [Invariant.NEW_ONCE]),
    ],
)
def test_wrong_responses_are_found(
    live_server: LiveServer, spoil: Spoil, invariants: list[Invariant]
) -> None:
    with spoiling(live_server.url, spoil) as address:
        report = hold(address)

    assert [one.invariant for one in report.broken] == invariants


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(("with_faults", "violations"), [(False, [1]), (True, [])])
def test_an_unanswered_delivery_is_found_though_the_next_attempt_is_answered(
    live_server: LiveServer, *, with_faults: bool, violations: list[int]
) -> None:
    with spoiling(live_server.url, FallingSilent()) as address:
        report = hold(address, with_faults=with_faults)

    assert [one.violations for one in report.broken] == violations
    assert {one.invariant for one in report.broken} <= {Invariant.NO_SILENCE}


@pytest.mark.django_db(transaction=True)
def test_a_server_with_another_database_is_not_taken_for_one_that_loses(
    environment: Environment,
) -> None:
    with (
        server(environment) as address,
        pytest.raises(drill.CannotRun, match="not in this database"),
    ):
        hold(address)


@pytest.mark.parametrize("host", ["192.0.2.1", "no-such-host.invalid"])
def test_remote_servers_are_not_fired_at(host: str) -> None:
    with pytest.raises(CommandError, match="not on this machine"):
        call_command("chaos_drill", "--url", f"http://{host}/webhooks/stripe")


@pytest.mark.parametrize(
    "option", ["--url=ftp://127.0.0.1/", "--url=127.0.0.1:8000", "--deliveries=0"]
)
def test_senseless_options_are_refused(option: str) -> None:
    with pytest.raises(CommandError, match="invalid"):
        call_command("chaos_drill", option)
