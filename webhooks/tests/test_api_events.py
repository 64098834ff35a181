"""Events through the API: finding them, and asking for them again; and how requests fail."""

from typing import Any

import pytest
from django.contrib.auth.models import Group
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries, Settings
from rest_framework.test import APIClient

from webhooks.events import Event
from webhooks.models import Replay, WebhookEvent
from webhooks.testing import deliver
from webhooks.testing.api_client import all_pages, caller, problem
from webhooks.testing.plugin import Subscribe
from webhooks.tests.events import make_event

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _no_groups() -> None:
    # Groups stand for what handlers did here.
    Group.objects.all().delete()


EVENTS = "/api/v1/events"


@pytest.fixture
def reader() -> APIClient:
    return caller("view_webhookevent")


@pytest.fixture
def support() -> APIClient:
    return caller("view_webhookevent", "replay_webhookevent")


def receive(**changes: Any) -> WebhookEvent:
    told = make_event(**changes)
    assert deliver(told).status_code == 200
    return WebhookEvent.objects.get(event_id=told["id"])


def many(count: int, start: int = 0, **values: Any) -> None:
    now = timezone.now()
    common: dict[str, Any] = {
        "provider": "stripe",
        "endpoint": "stripe",
        "type": "test.happened",
        "status": "processed",
        "body": b"{}",
        "received_at": now,
        "last_received_at": now,
        "available_at": now,
        "attempts": 0,
    }
    WebhookEvent.objects.bulk_create(
        WebhookEvent(event_id=f"evt_{start + number}", **common | values) for number in range(count)
    )


def ids(answer: Any) -> list[str]:
    assert answer.status_code == 200, answer.content
    return [row["event_id"] for row in answer.json()["results"]]


def falters(event: Event) -> None:
    if not Group.objects.filter(name="mended").exists():
        raise LookupError("no such plan")


def counts(event: Event) -> None:
    Group.objects.create(name=f"run {Group.objects.count()}")


def test_an_event_is_shown_without_what_the_provider_sent(reader: APIClient) -> None:
    event = receive(data={"object": {"id": "thing_1", "object": "thing", "customer": "cus_1"}})
    shown = reader.get(f"{EVENTS}/{event.event_id}")
    assert shown.status_code == 200
    told = shown.json()
    assert told["event_id"] == event.event_id
    assert told["status"] == "ignored"
    assert (told["object_id"], told["customer_id"]) == ("thing_1", "cus_1")
    assert told["has_payload"] is True
    assert told["received_at"] == event.received_at.isoformat().replace("+00:00", "Z")
    assert told == reader.get(EVENTS).json()["results"][0]
    assert not {"body", "payload", "id"} & told.keys()
    assert shown.headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ({"status": "failed"}, ["evt_2"]),
        ({"status": "processed"}, ["evt_1", "evt_0"]),
        ({"type": "invoice.paid"}, ["evt_0"]),
        ({"customer": "cus_2"}, ["evt_1"]),
        ({"object": "in_1"}, ["evt_0"]),
        ({"livemode": "true"}, ["evt_1"]),
        ({"livemode": "false", "status": "failed"}, ["evt_2"]),
        ({"account": "acct_1"}, ["evt_2"]),
        ({"account": ""}, ["evt_1", "evt_0"]),
        ({"provider": "stripe"}, ["evt_2", "evt_1", "evt_0"]),
        ({"provider": "telegram"}, []),
        ({"received_after": "2000-01-01T00:00:00Z"}, ["evt_2", "evt_1", "evt_0"]),
        ({"received_before": "2000-01-01T00:00:00+02:00"}, []),
        ({"page_size": "1"}, ["evt_2"]),
    ],
)
def test_events_are_filtered(reader: APIClient, query: dict[str, str], found: list[str]) -> None:
    many(1, 0, type="invoice.paid", object_id="in_1")
    many(1, 1, livemode=True, customer_id="cus_2")
    many(1, 2, status="failed", account="acct_1")
    assert ids(reader.get(EVENTS, query)) == found


