"""Servers behind nginx that are stopped: what they were asked is answered, and the others serve."""

import socket
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing, contextmanager

import psycopg
import pytest

from payments_project.development import server_command
from tests.processes import Environment, answers, process, query, wait_until
from tests.system.nginx import Proxy, nginx
from tests.system.requests import answer, ask, delivery
from tests.warm import Started
from webhooks.testing.servers import free_port

SENDERS = 8
DELIVERIES = 2_000
MEANWHILE = 200
"""So many are answered before a server is stopped, while it is away, and once it is back."""


class Load:
    """Genuine deliveries on several connections, until there are enough and nobody needs more."""

    def __init__(self, proxy: Proxy, pool: ThreadPoolExecutor) -> None:
        self.statuses = Counter[int]()
        self.is_needed = True
        self._proxy = proxy
        self._senders = [pool.submit(self._send) for _ in range(SENDERS)]

    def go_on(self) -> None:
        """Wait until some more are answered."""
        wanted = self.statuses.total() + MEANWHILE
        wait_until(lambda: self.statuses.total() >= wanted)

    def end(self) -> Counter[int]:
        """Return how often which status was the answer, 0 for none."""
        self.is_needed = False
        for each in self._senders:
            each.result()
        return self.statuses

    def _send(self) -> None:
        while self._is_going_on():
            with closing(self._proxy.connect()) as wire:
                is_open = True
                while is_open and self._is_going_on():
                    wire.sendall(delivery())
                    told = answer(wire)
                    self.statuses[told.status] += 1
                    is_open = bool(told.status) and told.headers.get("connection") != "close"

    def _is_going_on(self) -> bool:
        return self.is_needed or self.statuses.total() < DELIVERIES


@contextmanager
def served(environment: Environment, port: int) -> Iterator[Started]:
    """Serve the project at a port, once it answers there."""
    _, *command = server_command(port, workers=2)
    with process(environment, *command) as started:
        wait_until(lambda: answers(port), started)
        yield started


def test_servers_restarted_one_after_the_other_lose_no_delivery(deployed: Environment) -> None:
    first, second = free_port(), free_port()
    with ExitStack() as stack:
        running = {port: stack.enter_context(served(deployed, port)) for port in (first, second)}
        proxy = stack.enter_context(nginx(f"127.0.0.1:{first}", second=f"127.0.0.1:{second}"))
        load = Load(proxy, stack.enter_context(ThreadPoolExecutor(SENDERS)))
        for port, old in running.items():
            load.go_on()
            old.terminate()
            assert old.wait() == 0
            load.go_on()
            stack.enter_context(served(deployed, port))
        load.go_on()
        statuses = load.end()

    number = statuses.total()
    assert number >= DELIVERIES
    assert statuses == {200: number}
    counted = query(
        deployed,
        "SELECT count(*), sum(attempts), count(*) FILTER (WHERE status = 'processed')"
        " FROM webhooks_webhookevent",
    )
    assert counted == [(number, number, number)]


@pytest.mark.postgresql
def test_a_server_that_is_told_to_stop_answers_what_it_was_asked(deployed: Environment) -> None:
    port = free_port()
    with (
        psycopg.connect(deployed["DATABASE_URL"]) as other,
        served(deployed, port) as running,
        nginx(f"127.0.0.1:{port}") as proxy,
        ThreadPoolExecutor(1) as pool,
    ):
        other.execute("LOCK TABLE webhooks_webhookevent IN EXCLUSIVE MODE")
        asked = pool.submit(ask, proxy, delivery())
        waiting = "SELECT 1 FROM pg_locks WHERE NOT granted"
        wait_until(lambda: bool(query(deployed, waiting)))
        running.terminate()
        wait_until(lambda: is_closed(port))
        other.commit()
        assert asked.result().status == 200
        assert running.wait() == 0


def is_closed(port: int) -> bool:
    """True when nobody listens on a port."""
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) != 0
