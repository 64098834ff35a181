"""Who fails too often is told to wait, and what is genuine is taken from anybody."""

import json
import signal
import time
import tracemalloc
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries, Settings

from webhooks.guards.rate_limit import reset
from webhooks.guards.rate_limit_storage import MOST_CLIENTS, BoundedStorage
from webhooks.intake.refusal_sampling import FIRST
from webhooks.monitoring import metrics
from webhooks.testing import servers
from webhooks.testing.client import post, sign
from webhooks.tests.events import make_event

pytestmark = pytest.mark.django_db

LIMIT = 3
SPENT = (429, "rate_limited")
FAILED = (400, "missing_signature")
MINUTE = 60


@pytest.fixture(autouse=True)
def limit(settings: Settings) -> int:
    """A budget that is soon spent."""
    settings.WEBHOOK_RATE_LIMIT = LIMIT
    return LIMIT


@pytest.fixture(autouse=True)
def redis(settings: Settings) -> Iterator[servers.Server | None]:
    """Where there is Redis, one for each test, as budgets outlive tests there."""
    if not settings.REDIS_URL:
        yield None
        return
    with servers.redis_server() as server:
        settings.REDIS_URL = server.url
        settings.CACHES = {"default": settings.CACHES["default"] | {"LOCATION": server.url}}
        yield server


class Clock:
    """The time that a machine tells, moved by hand."""

    def __init__(self) -> None:
        self.ahead = 0.0
        self.real = time.time

    def __call__(self) -> float:
        return self.real() + self.ahead


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """Time passes as the test wants it to."""
    clock = Clock()
    monkeypatch.setattr("time.time", clock)
    return clock


def fail(address: str = "198.51.100.1", **headers: str) -> tuple[int, str]:
    response = post(b"{}", headers, client=Client(REMOTE_ADDR=address))
    return response.status_code, response.json()["code"]


def genuine(address: str = "198.51.100.1") -> Any:
    body = json.dumps(make_event()).encode()
    return post(body, sign(body), client=Client(REMOTE_ADDR=address))


def count(counter: Any) -> float:
    value: float = counter._value.get()
    return value


def test_a_client_over_its_budget_gets_429() -> None:
    limited = count(metrics.RATE_LIMITED)

    assert [fail() for _ in range(LIMIT + 2)] == [FAILED] * LIMIT + [SPENT] * 2
    assert count(metrics.RATE_LIMITED) == limited + 2


def test_the_response_says_how_long_to_wait() -> None:
    for _ in range(LIMIT):
        assert "Retry-After" not in post(b"{}", {}).headers

    assert 0 < int(post(b"{}", {}).headers["Retry-After"]) <= MINUTE


def test_genuine_deliveries_are_accepted_from_a_limited_client() -> None:
    for _ in range(LIMIT + 1):
        fail()

    assert genuine().status_code == 200
    assert fail() == SPENT
    assert genuine("198.51.100.2").status_code == 200
    assert fail("198.51.100.2") == FAILED


def test_proven_deliveries_do_not_count() -> None:
    for _ in range(2 * LIMIT):
        assert genuine().status_code == 200

    assert fail() == FAILED


def test_every_refusal_caused_by_the_sender_counts(settings: Settings) -> None:
    client = Client(REMOTE_ADDR="198.51.100.1")
    stale = sign(b"{}", now=timezone.now() - timedelta(days=1))
    kinds: list[tuple[str, dict[str, str], str, int]] = [
        ("/webhooks/stripe", {}, "application/json", 400),
        ("/webhooks/stripe", {"Stripe-Signature": "t=1,v1=0"}, "application/json", 400),
        ("/webhooks/stripe", stale, "application/json", 400),
        ("/webhooks/stripe", sign(b"{}"), "application/json", 400),
        ("/webhooks/nobody", {}, "application/json", 404),
        ("/webhooks/stripe", {}, "text/plain", 415),
        ("/webhooks/large", {}, "application/json", 413),
        ("/webhooks/far", {}, "application/json", 403),
    ]
    settings.WEBHOOK_RATE_LIMIT = len(kinds)
    settings.WEBHOOK_MAX_BODY_BYTES = 2
    settings.WEBHOOK_ENDPOINTS = settings.WEBHOOK_ENDPOINTS | {
        "far": settings.WEBHOOK_ENDPOINTS["stripe"] | {"allowed_ips": "192.0.2.1"},
    }

    def answer(path: str, headers: dict[str, str], media_type: str) -> int:
        is_large = path.endswith("large")
        return client.generic(
            "POST",
            "/webhooks/stripe" if is_large else path,
            b"{  }" if is_large else b"{}",
            content_type=media_type,
            headers=headers,
        ).status_code

    assert [answer(*kind[:3]) for kind in kinds] == [kind[3] for kind in kinds]
    assert {answer(*kind[:3]) for kind in kinds} == {429}


