"""What must cost the same however much there is."""

import os
import subprocess
import sys

import psycopg
import pytest
from django.conf import settings

from tests.processes import Environment

pytestmark = pytest.mark.postgresql

RECORD_MANY = """
INSERT INTO webhooks_webhookevent (
    provider, event_id, endpoint, type, object_type, object_id, customer_id, account, livemode,
    api_version, body, sha256, secret_id, received_at, last_received_at, available_at, attempts,
    status
)
SELECT 'stripe', 'evt_' || n, 'stripe', 'refund.created', '', '', '', '', false,
    '', convert_to('{"id": "evt_' || n || '"}', 'UTF8'), '', '', now(), now(), now(), 1, 'processed'
FROM generate_series(%s::integer, %s::integer) AS n
"""


def record(environment: Environment, first: int, last: int) -> None:
    with psycopg.connect(environment["DATABASE_URL"]) as connection:
        connection.execute(RECORD_MANY, [first, last])


def pending(environment: Environment) -> int:
    sql = "SELECT count(*) FROM webhooks_webhookevent WHERE status = 'pending'"
    with psycopg.connect(environment["DATABASE_URL"]) as connection:
        count: int = connection.execute(sql).fetchall()[0][0]
    return count


def peak_memory(environment: Environment, *command: str) -> int:
    """What a management command takes at most, as the system counts it."""
    arguments = [sys.executable, "manage.py", *command]
    started = subprocess.Popen(
        arguments, cwd=settings.BASE_DIR, env=environment, stdout=subprocess.DEVNULL
    )
    _, status, usage = os.wait4(started.pid, 0)
    assert status == 0
    started.returncode = 0
    return usage.ru_maxrss


def test_a_replay_of_many_events_takes_no_more_memory(environment: Environment) -> None:
    environment |= {"WEBHOOK_PROCESSING": "loop"}
    record(environment, 1, 1000)
    few = peak_memory(environment, "replay_events", "--type", "refund.*")
    assert pending(environment) == 1000

    record(environment, 1001, 100_000)
    many = peak_memory(environment, "replay_events", "--type", "refund.*")
    assert pending(environment) == 100_000
    assert many < few * 1.2
