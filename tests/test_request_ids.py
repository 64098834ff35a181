"""One id leads from an answer to its event, to its log lines, and to those of its attempts."""

import json
import logging
from collections.abc import Iterator
from io import StringIO

import pytest
from django.contrib.auth.models import User
from django.test import Client
from pytest_django import Settings

from webhooks.events import Event
from webhooks.models import WebhookEvent
from webhooks.monitoring.logs import Formatter
from webhooks.processing.sweep import sweep
from webhooks.testing import sample
from webhooks.testing.client import post, sign
from webhooks.testing.plugin import Subscribe

pytestmark = pytest.mark.django_db

HEADER = "X-Request-ID"


@pytest.fixture
def log() -> Iterator[StringIO]:
    """What is written to the log meanwhile, in its own form."""
    written = StringIO()
    handler = logging.StreamHandler(written)
    handler.setFormatter(Formatter("%(name)s %(message)s"))
    logging.getLogger().addHandler(handler)
    yield written
    logging.getLogger().removeHandler(handler)


def deliver(request_id: str) -> str:
    """Deliver an event, and return the id in the answer."""
    body = json.dumps(sample("test.happened")).encode()
    answer = post(body, sign(body) | {HEADER: request_id})
    assert answer.status_code == 200
    return str(answer.headers[HEADER])


@pytest.mark.parametrize(
    "url",
    ["/webhooks/stripe", "/healthz", "/readyz", "/metrics", "/admin/", "/api/v1/events", "/x"],
)
def test_every_answer_has_the_id_that_was_sent(url: str) -> None:
    assert Client().get(url, headers={HEADER: "edge-1.a_B"}).headers[HEADER] == "edge-1.a_B"


def test_each_request_without_one_gets_its_own() -> None:
    ids = {Client().get("/healthz").headers[HEADER] for _ in range(3)}
    assert len(ids) == 3
    assert all(len(each) == 32 for each in ids)


@pytest.mark.parametrize("odd", ["a b", "a\tb", "<b>", "jo@example.com", "x" * 65, "-a", "", "é"])
def test_an_id_that_could_say_more_is_replaced(odd: str) -> None:
    told = deliver(odd)
    assert told != odd
    assert WebhookEvent.objects.get().request_id == told


def test_a_refusal_s_line_names_its_request(log: StringIO) -> None:
    post(b"{}", {"Content-Type": "application/json", HEADER: "edge-7"})
    [line] = [line for line in log.getvalue().splitlines() if "outcome=refused" in line]
    assert line.endswith(" [edge-7]")


def test_an_attempt_s_lines_name_the_request_that_brought_its_event(
    log: StringIO, settings: Settings, subscribe: Subscribe
) -> None:
    settings.WEBHOOK_PROCESSING = "loop"

    def tell(_: Event) -> None:
        logging.getLogger("shop").warning("at work")

    subscribe(tell)
    assert deliver("edge-8") == "edge-8"
    assert [attempt.outcome for attempt in sweep()] == ["processed"]
    assert "shop at work [edge-8]\n" in log.getvalue()
    assert WebhookEvent.objects.get().request_id == "edge-8"


def test_the_next_request_of_a_server_has_an_id_of_its_own(log: StringIO) -> None:
    deliver("edge-9")
    logging.getLogger("shop").warning("between requests")
    assert log.getvalue().splitlines()[-1].endswith("between requests")
    User.objects.create(username="anna")
    assert Client().get("/api/v1/events").headers[HEADER] != "edge-9"