def test_our_own_failures_do_not_count(settings: Settings) -> None:
    settings.STRIPE_WEBHOOK_SECRET = ""
    for _ in range(2 * LIMIT):
        assert fail() == (503, "endpoint_not_configured")
    settings.STRIPE_WEBHOOK_SECRET = "whsec_known_to_all_and_good_for_tests_only"

    assert fail() == FAILED


def test_the_window_moves_with_the_clock(clock: Clock) -> None:
    assert fail() == FAILED
    clock.ahead = 40
    assert [fail() for _ in range(LIMIT)] == [FAILED] * (LIMIT - 1) + [SPENT]

    clock.ahead = 61  # the first has left the window, the others have not
    assert [fail(), fail()] == [FAILED, SPENT]
    clock.ahead = 2 * MINUTE + 2
    assert [fail() for _ in range(LIMIT + 1)] == [FAILED] * LIMIT + [SPENT]


def test_addresses_of_one_ipv6_network_share_a_budget() -> None:
    answers = [fail(f"2001:db8:1:2::{number}") for number in range(LIMIT + 1)]

    assert answers == [FAILED] * LIMIT + [SPENT]
    assert fail("2001:db8:1:3::1") == FAILED


def test_clients_without_an_address_share_a_budget() -> None:
    assert [fail("") for _ in range(LIMIT + 1)] == [FAILED] * LIMIT + [SPENT]


def test_a_limit_of_0_switches_limiting_off(settings: Settings) -> None:
    settings.WEBHOOK_RATE_LIMIT = 0

    assert {fail() for _ in range(20)} == {FAILED}


def test_a_limited_client_costs_no_query(django_assert_num_queries: DjangoAssertNumQueries) -> None:
    for _ in range(LIMIT + FIRST):
        fail(**sign(b"other"))

    with django_assert_num_queries(0):
        assert fail(**sign(b"other")) == SPENT


@pytest.mark.postgresql
def test_a_limited_client_costs_no_redis_call(redis: servers.Server) -> None:
    while fail() != SPENT:
        pass
    redis.pause()
    failures = count(metrics.LIMITER_FAILURES)

    assert {fail() for _ in range(50)} == {SPENT}
    assert count(metrics.LIMITER_FAILURES) == failures
    redis.resume()


@pytest.mark.postgresql
def test_budgets_are_shared_through_redis() -> None:
    assert [fail() for _ in range(LIMIT - 1)] == [FAILED] * (LIMIT - 1)
    reset()  # as another process, which has seen nothing

    assert [fail(), fail()] == [FAILED, SPENT]


@pytest.mark.postgresql
@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGSTOP])
def test_without_redis_nobody_is_limited(
    redis: servers.Server, how: signal.Signals, caplog: pytest.LogCaptureFixture
) -> None:
    fail()
    redis.down(how)
    failures = count(metrics.LIMITER_FAILURES)

    assert {fail() for _ in range(5 * LIMIT)} == {FAILED}
    assert count(metrics.LIMITER_FAILURES) == failures + 5 * LIMIT
    # Only one of them waited for it.
    assert caplog.text.count("rates are not counted") == 1


def test_the_number_of_remembered_clients_is_bounded() -> None:
    storage = BoundedStorage()
    tracemalloc.start()
    for number in range(3 * MOST_CLIENTS):
        storage.acquire_entry(f"client {number}", LIMIT, MINUTE)
        assert storage.acquire_entry("the one who floods", 10**6, MINUTE)
    size, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert storage.get_moving_window("the one who floods", 10**6, MINUTE)[1] == 3 * MOST_CLIENTS
    assert storage.get_moving_window("client 0", LIMIT, MINUTE)[1] == 0
    assert storage.reset() == MOST_CLIENTS
    assert size < 1000 * MOST_CLIENTS
