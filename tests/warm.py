"""Processes which have the libraries already: to import them takes longer than most commands run.

`python -m tests.warm` imports what is others' and reads no setting, and forks for each command. The
project is imported in the fork, under the environment that the test has given it.
"""

import atexit
import gc
import json
import os
import runpy
import signal
import subprocess
import sys
import time
from functools import cache
from importlib import import_module
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Lock
from typing import Any

from django.conf import settings

RUN_SECONDS = 60
LIFE_SECONDS = 600
"""The longest that a process lives: it outlives no suite that was killed by much."""

LIBRARIES = (
    *("celery.app.base", "celery.bin.celery", "cryptography.fernet", "qrcode", "redis"),
    *("cryptography.hazmat.primitives.kdf.hkdf", "granian.cli", "limits.strategies"),
    *("django.contrib.admin", "django.core.handlers.wsgi", "django.core.management"),
    *("django.db.backends.postgresql.base", "django.db.backends.sqlite3.base"),
    *("django_filters", "jsonschema", "rest_framework.serializers", "stripe"),
)
"""What takes long to import, and can be before there are settings."""

_lock = Lock()


def run(environment: dict[str, str], *command: str) -> subprocess.CompletedProcess[str]:
    """Run what would follow `python` on a command line to its end, in the project's folder."""
    with TemporaryDirectory(prefix="warm-") as folder:
        outputs = [str(Path(folder, name)) for name in ("stdout", "stderr")]
        pid = _fork(environment, command, outputs, RUN_SECONDS)
        code = _ask(await_end=pid)
        output, errors = (Path(each).read_text() for each in outputs)
    return subprocess.CompletedProcess(command, code, output, errors)


class Started:
    """A process that goes on by itself; it does as `subprocess.Popen` does."""

    def __init__(self, environment: dict[str, str], *command: str) -> None:
        """Start what would follow `python` on a command line, in the project's folder."""
        with TemporaryDirectory(prefix="warm-") as folder:
            pipe = Path(folder, "output")
            os.mkfifo(pipe)
            self.pid = _fork(environment, command, [str(pipe)], LIFE_SECONDS)
            self.stdout = pipe.open()
        self.returncode: int | None = None

    def poll(self) -> int | None:
        """Return the exit code; None while it runs."""
        if self.returncode is None:
            self.returncode = _ask(look_at=self.pid)
        return self.returncode

    def wait(self, timeout: float = LIFE_SECONDS) -> int:
        """Wait for the end, and return the exit code. Raises `TimeoutError`."""
        deadline = time.monotonic() + timeout
        while (code := self.poll()) is None:
            if time.monotonic() > deadline:
                raise TimeoutError(f"process {self.pid} did not end within {timeout} s")
            time.sleep(0.01)
        return code

    def communicate(self, timeout: float = LIFE_SECONDS) -> tuple[str, None]:
        """Read the rest of what it says, errors too, and wait for the end."""
        rest = "" if self.stdout.closed else self.stdout.read()
        self.stdout.close()
        self.wait(timeout)
        return rest, None

    def send_signal(self, number: signal.Signals) -> None:
        """Send a signal, unless it has ended."""
        if self.poll() is None:
            os.kill(self.pid, number)

    def terminate(self) -> None:
        """Ask it to end."""
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        """End it."""
        self.send_signal(signal.SIGKILL)


def _fork(
    environment: dict[str, str], command: tuple[str, ...], outputs: list[str], seconds: int
) -> int:
    order = {"environment": environment, "command": command}
    pid: int = _ask(fork={**order, "outputs": outputs, "seconds": seconds})
    return pid


def _ask(**order: Any) -> Any:
    """Give the parent of all an order, and return its answer."""
    with _lock:
        parent = _parent()
        assert parent.stdin
        assert parent.stdout
        parent.stdin.write(json.dumps(order) + "\n")
        parent.stdin.flush()
        return json.loads(parent.stdout.readline())


@cache
def _parent() -> subprocess.Popen[str]:
    parent = subprocess.Popen(
        [sys.executable, "-m", "tests.warm"],
        cwd=settings.BASE_DIR,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    # It ends with its orders, however we end; here it is also waited for.
    atexit.register(parent.communicate)
    return parent


def _serve() -> None:
    for name in LIBRARIES:
        import_module(name)
    gc.freeze()
    for line in sys.stdin:
        order = json.loads(line)
        if "fork" in order:
            answer: int | None = os.fork()
            if not answer:
                _become(**order["fork"])
                return
        elif "await_end" in order:
            answer = _ended(order["await_end"], 0)
        else:
            answer = _ended(order["look_at"], os.WNOHANG)
        print(json.dumps(answer), flush=True)  # noqa: T201


def _ended(child: int, options: int) -> int | None:
    pid, status = os.waitpid(child, options)
    return os.waitstatus_to_exitcode(status) if pid else None


def _become(
    environment: dict[str, str], command: list[str], outputs: list[str], seconds: int
) -> None:
    """Go on as the command, and end as a process does that was started for it."""
    signal.alarm(seconds)
    os.environ.clear()
    os.environ.update(environment)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    opened = [os.open(name, os.O_WRONLY | os.O_CREAT) for name in outputs]
    os.dup2(opened[0], 1)
    os.dup2(opened[-1], 2)
    # As for one that was started with PYTHONUNBUFFERED: whoever reads a pipe waits for lines.
    sys.stdout.reconfigure(line_buffering=True)  # type: ignore[union-attr]
    kind, *rest = command
    if kind == "-c":
        code, *rest = rest
        sys.argv = [kind, *rest]
        exec(code, {"__name__": "__main__"})  # noqa: S102
    elif kind == "-m":
        sys.argv = rest
        runpy.run_module(rest[0], run_name="__main__", alter_sys=True)
    else:
        sys.argv = command
        runpy.run_path(kind, run_name="__main__")


if __name__ == "__main__":
    _serve()
