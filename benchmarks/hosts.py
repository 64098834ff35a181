"""The HTTP server under which every contender runs, and Python environments of their own."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from http.client import HTTPConnection, HTTPException
from pathlib import Path

from benchmarks import tuning
from webhooks.testing.servers import free_port

ROOT = Path(__file__).resolve().parent.parent
START_SECONDS = 60
STOP_SECONDS = 30

Environment = dict[str, str]


def granian(application: str) -> list[str]:
    """Return the options to serve a WSGI application with granian."""
    return [
        *("granian", "--interface", "wsgi", "--no-ws", "--port", "{port}"),
        *("--workers", str(tuning.WORKERS)),
        *("--blocking-threads", str(tuning.BLOCKING_THREADS)),
        application,
    ]


@contextmanager
def serving(
    python: Path, server_options: Sequence[str], environment: Environment, log: Path
) -> Iterator[int]:
    """Serve a WSGI application, and yield the port."""
    port = free_port()
    command = [option.format(port=port) for option in (str(python), "-m", *server_options)]
    with log.open("wb") as output:
        server = subprocess.Popen(  # noqa: S603
            command, cwd=ROOT, env={**os.environ, **environment}, stdout=output, stderr=output
        )
    try:
        _wait_until_answering(port, server, log)
        yield port
    finally:
        # Killed if need be: a server left behind would take part in every later measurement.
        server.terminate()
        try:
            server.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            server.kill()


def python_with(requirements: Path, folder: Path) -> Path:
    """Return the interpreter of a virtual environment with these packages, made once and kept."""
    # Of its own: dj-stripe needs other versions than the project.
    python = folder / "bin" / "python"
    installed = folder / "requirements.txt"
    if not installed.exists() or installed.read_bytes() != requirements.read_bytes():
        run(Path(sys.executable), "-m", "venv", "--clear", str(folder))
        pip = ("-m", "pip", "install", "--require-hashes", "--quiet", "--disable-pip-version-check")
        run(python, *pip, "-r", str(requirements))
        installed.write_bytes(requirements.read_bytes())
    return python


def run(python: Path, *arguments: str, environment: Environment | None = None) -> None:
    """Run a Python program of the project to its end. Raises `CalledProcessError`."""
    subprocess.run(  # noqa: S603
        [str(python), *arguments],
        cwd=ROOT,
        env={**os.environ, **(environment or {})},
        check=True,
        stdout=subprocess.DEVNULL,
    )


def _wait_until_answering(port: int, server: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        with (
            suppress(OSError, HTTPException),
            closing(HTTPConnection("127.0.0.1", port, timeout=5)) as connection,
        ):
            connection.request("GET", "/")
            connection.getresponse()
            return
        # A server that ended will never answer: its log says why.
        if server.poll() is not None:
            break
        time.sleep(0.1)
    raise RuntimeError(log.read_text(errors="replace"))
