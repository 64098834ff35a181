"""Real processes of the project's, and what to ask of them."""

import sqlite3
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from http.client import HTTPConnection, HTTPException
from typing import Any

import psycopg
import pytest

from payments_project.development import server_command
from tests import warm
from webhooks.testing.servers import free_port

Environment = dict[str, str]

START_SECONDS = 60


def manage(environment: Environment, *arguments: str) -> str:
    """Run a management command in a process of its own; its output."""
    done = warm.run(environment, "manage.py", *arguments)
    assert done.returncode == 0, done.stderr
    return done.stdout


def query(environment: Environment, sql: str) -> list[tuple[Any, ...]]:
    """The rows that a query finds in the database of an environment."""
    if environment["DATABASE_URL"]:
        with psycopg.connect(environment["DATABASE_URL"]) as connection:
            return connection.execute(sql).fetchall()
    with closing(sqlite3.connect(environment["DATABASE_PATH"])) as file:
        return file.execute(sql).fetchall()


@contextmanager
def process(environment: Environment, *command: str) -> Iterator[warm.Started]:
    """A Python process of this project's, stopped at the end."""
    started = warm.Started(environment, *command)
    try:
        yield started
    finally:
        started.terminate()
        started.communicate(timeout=30)


@contextmanager
def server(environment: Environment, *, workers: int = 1) -> Iterator[str]:
    """The project under granian; yields its address."""
    port = free_port()
    _, *command = server_command(port, workers=workers)
    # Nobody reads what it says, and a pipe that is full of it would hold it up.
    with process(environment | {"LOG_LEVEL": "WARNING"}, *command) as started:
        wait_until(lambda: answers(port), started)
        yield f"http://127.0.0.1:{port}"


def answers(port: int) -> bool:
    """Whether a server is alive at this port."""
    with suppress(OSError, HTTPException), closing(HTTPConnection("127.0.0.1", port)) as connection:
        connection.request("GET", "/healthz")
        return connection.getresponse().status == 200
    return False


def wait_until(
    condition: Callable[[], bool], started: subprocess.Popen[str] | warm.Started | None = None
) -> None:
    """Wait for what a process is to bring about; fail when it ends, or when it takes too long."""
    deadline = time.monotonic() + START_SECONDS
    while not condition():
        if started and started.poll() is not None:
            pytest.fail(f"the process ended:\n{started.communicate()[0]}")
        if time.monotonic() > deadline:
            pytest.fail("it did not come about in time")
        time.sleep(0.05)
