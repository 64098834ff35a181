"""Traces: what is sent, what never is, and that nobody waits for whoever takes them."""

import sys
from collections.abc import Iterator

import pytest
from django.core.checks import run_checks
from opentelemetry.proto.trace.v1.trace_pb2 import Span, Status
from pytest_django import Settings

from tests.processes import Environment, manage
from tests.trace_receiver import Receiver, attributes, receiving
from webhooks.events import Event
from webhooks.intake.refusal_sampling import FIRST
from webhooks.models import WebhookEvent
from webhooks.monitoring import traces
from webhooks.providers import PROVIDERS
from webhooks.testing import deliver, sample
from webhooks.testing.client import post
from webhooks.testing.plugin import Subscribe
from webhooks.testing.servers import free_port

DELIVERY = "POST /webhooks/{endpoint}"
KEY = "sk_test_0123456789abcdef"


@pytest.fixture
def receiver(settings: Settings) -> Iterator[Receiver]:
    with receiving() as receiver:
        settings.OTEL_EXPORTER_OTLP_ENDPOINT = receiver.url
        yield receiver
        traces.stop()


def error(span: Span) -> str:
    """The kind of the error that a span ended with; empty without one."""
    is_error = span.status.code == Status.STATUS_CODE_ERROR
    assert not span.status.message
    return str(attributes(span).get("error.type", "unnamed")) if is_error else ""


@pytest.mark.django_db
def test_an_attempt_in_the_request_is_within_the_delivery(
    receiver: Receiver, subscribe: Subscribe
) -> None:
    def look(_: Event) -> None:
        """Do nothing."""

    subscribe(look)
    event = sample("test.happened")
    deliver(event)
    traces.stop()

    [delivery], [attempt] = receiver.named(DELIVERY), receiver.named("attempt")
    [handler] = receiver.named(f"handle {look.__module__}.{look.__qualname__}")
    assert (delivery.kind, delivery.parent_span_id) == (Span.SPAN_KIND_SERVER, b"")
    assert attempt.parent_span_id == delivery.span_id
    assert [link.span_id for link in attempt.links] == [delivery.span_id]
    assert handler.parent_span_id == attempt.span_id
    assert [error(span) for span in (delivery, attempt, handler)] == ["", "", ""]
    of_both = {
        "webhooks.event_id": event["id"],
        "webhooks.type": "test.happened",
        "webhooks.endpoint": "stripe",
        "webhooks.provider": "stripe",
    }
    assert attributes(delivery) == {
        "http.request.method": "POST",
        "http.route": "/webhooks/{endpoint}",
        "http.response.status_code": 200,
        "webhooks.outcome": "accepted",
        **of_both,
    }
    assert attributes(attempt) == {
        "webhooks.outcome": "processed",
        "webhooks.attempt": 1,
        "webhooks.trigger": "delivery",
        **of_both,
    }


@pytest.mark.django_db
def test_a_failure_is_told_by_its_kind_alone(
    receiver: Receiver, subscribe: Subscribe, settings: Settings
) -> None:
    settings.STRIPE_API_KEY = KEY

    def fail(_: Event) -> None:
        raise ValueError(KEY, "jo@example.com")

    subscribe(fail)
    body = sample("test.happened")
    # An event's own id is its sender's word, too.
    deliver(body | {"id": f"evt_{KEY}", "data": {"object": {"email": "jo@example.com"}}})
    traces.stop()

    [attempt] = receiver.named("attempt")
    [handler] = receiver.named(f"handle {fail.__module__}.{fail.__qualname__}")
    assert (error(attempt), error(handler)) == ("unnamed", "ValueError")
    assert attributes(attempt)["webhooks.outcome"] == "retrying"
    assert not handler.events
    sent = b"".join(receiver.bodies)
    assert KEY.encode() not in sent
    assert b"jo@example.com" not in sent


