"""Redis beside the database: floods, locks, and every way in which Redis can fail."""

import signal
import socket
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import connection, transaction
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries, Settings
from redis import Redis

from webhooks.events import Event
from webhooks.guards import replay_cache
from webhooks.guards.circuit_breaker import Breaker
from webhooks.guards.replay_cache import FLOOD, LOCK_SECONDS
from webhooks.models import Replay, WebhookEvent
from webhooks.processing import claims
from webhooks.processing.process import process
from webhooks.processing.sweep import sweep
from webhooks.testing import deliver, servers
from webhooks.tests.events import make_event

pytestmark = [pytest.mark.postgresql, pytest.mark.django_db]

EVENT = Event(provider="stripe", id="evt_1", type="test.happened", payload={})


@pytest.fixture
def server(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Iterator[servers.Server]:
    """A Redis server for one test, whose failures are nobody else's."""
    settings.WEBHOOK_PROCESSING = "loop"
    monkeypatch.setattr(replay_cache, "_breaker", Breaker())
    with servers.redis_server() as server:
        settings.REDIS_URL = server.url
        settings.CACHES = {"default": settings.CACHES["default"] | {"LOCATION": server.url}}
        replay_cache._script.cache_clear()
        yield server
    replay_cache._script.cache_clear()


@pytest.fixture
def redis(server: servers.Server, settings: Settings) -> Iterator["Redis"]:
    """Return a client of the server, for tests of what is done with a Redis that works."""
    # A busy machine may take longer for an answer than a delivery waits for one, and going on
    # without Redis is what other tests are about.
    patient = {"SOCKET_CONNECT_TIMEOUT": 10, "SOCKET_TIMEOUT": 10}
    settings.CACHES = {"default": settings.CACHES["default"] | {"OPTIONS": patient}}
    with Redis.from_url(server.url) as client:
        yield client


@pytest.fixture
def connected(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """Where this process has tried to connect to."""
    tried: list[Any] = []
    connect = socket.socket.connect

    def noted(self: socket.socket, address: Any) -> None:
        tried.append(address)
        connect(self, address)

    monkeypatch.setattr(socket.socket, "connect", noted)
    return tried


def answer(event: dict[str, Any]) -> tuple[int, bool]:
    """The status, and whether the event had been received before."""
    response = deliver(event)
    return response.status_code, "idempotent_replay" in response.json()


def deliveries(event: dict[str, Any]) -> int:
    return WebhookEvent.objects.get(event_id=event["id"]).deliveries


@pytest.mark.usefixtures("redis")
def test_a_flood_of_repeats_costs_no_query_and_is_counted(
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    event = make_event()
    assert answer(event) == (200, False)
    assert {answer(event) for _ in range(FLOOD)} == {(200, True)}
    assert deliveries(event) == 1 + FLOOD

    with django_assert_num_queries(0):
        assert {answer(event) for _ in range(FLOOD - 1)} == {(200, True)}
    with django_assert_num_queries(1):
        assert answer(event) == (200, True)
    assert deliveries(event) == 1 + 2 * FLOOD


@pytest.mark.parametrize("seconds", [3600, 40])
def test_a_lock_ends_with_its_delivery_and_the_event_is_remembered_as_long_as_is_set(
    redis: "Redis", settings: Settings, seconds: int
) -> None:
    assert settings.WEBHOOK_REPLAY_CACHE_SECONDS == 3600
    settings.WEBHOOK_REPLAY_CACHE_SECONDS = seconds
    with replay_cache.delivery(EVENT) as delivery:
        (key,) = redis.keys()
        assert 0 < redis.ttl(key) <= LOCK_SECONDS
        delivery.is_recorded = True

    assert redis.get(key) == b"0"
    assert LOCK_SECONDS < redis.ttl(key) <= seconds


def test_nothing_is_remembered_for_no_time(redis: "Redis", settings: Settings) -> None:
    settings.WEBHOOK_REPLAY_CACHE_SECONDS = 0
    with replay_cache.delivery(EVENT) as delivery:
        delivery.is_recorded = True

    assert redis.keys() == []


def test_a_failed_delivery_leaves_no_lock_and_no_memory(redis: "Redis") -> None:
    with pytest.raises(LookupError), replay_cache.delivery(EVENT):
        raise LookupError

    assert redis.keys() == []


def test_a_lock_is_released_only_by_its_owner(redis: "Redis") -> None:
    with replay_cache.delivery(EVENT) as delivery:
        (key,) = redis.keys()
        redis.set(key, "Lanother")  # this one was slow, its lock ran out, and another has it
        delivery.is_recorded = True

    assert redis.get(key) == b"Lanother"


def test_a_delivery_waits_for_the_one_before_it(redis: "Redis") -> None:
    def second() -> int:
        with replay_cache.delivery(EVENT) as delivery:
            return delivery.to_count

    with ThreadPoolExecutor(1) as pool:
        with replay_cache.delivery(EVENT) as first:
            waiting = pool.submit(second)
            assert not waiting.done()
            first.is_recorded = True
        assert waiting.result() == 1
    (key,) = redis.keys()
    assert redis.get(key) == b"1"


def test_an_abandoned_lock_expires(redis: "Redis") -> None:
    event = make_event()
    key = f"webhooks:delivery:stripe:{event['id']}"
    redis.set(key, "Llost", ex=LOCK_SECONDS)

    assert answer(event) == (200, False)
    # It was answered before the lock had expired.
    assert redis.get(key) == b"Llost"
    assert deliveries(event) == 1
    assert answer(event) == (200, True)


def kill(server: servers.Server) -> None:
    server.down(signal.SIGKILL)


def hang(server: servers.Server) -> None:
    server.pause()


def flush(server: servers.Server) -> None:
    with Redis.from_url(server.url) as client:
        client.flushall()


@pytest.mark.parametrize("fail", [kill, hang, flush])
def test_losing_redis_changes_no_response_and_no_count(
    server: servers.Server,
    fail: Callable[[servers.Server], None],
    connected: list[Any],
) -> None:
    known, new = make_event(), make_event()
    assert answer(known) == (200, False)
    fail(server)

    connected.clear()
    assert answer(known) == (200, True)
    # A client's own retries, which back off, would connect again and again.
    assert len(connected) <= 1
    assert [answer(new), answer(new), answer(known)] == [(200, False), (200, True), (200, True)]
    assert (deliveries(known), deliveries(new)) == (3, 2)


def test_redis_failing_during_a_delivery_does_no_harm(
    server: servers.Server,
) -> None:
    with replay_cache.delivery(EVENT) as delivery:
        kill(server)
        delivery.is_recorded = True


def test_after_one_failure_redis_is_not_waited_for(
    server: servers.Server, caplog: pytest.LogCaptureFixture
) -> None:
    event = make_event()
    answer(event)
    hang(server)

    assert {answer(event) for _ in range(21)} == {(200, True)}
    assert deliveries(event) == 22
    assert caplog.text.count("going on without Redis") == 1


def test_redis_is_used_again_once_it_is_back(
    server: servers.Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(replay_cache, "BREAK_SECONDS", 0.05)
    event = make_event()
    kill(server)
    answer(event)
    server.up()

    deadline = time.monotonic() + 10
    with Redis.from_url(server.url) as client:
        while not client.keys():
            assert time.monotonic() < deadline
            answer(event)


def test_release_event_frees_lock_and_lease_on_the_record(redis: "Redis") -> None:
    event = make_event()
    deliver(event)
    row = WebhookEvent.objects.get()
    lost = claims.claim(row.pk, now=timezone.now())
    assert lost
    (key,) = redis.keys()
    redis.set(key, "Llost", ex=LOCK_SECONDS)

    call_command("release_event", event["id"], reason="the worker is gone", verbosity=0)
    assert redis.keys() == []
    assert Replay.objects.get().reason == "the worker is gone"
    (attempt,) = sweep()
    assert (attempt.trigger, attempt.replay) == ("command", Replay.objects.get())
    assert process(lost, now=timezone.now()) is None


def test_release_event_does_its_work_without_redis(server: servers.Server) -> None:
    event = make_event()
    deliver(event)
    claims.claim(WebhookEvent.objects.get().pk, now=timezone.now())
    kill(server)

    call_command("release_event", event["id"], verbosity=0)
    assert len(list(sweep())) == 1


@pytest.mark.usefixtures("server")
@pytest.mark.django_db(transaction=True)
def test_release_event_refuses_an_event_being_processed() -> None:
    event = make_event()
    deliver(event)
    taken = claims.claim(WebhookEvent.objects.get().pk, now=timezone.now())

    def release() -> None:
        try:
            call_command("release_event", event["id"], verbosity=0)
        finally:
            connection.close()

    with transaction.atomic(), ThreadPoolExecutor(1) as pool:
        WebhookEvent.objects.select_for_update().get()
        with pytest.raises(CommandError, match="A worker is processing"):
            pool.submit(release).result()
    assert not Replay.objects.exists()
    assert taken
    assert WebhookEvent.objects.get().claimed_at
