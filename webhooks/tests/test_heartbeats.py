import threading
from datetime import timedelta
from typing import Any

import pytest
from django.db import OperationalError, connection
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries, Settings

from webhooks import tasks
from webhooks.monitoring import heartbeats
from webhooks.monitoring.heartbeats import Kind
from webhooks.processing.sweep import sweep_until
from webhooks.testing import deliver
from webhooks.tests.events import make_event

pytestmark = pytest.mark.django_db


def test_a_worker_is_seen_at_any_task_and_beat_at_its_own_alone() -> None:
    tasks.drain.apply()
    assert set(heartbeats.last_seen()) == {Kind.WORKER}

    tasks.beat.apply()
    assert set(heartbeats.last_seen()) == {Kind.WORKER, Kind.BEAT}


def test_a_loop_is_seen_at_each_turn_though_nothing_is_due() -> None:
    turns = []

    class Stop(threading.Event):
        def wait(self, timeout: float | None = None) -> bool:
            turns.append(heartbeats.last_seen()[Kind.LOOP])
            return self.is_set()

        def is_set(self) -> bool:
            return len(turns) == 2

    moments = [timezone.now(), timezone.now() + timedelta(minutes=1)]
    list(sweep_until(Stop(), poll_seconds=7, clock=lambda: moments[len(turns)]))

    assert turns == moments


def test_it_is_written_once_in_ten_seconds_however_the_clock_is_set(
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    now = timezone.now()
    heartbeats.seen(Kind.WORKER, now=now)
    with django_assert_num_queries(0):
        heartbeats.seen(Kind.WORKER, now=now + timedelta(seconds=9))
    for moment in (now + timedelta(seconds=10), now - timedelta(hours=1)):
        heartbeats.seen(Kind.WORKER, now=moment)
        assert heartbeats.last_seen() == {Kind.WORKER: moment}


@pytest.mark.django_db(transaction=True)
def test_a_loop_works_though_its_heartbeat_cannot_be_written(settings: Settings) -> None:
    settings.WEBHOOK_PROCESSING = "loop"

    def away(execute: Any, sql: str, *arguments: Any) -> Any:
        if "heartbeat" in sql:
            raise OperationalError
        return execute(sql, *arguments)

    class Stop(threading.Event):
        def wait(self, timeout: float | None = None) -> bool:
            self.set()
            return True

    deliver(make_event())
    with connection.execute_wrapper(away):
        attempts = list(sweep_until(Stop(), poll_seconds=0))

    assert len(attempts) == 1
    assert heartbeats.last_seen() == {}
