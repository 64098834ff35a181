"""Wake-up calls: made for new work, few, and never missed when they are lost."""

import logging
import signal
import threading
import time
from collections.abc import Callable, Iterator

import pytest
from celery import Celery, current_app
from django.utils import timezone
from pytest_django import Settings
from redis import Redis

from webhooks import tasks
from webhooks.models import WebhookEvent
from webhooks.processing import wakeup
from webhooks.processing.sweep import sweep
from webhooks.testing import deliver, servers
from webhooks.tests.events import make_event

pytestmark = [pytest.mark.postgresql, pytest.mark.django_db]

QUEUE = "webhooks"


@pytest.fixture
def broker(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Iterator[servers.Server]:
    """A broker for one test, with a waker of its own."""
    settings.WEBHOOK_PROCESSING = "celery"
    with servers.redis_server() as server:
        app = Celery("of one test", broker=server.url, set_as_current=False)
        app.conf.update(task_default_queue=QUEUE, broker_connection_timeout=0.2)
        app.conf.broker_transport_options = {"socket_timeout": 0.2}
        monkeypatch.setattr(wakeup, "current_app", app)
        monkeypatch.setattr(wakeup, "_waker", None)
        yield server
        if wakeup._waker:
            wakeup._waker.called.clear()


def calls(broker: servers.Server) -> int:
    with Redis.from_url(broker.url) as client:
        return int(client.llen(QUEUE))


def wait_until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def unheard(caplog: pytest.LogCaptureFixture) -> list[str | None]:
    """The threads in which a call found no broker to hear it."""
    return [
        record.threadName
        for record in caplog.records
        if "no broker to call the workers with" in record.getMessage()
    ]


def drain() -> None:
    current_app.tasks[wakeup.DRAIN].apply(throw=True)


def test_a_new_event_publishes_a_message_and_a_repeat_does_not(
    broker: servers.Server,
) -> None:
    event = make_event()
    deliver(event)
    wait_until(lambda: calls(broker) == 1)
    with Redis.from_url(broker.url) as client:
        client.flushall()

    assert "idempotent_replay" in deliver(event).json()
    deliver(make_event())
    wait_until(lambda: calls(broker) > 0)
    assert calls(broker) == 1


def test_what_is_known_wakes_nobody(broker: servers.Server, settings: Settings) -> None:
    event = make_event()
    settings.WEBHOOK_PROCESSING = "loop"
    deliver(event)
    settings.WEBHOOK_PROCESSING = "celery"
    before = set(threading.enumerate())

    assert "idempotent_replay" in deliver(event).json()
    # The first that is worth a call starts the thread that makes it.
    assert set(threading.enumerate()) == before
    deliver(make_event())
    assert len(set(threading.enumerate()) - before) == 1


def test_messages_are_coalesced(broker: servers.Server) -> None:
    for _ in range(1000):
        wakeup.wake()

    wait_until(lambda: calls(broker) > 0)
    assert calls(broker) <= 3


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGSTOP])
def test_no_delivery_waits_for_a_broker_that_is_away_or_hangs(
    broker: servers.Server, caplog: pytest.LogCaptureFixture, how: signal.Signals
) -> None:
    broker.down(how)
    answers = [deliver(make_event()) for _ in range(20)]

    assert {answer.status_code for answer in answers} == {200}
    assert WebhookEvent.objects.due(timezone.now()).count() == 20
    wait_until(lambda: bool(unheard(caplog)))
    # Whoever delivers is in another thread: only this one asked the broker.
    assert set(unheard(caplog)) == {"webhooks-waker"}


def test_messages_are_published_again_once_the_broker_is_back(
    broker: servers.Server, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(wakeup, "RECOVERY_SECONDS", 0.05)
    wakeup.wake()
    wait_until(lambda: calls(broker) == 1)
    broker.down(signal.SIGKILL)
    with caplog.at_level(logging.WARNING):
        wakeup.wake()
        wait_until(lambda: "no broker" in caplog.text)
    broker.up()

    def call() -> bool:
        wakeup.wake()
        return calls(broker) > 0

    wait_until(call)


def test_a_message_makes_a_worker_process_what_is_due(settings: Settings) -> None:
    settings.WEBHOOK_PROCESSING = "loop"
    for _ in range(3):
        deliver(make_event())
    drain()

    assert WebhookEvent.objects.filter(status="ignored").count() == 3
    drain()
    assert set(WebhookEvent.objects.values_list("attempts", flat=True)) == {1}


def test_a_long_backlog_is_continued_by_another_message(
    broker: servers.Server, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.WEBHOOK_PROCESSING = "loop"
    monkeypatch.setattr(tasks, "TURN_SECONDS", 0)
    for _ in range(2):
        deliver(make_event())
    drain()

    assert WebhookEvent.objects.filter(status="ignored").count() == 1
    wait_until(lambda: calls(broker) == 1)
    assert len(list(sweep())) == 1
