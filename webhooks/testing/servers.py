"""Real PostgreSQL and Redis servers, started for a while in a temporary folder.

The programs come out of Python packages, so nothing has to be installed on the machine.
"""

import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
from redis import Redis
from redis.exceptions import ConnectionError as RedisUnreachable

from webhooks.testing.server_process import Server, folder_for, kept, wait
from webhooks.testing.server_programs import (
    POSTGRESQL,
    REDIS,
    as_ordinary_user,
    postgresql_program,
    reachable,
    redis_program,
)

__all__ = [
    "Server",
    "free_port",
    "postgresql",
    "postgresql_program",
    "postgresql_server",
    "redis",
    "redis_server",
]

HASTE = ("-c", "fsync=off", "-c", "synchronous_commit=off", "-c", "full_page_writes=off")


@contextmanager
def postgresql(*, durable: bool, options: tuple[str, ...] = ()) -> Iterator[str]:
    """Like `postgresql_server`; yields the URL alone."""
    with postgresql_server(durable=durable, options=options) as server:
        yield server.url


@contextmanager
def postgresql_server(*, durable: bool, options: tuple[str, ...] = ()) -> Iterator[Server]:
    """Run a PostgreSQL 18 server; its URL is that of an empty database on a Unix socket.

    `durable` is what production needs: commits survive a power cut. Without it they're faster.
    `options` go to the server as they are: `("-c", "name=value", …)`.
    """
    with folder_for("postgresql") as folder:
        data = folder / "data"
        programs = reachable(postgresql_program("postgres"), POSTGRESQL, folder).parent
        initdb = [str(programs / "initdb"), f"--pgdata={data}", "--username=postgres"]
        # Who may open the folder may connect; C collation sorts alike on every machine.
        initdb += ["--auth=trust", "--encoding=UTF8", "--locale=C"]
        # What a test keeps need not survive a power cut.
        initdb += [] if durable else ["--no-sync"]
        subprocess.run(
            initdb, check=True, cwd=folder, stdout=subprocess.DEVNULL, **as_ordinary_user()
        )
        command = [str(programs / "postgres"), "-D", str(data), "-k", str(folder)]
        # A Unix socket in a folder of our own: no port to collide with, and nobody else to let in.
        command += ["-c", "listen_addresses=", *([] if durable else HASTE), *options]
        url = f"postgres://postgres@/postgres?host={folder}"

        def ready() -> None:
            wait(lambda: psycopg.connect(url).close(), psycopg.OperationalError, folder)

        with kept(command, folder) as keeper:
            yield Server(url, keeper, ready)


@contextmanager
def redis() -> Iterator[str]:
    """Like `redis_server`; yields the URL alone."""
    with redis_server() as server:
        yield server.url


@contextmanager
def redis_server() -> Iterator[Server]:
    """Run a Redis server that keeps nothing on disk; its URL is on the loopback interface."""
    with folder_for("redis") as folder:
        port = free_port()
        command = [str(reachable(redis_program(), REDIS, folder)), "--port", str(port)]
        # It has no password, so it must listen on loopback alone.
        command += ["--bind", "127.0.0.1", "--save", "", "--dir", str(folder)]
        url = f"redis://127.0.0.1:{port}/0"
        with kept(command, folder) as keeper, Redis.from_url(url) as client:
            yield Server(url, keeper, lambda: wait(client.ping, RedisUnreachable, folder))


def free_port() -> int:
    """Return a TCP port of the loopback interface that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        # Somebody may still take it before it is used, which servers then say at their start.
        port: int = probe.getsockname()[1]
        return port
