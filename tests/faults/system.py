"""The deployment under test: a web server, a worker, beat, and their PostgreSQL and Redis."""

import json
import time
from collections.abc import Callable, Collection, Iterator
from concurrent.futures import Future, ThreadPoolExecutor, as_completed
from contextlib import contextmanager, suppress
from http.client import HTTPException
from pathlib import Path
from typing import Any

import psycopg
import pytest
from django.conf import settings
from django.utils import timezone

from tests.faults import points
from tests.faults.programs import Program
from webhooks.providers import PROVIDERS
from webhooks.testing import sample
from webhooks.testing.sending import Answer, Unreachable, send
from webhooks.testing.servers import Server

DEADLINE_SECONDS = 40
SENDERS = 4

CELERY = ("-m", "celery", "-A", "payments_project.celery:app")
GRANIAN = ("-m", "granian", "--interface", "wsgi", "--blocking-threads", "4", "--no-ws")


def make(event_type: str) -> dict[str, Any]:
    """A new event."""
    return sample(event_type)


def refunds(count: int) -> list[dict[str, Any]]:
    """Events of which each has one effect, and makes one entry in the billing history."""
    return [make("refund.created") for _ in range(count)]


class System:
    """Everything that runs, and what can be asked of it."""

    def __init__(
        self,
        environment: dict[str, str],
        postgresql: Server,
        redis: Server,
        port: int,
        folder: Path,
    ) -> None:
        self.environment = environment
        self.postgresql = postgresql
        self.redis = redis
        self.port = port
        self.folder = folder
        self.web = self.program(
            "web", *GRANIAN, "--port", str(port), "payments_project.wsgi:application"
        )
        self.worker = self.worker_on("webhooks")
        self.beat = self.program("beat", *CELERY, "beat", "--schedule", str(folder / "schedule"))
        self.programs = [self.web, self.worker, self.beat]

    def program(self, name: str, *command: str) -> Program:
        """A program in the deployment's surroundings."""
        return Program([*command], self.environment, self.folder / f"{name}.log")

    def worker_on(self, queue: str) -> Program:
        """A worker that listens for the messages of this queue."""
        options = ["--queues", queue, "--concurrency", "2", "--loglevel", "INFO"]
        return self.program(f"worker-{queue}", *CELERY, "worker", *options)

    def order(self, point: str, action: str) -> None:
        """Have this done to the next process that comes to the point."""
        for old in self.folder.glob(f"{point}.*"):
            old.unlink()
        points.order(self.folder, point, action)

    def taken_by(self, point: str) -> int | None:
        """The process that came to the point and did as ordered."""
        return points.taken_by(self.folder, point)

    def query(self, sql: str, *parameters: object) -> list[tuple[Any, ...]]:
        """Ask the database."""
        with psycopg.connect(self.postgresql.url) as connection:
            return connection.execute(sql, parameters).fetchall()

    def wait_until(self, condition: Callable[[], object]) -> None:
        """Wait for what the programs are to bring about; tell what they said when they don't."""
        deadline = time.monotonic() + DEADLINE_SECONDS
        while not condition():
            if time.monotonic() > deadline:
                said = "\n".join(f"{p.log.name}:\n{p.tail()}" for p in self.programs)
                pytest.fail(f"it did not come about in time\n{said}")
            time.sleep(0.05)

    def tally(self, table: str, ids: Collection[str]) -> dict[str, int]:
        """How many rows a table has of each of these events."""
        sql = f"SELECT event_id, count(*) FROM {table} WHERE event_id = ANY(%s) GROUP BY event_id"  # noqa: S608
        return dict(self.query(sql, list(ids)))

    def check(self, ids: Collection[str]) -> None:
        """Every one of these events is recorded, nothing waits, and each had its effects once."""
        once = dict.fromkeys(ids, 1)
        assert self.tally("webhooks_webhookevent", ids) == once
        self.wait_until(self.nothing_waits)
        assert self.tally("faults_effect", ids) == once
        assert self.tally("billing_billingchange", ids) == once
        statuses = "SELECT DISTINCT status FROM webhooks_webhookevent WHERE event_id = ANY(%s)"
        assert self.query(statuses, list(ids)) == [("processed",)]

    def nothing_waits(self) -> bool:
        """True when every event is settled; what has ended meanwhile is started again."""
        # As a supervisor would: a worker whose broker dies while it acknowledges a message ends.
        for program in (self.worker, self.beat):
            if program.has_ended:
                program.start()
        return self.pending() == 0

    def pending(self) -> int:
        """How many events are not settled."""
        sql = "SELECT count(*) FROM webhooks_webhookevent WHERE status = 'pending'"
        count: int = self.query(sql)[0][0]
        return count

    def deliver(self, event: dict[str, Any]) -> Answer:
        """Deliver an event. Raises `Unreachable`."""
        body = json.dumps(event).encode()
        secret = settings.STRIPE_WEBHOOK_SECRET
        headers = PROVIDERS["stripe"].sign(body, secret=secret, now=timezone.now())
        url = f"http://127.0.0.1:{self.port}/webhooks/stripe"
        return send(url, body, headers, timeout_seconds=10)

    def insist(self, event: dict[str, Any]) -> str:
        """Deliver an event until it is received, as a provider would; its id."""
        deadline = time.monotonic() + DEADLINE_SECONDS
        while time.monotonic() < deadline:
            with suppress(Unreachable, HTTPException):
                if self.deliver(event).is_success:
                    break
            time.sleep(0.05)
        else:
            pytest.fail(f"{event['id']} was not received in time")
        return str(event["id"])

    @contextmanager
    def burst(self, events: list[dict[str, Any]]) -> Iterator[list[Future[str]]]:
        """Deliver events from several senders; a third is through when the block begins, and all
        are when it has ended."""
        with ThreadPoolExecutor(SENDERS) as pool:
            sent = [pool.submit(self.insist, event) for event in events]
            through = as_completed(sent, timeout=DEADLINE_SECONDS)
            for _ in range(len(events) // 3):
                next(through).result()
            assert not all(each.done() for each in sent)
            yield sent
            for each in through:
                each.result()
