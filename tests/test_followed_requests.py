"""From one request id to all that came of it, in whatever process that was."""

import hashlib
import json
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone
from opentelemetry.proto.trace.v1.trace_pb2 import Span, Status

from payments_project.development import server_command
from tests.faults.programs import Program
from tests.log import Fields, parsed
from tests.processes import Environment, answers, process, query, wait_until
from tests.trace_receiver import Receiver, attributes, receiving
from webhooks.providers import PROVIDERS
from webhooks.testing.fake_stripe import Served, customers, deliverable
from webhooks.testing.plugin import API_KEY
from webhooks.testing.sending import send
from webhooks.testing.servers import free_port, redis

SECRET = "whsec_followed_0123456789abcdef"
EVENTS = "SELECT status, request_id FROM webhooks_webhookevent"


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as receiver:
        yield receiver


@pytest.fixture
def deployed(environment: Environment, stripe: Served, receiver: Receiver) -> Iterator[Environment]:
    """What a server and a worker are told, which fetch whatever an event is about."""
    with redis() as broker:
        yield environment | {
            "CELERY_BROKER_URL": broker,
            "LOG_FORMAT": "json",
            "OTEL_EXPORTER_OTLP_ENDPOINT": receiver.url,
            "STRIPE_API_BASE": stripe.url,
            "STRIPE_API_KEY": API_KEY,
            "STRIPE_FETCH": "always",
            "STRIPE_WEBHOOK_SECRET": SECRET,
            "WEBHOOK_PROCESSING": "celery",
        }


@contextmanager
def worker(environment: Environment, log: Path) -> Iterator[None]:
    options = ["worker", "--concurrency", "1", "--without-gossip", "--without-mingle"]
    started = Program(
        ["-m", "celery", "-A", "payments_project", "--quiet", *options], environment, log
    )
    started.start()
    try:
        yield
    finally:
        started.signal(signal.SIGTERM)
        started.wait()


def deliver(port: int, payload: dict[str, Any], request_id: str) -> None:
    body = json.dumps(payload).encode()
    headers = PROVIDERS["stripe"].sign(body, secret=SECRET, now=timezone.now())
    address = f"http://127.0.0.1:{port}/webhooks/stripe"
    assert send(address, body, headers | {"X-Request-ID": request_id}).is_success


def told(lines: list[Fields], request_id: str) -> list[tuple[str, str, str | None]]:
    """What the log says of a request: what happened to what, and how it ended."""
    return [
        (line["event"], line["outcome"], line.get("event_id") or line.get("object_id"))
        for line in lines
        if line.get("request_id") == request_id and "outcome" in line
    ]


def is_about(span: Span, event_id: str) -> bool:
    return attributes(span)["webhooks.event_id"] == event_id


def ids(request_id: str) -> str:
    """The trace and the span of a request's delivery, as anybody can reckon them."""
    return hashlib.sha256(f"delivery:{request_id}".encode()).hexdigest()[:48]


@pytest.mark.one_database
def test_a_request_leads_to_its_attempt_and_calls_in_the_logs_and_traces_of_two_processes(
    deployed: Environment, stripe: Served, receiver: Receiver, tmp_path: Path
) -> None:
    home = stripe.world.account()
    people = [customers.create(home, name=name)["id"] for name in ("Jo", "Al")]
    payloads = deliverable(stripe.world)
    port, log = free_port(), tmp_path / "worker.log"
    _, *command = server_command(port)
    with process(deployed, *command) as web, worker(deployed, log):
        wait_until(lambda: answers(port), web)
        for number, payload in enumerate(payloads):
            deliver(port, payload, f"edge-{number}")
        wait_until(lambda: [row[0] for row in query(deployed, EVENTS)] == ["processed"] * 2)
        web.terminate()
        received = parsed(web.communicate(timeout=30)[0])
    processed = parsed(log.read_text())

    for number, (person, payload) in enumerate(zip(people, payloads, strict=True)):
        assert told(received, f"edge-{number}") == [("delivery", "accepted", payload["id"])]
        assert told(processed, f"edge-{number}") == [
            ("provider_call", "ok", person),
            ("attempt", "processed", payload["id"]),
        ]

    assert receiver.services == {"payments"}
    deliveries, attempts = receiver.named("POST /webhooks/{endpoint}"), receiver.named("attempt")
    for number, (person, payload) in enumerate(zip(people, payloads, strict=True)):
        [delivery] = [one for one in deliveries if is_about(one, payload["id"])]
        [attempt] = [one for one in attempts if is_about(one, payload["id"])]
        assert (delivery.trace_id + delivery.span_id).hex() == ids(f"edge-{number}")
        [link] = attempt.links
        assert (link.trace_id, link.span_id) == (delivery.trace_id, delivery.span_id)
        assert not attempt.parent_span_id
        parts = [one for one in receiver.spans if one.parent_span_id == attempt.span_id]
        assert {one.name for one in parts} == {
            "handle billing.receivers.apply_stripe_event",
            "stripe retrieve_customer",
        }
        # That a handler asks for what it needs is no error of its.
        assert {one.status.code for one in parts} == {Status.STATUS_CODE_UNSET}
        [call] = [one for one in parts if one.kind == Span.SPAN_KIND_CLIENT]
        assert call.trace_id == attempt.trace_id
        assert attributes(call)["webhooks.object_id"] == person
        assert attributes(call)["http.response.status_code"] == 200