@pytest.mark.django_db
def test_a_sender_s_own_trace_is_not_taken_up(receiver: Receiver) -> None:
    theirs = "0af7651916cd43dd8448eb211c80319c"
    deliver(sample("test.happened"))
    post(b"{}", {"traceparent": f"00-{theirs}-b7ad6b7169203331-01"})
    traces.stop()

    found = receiver.named(DELIVERY)
    assert len(found) == 2
    assert theirs not in {span.trace_id.hex() for span in found}
    assert [attributes(span)["http.response.status_code"] for span in found] == [200, 400]
    assert not any(span.parent_span_id or span.links for span in found)


@pytest.mark.django_db
def test_a_delivery_that_breaks_the_server_is_told(
    receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    def crash(*_: object, **__: object) -> None:
        raise LookupError("jo@example.com")

    monkeypatch.setattr(PROVIDERS["stripe"], "verify", crash)
    with pytest.raises(LookupError):
        deliver(sample("test.happened"))
    traces.stop()

    [delivery] = receiver.named(DELIVERY)
    assert error(delivery) == "LookupError"
    assert attributes(delivery)["http.response.status_code"] == 500
    assert b"jo@example.com" not in receiver.bodies[0]


@pytest.mark.django_db
def test_of_a_flood_of_refusals_few_are_sent(receiver: Receiver) -> None:
    for _ in range(100):
        post(b"{}", {})
    traces.stop()

    assert 0 < len(receiver.named(DELIVERY)) < 2 * FIRST


@pytest.mark.django_db
def test_where_nobody_takes_them_deliveries_go_on_and_it_is_logged_once(
    settings: Settings, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Several are tried, one after another.
    monkeypatch.setenv("OTEL_BSP_MAX_EXPORT_BATCH_SIZE", "8")
    settings.OTEL_EXPORTER_OTLP_ENDPOINT = f"http://127.0.0.1:{free_port()}"
    for _ in range(2):
        for _ in range(20):
            assert deliver(sample("test.happened")).status_code == 200
        traces.stop()

    assert WebhookEvent.objects.count() == 40
    told = [one.getMessage() for one in caplog.records if "traces" in one.getMessage()]
    assert all("does not take them" in message for message in told)
    # Once for each of the two that were stopped.
    assert len(told) == 2
    assert not [one for one in caplog.records if one.name.startswith("opentelemetry")]


@pytest.mark.one_database
class TestSettings:
    def test_without_an_address_nothing_that_sends_is_imported(
        self, environment: Environment
    ) -> None:
        assert not environment.get("OTEL_EXPORTER_OTLP_ENDPOINT")
        assert manage(environment, "shell", "-c", DELIVER).strip().endswith("200 []")

    def test_without_the_packages_the_check_names_the_file_that_has_them(
        self, settings: Settings, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setitem(sys.modules, "opentelemetry.sdk", None)
        settings.OTEL_EXPORTER_OTLP_ENDPOINT = "http://127.0.0.1:4318"
        [found] = [one for one in run_checks(tags=["webhooks"]) if one.id == "webhooks.E035"]
        assert "requirements-tracing.txt" in str(found.hint)

    @pytest.mark.parametrize("address", ["127.0.0.1:4318", "grpc://a:4317", "http://", "http://[x"])
    def test_an_address_that_is_none_is_refused_and_not_told(
        self, settings: Settings, address: str
    ) -> None:
        settings.OTEL_EXPORTER_OTLP_ENDPOINT = address
        [found] = [one for one in run_checks(tags=["webhooks"]) if one.id == "webhooks.E036"]
        assert address not in found.msg


DELIVER = """
import sys
from webhooks.providers import PROVIDERS
from webhooks.testing import deliver, sample
answer = deliver(sample("test.happened"))
# Redis' client imports what it finds of OpenTelemetry for itself.
senders = ("opentelemetry.exporter", "webhooks.monitoring.span")
print(answer.status_code, [name for name in sys.modules if name.startswith(senders)])
"""
