"""Measure acceptance and processing together, with two Celery workers."""

import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from http.client import HTTPConnection
from statistics import median

import psycopg

from benchmarks import hosts, tuning
from benchmarks.contenders import BILLED, ENDPOINT, Host
from benchmarks.load import drive, request_files
from benchmarks.payloads import fresh_bodies, write_requests
from benchmarks.stage import Stage
from webhooks.providers import PROVIDERS

DRAIN_SECONDS = 120
SENDERS = 4

END_TO_END = "end to end: accepted, and applied to billing by two Celery workers"
# From the rows' own times, so that nothing is slowed down by watching.
LATENCIES = """
SELECT extract(epoch FROM attempt.started_at - event.received_at) * 1000 + attempt.duration_ms
FROM webhooks_webhookevent event JOIN webhooks_attempt attempt ON attempt.event_id = event.id
"""
PENDING = "SELECT count(*) FROM webhooks_webhookevent WHERE status = 'pending'"
PROCESSED = "SELECT count(*) FROM webhooks_webhookevent WHERE status = 'processed'"


@dataclass(frozen=True, slots=True)
class Latency:
    """The time from an event's acceptance to the end of its processing, at a rate per second."""

    per_second: float
    median_ms: float
    p99_ms: float


@contextmanager
def workers(stage: Stage) -> Iterator[None]:
    """Run two Celery workers of one process each, and the beat."""
    celery = [sys.executable, "-m", "celery", "-A", "payments_project"]
    commands = [
        [*celery, "worker", "--concurrency=1", f"--hostname=w{number}@localhost"]
        for number in (1, 2)
    ]
    commands.append([*celery, "beat", f"--schedule={stage.folder / 'beat'}"])
    with (stage.folder / "celery.log").open("wb") as log:
        started = [
            subprocess.Popen(  # noqa: S603
                command, cwd=hosts.ROOT, env=stage.deferred, stdout=log, stderr=log
            )
            for command in commands
        ]
    try:
        yield
    finally:
        # All are told before any is waited for, so that they stop at the same time.
        for process in started:
            process.terminate()
        for process in started:
            process.wait(hosts.STOP_SECONDS)


def end_to_end(stage: Stage, seconds: int) -> float:
    """Return events per second from the first delivery until the last event is in billing."""
    stage.clear(Host.DEFERRED)
    count = tuning.FIRST_GUESS_PER_SECOND * seconds
    _prepare(stage, count)
    started = time.monotonic()
    drive(stage.ports[Host.DEFERRED], stage.folder / "requests", seconds=seconds, again=False)
    # The clock runs on until nothing is pending: accepting fast and processing late is no gain.
    _drain(stage)
    return stage.count(Host.DEFERRED, PROCESSED) / (time.monotonic() - started)


def latency(stage: Stage, per_second: float, seconds: int) -> Latency:
    """Measure the time from acceptance to the end of processing, at this rate of deliveries."""
    stage.clear(Host.DEFERRED)
    bodies = list(fresh_bodies(BILLED.event_types, int(per_second * seconds)))
    with ThreadPoolExecutor(SENDERS) as pool:
        for number in range(SENDERS):
            pool.submit(_send_paced, stage, bodies[number::SENDERS], SENDERS / per_second)
    _drain(stage)
    with psycopg.connect(stage.databases[Host.DEFERRED]) as connection:
        taken = sorted(float(row[0]) for row in connection.execute(LATENCIES))
    return Latency(len(taken) / seconds, median(taken), taken[int(len(taken) * 0.99)])


def _send_paced(stage: Stage, bodies: list[bytes], interval: float) -> None:
    provider = PROVIDERS["stripe"]
    port = stage.ports[Host.DEFERRED]
    due = time.monotonic()
    with closing(HTTPConnection("127.0.0.1", port)) as connection:
        # By a schedule and not by a pause: a slow answer must not slow the load down.
        for body in bodies:
            time.sleep(max(0.0, due - time.monotonic()))
            headers = provider.sign(body, secret=stage.secret, now=datetime.now(UTC))
            connection.request("POST", ENDPOINT, body, headers)
            connection.getresponse().read()
            due += interval


def _prepare(stage: Stage, count: int) -> None:
    bodies = fresh_bodies(BILLED.event_types, count)
    write_requests(request_files(stage.folder / "requests"), ENDPOINT, bodies, stage.secret)


def _drain(stage: Stage) -> None:
    deadline = time.monotonic() + DRAIN_SECONDS
    while stage.count(Host.DEFERRED, PENDING):
        if time.monotonic() > deadline:
            raise TimeoutError("the workers did not come to an end")
        time.sleep(0.05)