@pytest.mark.parametrize(
    ("parameter", "value"),
    [
        ("status", "lost"),
        ("costumer", "cus_1"),
        ("customer", ""),
        ("customer", "cus\0"),
        ("customer", "c" * 256),
        ("livemode", "1"),
        ("livemode", "maybe"),
        ("received_after", "yesterday"),
        ("received_after", "0001-01-01T00:00:00+14:00"),
        ("received_before", "9999-12-31T23:59:59-14:00"),
        ("page_size", "0"),
        ("page_size", "101"),
        ("page_size", "-1"),
        ("page_size", "many"),
        ("page_size", "²"),
        ("cursor", ""),
        ("cursor", "x"),
        ("cursor", "é"),
        ("cursor", "YmVmb3JlOi0x"),  # before:-1
        ("cursor", "YmVmb3JlOjk5OTk5OTk5OTk5OTk5OTk5OTk="),  # before:9999999999999999999
    ],
)
def test_unknown_parameters_are_refused_by_name(
    reader: APIClient, parameter: str, value: str
) -> None:
    answer = reader.get(EVENTS, {parameter: value})
    assert problem(answer) == (400, "invalid_request")
    assert [error["field"] for error in answer.json()["errors"]] == [parameter]


def test_a_parameter_given_twice_is_refused(reader: APIClient) -> None:
    assert problem(reader.get(f"{EVENTS}?type=a&type=b")) == (400, "invalid_request")


def test_pages_are_stable_while_events_arrive(reader: APIClient) -> None:
    many(250)
    seen: list[str] = []
    page = reader.get(EVENTS, {"page_size": 20}).json()
    for turn in range(100):
        seen += [row["event_id"] for row in page["results"]]
        if not page["next"]:
            break
        many(7, start=1000 + 7 * turn)
        page = reader.get(page["next"]).json()
    assert seen == [f"evt_{number}" for number in reversed(range(250))]


def test_following_pages_keep_the_filter(reader: APIClient) -> None:
    many(30, customer_id="cus_1")
    many(30, start=30, customer_id="cus_2")
    found = all_pages(reader, f"{EVENTS}?customer=cus_1&page_size=7")
    assert [row["event_id"] for row in found] == [f"evt_{n}" for n in reversed(range(30))]


