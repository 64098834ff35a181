"""Commands in processes which have the libraries already: to import them takes longer than to run.

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
from functools import cache
from importlib import import_module
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Lock

from django.conf import settings

SECONDS = 60
LIBRARIES = (
    *("celery.app.base", "celery.bin.celery", "cryptography.fernet", "qrcode", "redis"),
    *("django.contrib.admin", "django.core.handlers.wsgi", "django.core.management"),
    *("django.db.backends.postgresql.base", "django.db.backends.sqlite3.base"),
    *("django_filters", "jsonschema", "rest_framework.serializers", "stripe"),
)
"""What takes long to import, and can be before there are settings."""

_lock = Lock()


def run(environment: dict[str, str], *command: str) -> subprocess.CompletedProcess[str]:
    """Run what would follow `python` on a command line to its end, in the project's folder."""
    with _lock, TemporaryDirectory(prefix="warm-") as folder:
        parent = _parent()
        assert parent.stdin
        assert parent.stdout
        order = {"environment": environment, "command": command, "folder": folder}
        parent.stdin.write(json.dumps(order) + "\n")
        parent.stdin.flush()
        code = int(parent.stdout.readline())
        output, errors = (Path(folder, name).read_text() for name in ("stdout", "stderr"))
    return subprocess.CompletedProcess(command, code, output, errors)


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
        child = os.fork()
        if not child:
            _become(**order)
            return
        _, status = os.waitpid(child, 0)
        print(os.waitstatus_to_exitcode(status), flush=True)  # noqa: T201


def _become(environment: dict[str, str], command: list[str], folder: str) -> None:
    """Go on as the command, and end as a process does that was started for it."""
    signal.alarm(SECONDS)
    os.environ.clear()
    os.environ.update(environment)
    for number, name in ((0, os.devnull), (1, f"{folder}/stdout"), (2, f"{folder}/stderr")):
        os.dup2(os.open(name, os.O_RDWR | os.O_CREAT), number)
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
