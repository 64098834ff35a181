"""Servers that are killed, stopped, restarted and emptied while events come in."""

import json
import signal
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from redis import Redis

from tests.faults import points
from tests.faults.system import System, refunds

pytestmark = pytest.mark.postgresql

BURST = 150


def test_the_web_server_is_killed_in_the_middle_of_a_burst(system: System) -> None:
    with system.burst(refunds(BURST)) as sent:
        system.web.kill()
        system.web.start()

    system.check([each.result() for each in sent])


def test_the_web_server_is_killed_between_a_commit_and_its_answer(system: System) -> None:
    (event,) = refunds(1)
    system.order(points.RECORDED, points.KILL_ALL)
    with ThreadPoolExecutor(1) as pool:
        sent = pool.submit(system.insist, event)
        system.wait_until(lambda: not system.web.is_running)
        system.web.start()

    system.check([sent.result()])
    told = "SELECT deliveries FROM webhooks_webhookevent WHERE event_id = %s"
    assert system.query(told, event["id"]) == [(2,)]


def test_postgresql_is_stopped_and_started_in_the_middle_of_a_burst(system: System) -> None:
    with system.burst(refunds(BURST)) as sent:
        system.postgresql.down(signal.SIGQUIT)
        system.wait_until(lambda: refusal(system) == "storage_unavailable")
        system.postgresql.up()

    system.check([each.result() for each in sent])


def refusal(system: System) -> str | None:
    """Why an event is refused."""
    answer = system.deliver(refunds(1)[0])
    return None if answer.is_success else json.loads(answer.body)["code"]


def each_twice(events: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The events, each beside its double, so that both arrive together."""
    return [event for event in events for _ in range(2)]


def test_redis_is_killed_and_started_in_the_middle_of_a_burst(system: System) -> None:
    with system.burst(each_twice(refunds(BURST))) as sent:
        system.redis.down(signal.SIGKILL)
        for event in refunds(10):
            assert system.deliver(event).status == 200
        system.redis.up()

    system.check([each.result() for each in sent])


def test_redis_is_emptied_in_the_middle_of_a_burst(system: System) -> None:
    events = each_twice(refunds(BURST))
    with system.burst(events) as sent, Redis.from_url(system.redis.url) as client:
        while not all(each.done() for each in sent):
            client.flushall()

    system.check([each.result() for each in sent])