def test_the_number_of_queries_does_not_grow_with_the_page(
    reader: APIClient, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    many(120)
    reader.get(EVENTS)  # the token's first use is noted
    for size in (1, 100):
        # The token and its user, two kinds of permissions, and the page: nothing is counted.
        with django_assert_num_queries(4) as queries:
            assert len(ids(reader.get(EVENTS, {"page_size": size}))) == size
        assert not [query for query in queries if "COUNT" in query["sql"]]
        assert not [query for query in queries if '"body",' in query["sql"]]


def test_attempts_name_the_actor(support: APIClient, subscribe: Subscribe) -> None:
    subscribe(falters)
    event = receive()
    support.post(f"{EVENTS}/{event.event_id}/replay", {"reason": "customer called"})

    latest, first = support.get(f"{EVENTS}/{event.event_id}/attempts").json()["results"]
    assert (first["number"], first["trigger"], first["actor"]) == (1, "delivery", None)
    assert (latest["number"], latest["trigger"]) == (2, "api")
    assert (latest["actor"], latest["reason"]) == ("anna", "customer called")
    assert latest["outcome"] == "retrying"
    handler = latest["handlers"][0]
    assert (handler["outcome"], handler["error"]) == ("failed", "LookupError: no such plan")
    assert "Traceback" not in str(latest)


def test_attempts_are_fetched_in_one_query(support: APIClient) -> None:
    event = receive()
    url = f"{EVENTS}/{event.event_id}/attempts"
    for _ in range(2):
        with CaptureQueriesContext(connection) as queries:
            support.get(url)
        support.post(f"{EVENTS}/{event.event_id}/replay", {"reason": "again"})
    assert len(queries) <= 5


def test_a_replay_returns_its_outcome(support: APIClient, subscribe: Subscribe) -> None:
    subscribe(falters)
    event = receive()
    url = f"{EVENTS}/{event.event_id}/replay"

    answer = support.post(url, {"reason": "try"})
    assert answer.status_code == 202
    assert answer.json() == {
        "provider": "stripe",
        "event_id": event.event_id,
        "status": "pending",
        "outcome": "retrying",
        "attempts": 2,
        "last_error": "LookupError: no such plan",
    }

    Group.objects.create(name="mended")
    assert support.post(url, {"reason": "mended"}).json()["outcome"] == "processed"
    order = Replay.objects.latest("pk")
    assert (order.trigger, order.actor, order.reason) == ("api", "anna", "mended")


def test_with_workers_a_replay_is_queued(support: APIClient, settings: Settings) -> None:
    event = receive()
    settings.WEBHOOK_PROCESSING = "loop"
    answer = support.post(f"{EVENTS}/{event.event_id}/replay", {"reason": "try"}).json()
    assert (answer["status"], answer["outcome"], answer["attempts"]) == ("pending", None, 1)


@pytest.mark.parametrize(("permitted", "runs"), [(False, 1), (True, 2)])
def test_force_takes_a_permission_of_its_own(
    support: APIClient, subscribe: Subscribe, permitted: bool, runs: int
) -> None:
    subscribe(counts)
    event = receive()
    if permitted:
        support = caller("replay_webhookevent", "force_replay_webhookevent")
    answer = support.post(f"{EVENTS}/{event.event_id}/replay", {"reason": "twice", "force": True})
    if permitted:
        assert answer.status_code == 202
    else:
        assert problem(answer) == (403, "permission_denied")
    assert Group.objects.count() == runs


def test_an_event_without_payload_is_not_replayed(support: APIClient) -> None:
    many(1, body=None)
    answer = support.post(f"{EVENTS}/evt_0/replay", {"reason": "again"})
    assert problem(answer) == (409, "payload_gone")
    assert not Replay.objects.exists()


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "reason"),
        ({"reason": ""}, "reason"),
        ({"reason": "  "}, "reason"),
        ({"reason": 7}, "reason"),
        ({"reason": "x" * 501}, "reason"),
        ({"reason": "a\0b"}, "reason"),
        ({"reason": "a\ud800"}, "reason"),
        ({"reason": "x", "force": 1}, "force"),
        ({"reason": "x", "force": "true"}, "force"),
        ({"reason": "x", "forced": True}, "forced"),
        ([], ""),
        ("reason", ""),
        (7, ""),
    ],
)
def test_a_replay_needs_a_reason_and_nothing_unknown(
    support: APIClient, body: Any, field: str
) -> None:
    event = receive()
    answer = support.post(f"{EVENTS}/{event.event_id}/replay", body)
    assert problem(answer) == (400, "invalid_request")
    assert {error["field"] for error in answer.json()["errors"]} == {field}
    assert not Replay.objects.exists()


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"\xff",
        b"NaN",
        b'{"reason": "x", "reason": "y"}',
        b"[" * 100_000,
        b"9" * 5000,
        b'{"reason": Infinity}',
        '{"reason": "x"}'.encode("utf-16"),
    ],
)
def test_a_body_that_is_not_json_is_refused(support: APIClient, body: bytes) -> None:
    event = receive()
    url = f"{EVENTS}/{event.event_id}/replay"
    answer = support.post(url, body, content_type="application/json")
    assert problem(answer) in [(400, "parse_error"), (400, "invalid_request")]


def test_a_body_beyond_the_limit_is_refused(support: APIClient, settings: Settings) -> None:
    event = receive()
    settings.WEBHOOK_MAX_BODY_BYTES = 100
    answer = support.post(f"{EVENTS}/{event.event_id}/replay", {"reason": "x" * 100})
    assert problem(answer) == (413, "payload_too_large")


@pytest.mark.parametrize("event_id", ["evt_none", "evt%00", "e" * 300, "%ED%A0%80", "%2e%2e"])
@pytest.mark.parametrize("part", ["", "/attempts"])
def test_unknown_events_are_not_found(reader: APIClient, event_id: str, part: str) -> None:
    assert problem(reader.get(f"{EVENTS}/{event_id}{part}")) == (404, "not_found")


def test_an_id_that_two_providers_gave_is_told_apart(support: APIClient) -> None:
    many(1)
    WebhookEvent.objects.bulk_create([_of_telegram()])
    for answer in (
        support.get(f"{EVENTS}/evt_0"),
        support.get(f"{EVENTS}/evt_0/attempts"),
        support.post(f"{EVENTS}/evt_0/replay", {"reason": "x"}),
    ):
        assert problem(answer) == (409, "ambiguous_id")
        assert "provider" in answer.json()["detail"]
    assert support.get(f"{EVENTS}/evt_0?provider=telegram").json()["provider"] == "telegram"


def _of_telegram() -> WebhookEvent:
    event = WebhookEvent.objects.get()
    event.pk, event.provider = None, "telegram"
    return event


@pytest.mark.parametrize(
    ("method", "path", "headers", "expected"),
    [
        ("GET", "/api", {}, (404, "not_found")),
        ("GET", "/api/", {}, (404, "not_found")),
        ("GET", "/api/v2/events", {}, (404, "not_found")),
        ("POST", "/api/v1/nothing", {}, (404, "not_found")),
        ("GET", "/api/v1/nothing\n", {}, (404, "not_found")),
        ("DELETE", EVENTS, {}, (405, "method_not_allowed")),
        ("OPTIONS", EVENTS, {}, (405, "method_not_allowed")),
        ("GET", f"{EVENTS}/evt_0/replay", {}, (405, "method_not_allowed")),
        ("GET", EVENTS, {"Accept": "text/html"}, (406, "not_acceptable")),
        ("GET", EVENTS, {"Accept": ";;;q=x"}, (406, "not_acceptable")),
        (
            "POST",
            f"{EVENTS}/evt_0/replay",
            {"Content-Type": "application/xml"},
            (415, "unsupported_media_type"),
        ),
        (
            "POST",
            f"{EVENTS}/evt_0/replay",
            {"Content-Type": "application/x-www-form-urlencoded"},
            (415, "unsupported_media_type"),
        ),
    ],
)
def test_every_refusal_is_a_problem(
    support: APIClient, method: str, path: str, headers: dict[str, str], expected: tuple[int, str]
) -> None:
    many(1)
    media_type = headers.pop("Content-Type", "application/json")
    answer = support.generic(method, path, "{}", content_type=media_type, headers=headers)
    assert problem(answer) == expected


def test_allowed_methods_are_named(support: APIClient) -> None:
    many(1)
    assert support.delete(EVENTS).headers["Allow"] == "GET, HEAD"
    assert support.get(f"{EVENTS}/evt_0/replay").headers["Allow"] == "POST"


def test_a_trailing_slash_is_accepted(support: APIClient) -> None:
    event = receive()
    for path in (EVENTS, f"{EVENTS}/{event.event_id}", "/api/schema", "/api/docs"):
        assert support.get(path).status_code == 200
        assert support.get(f"{path}/").status_code == 200
    answer = support.post(f"{EVENTS}/{event.event_id}/replay/", {"reason": "x"})
    assert answer.status_code == 202


def test_the_documentation_pages_load_nothing_from_elsewhere(client: Client) -> None:
    page = client.get("/api/docs/").content.decode()
    assert "/static/drf_spectacular_sidecar/" in page
    assert "https://" not in page


@pytest.mark.postgresql
def test_a_list_is_planned_for_what_it_is_asked(reader: APIClient) -> None:
    many(3)
    for _ in range(12):
        assert ids(reader.get(EVENTS, {"status": "failed"})) == []
    with connection.cursor() as cursor:
        cursor.execute("SELECT statement FROM pg_prepared_statements")
        prepared = [statement for (statement,) in cursor.fetchall()]
    assert not [statement for statement in prepared if "last_received_at" in statement]
