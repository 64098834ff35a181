"""The whole system on this machine, for a while: `make stack`.

PostgreSQL, Redis, an HTTP server with two workers, two Celery workers and beat, and a small Stripe
to call and to be called by. When it is stopped, everything goes, data included.
"""

import argparse
import multiprocessing
import os
import secrets
import shlex
import signal
import socket
import sys
import tempfile
from contextlib import ExitStack, suppress
from pathlib import Path
from threading import Timer

import django
from django.core.management import call_command
from django.db import connections
from honcho.manager import SIGNALS, Manager

from payments_project import development
from tests.stack_greeting import Greeting
from webhooks.testing.servers import free_port, postgresql, redis

Environment = dict[str, str]

PATIENCE_SECONDS = 0.1


class Processes(Manager):  # type: ignore[misc]
    """Processes that start and stop together. Honcho carries no types."""

    def terminate(self) -> None:
        """Stop them all, once each has told its pid: Honcho fails to stop one that has not."""
        if self._all_started():
            super().terminate()
        else:
            Timer(PATIENCE_SECONDS, os.kill, (os.getpid(), signal.SIGTERM)).start()


def main() -> None:
    """Start everything, tell how to use it, and stop it on Ctrl-C."""
    parser = argparse.ArgumentParser(prog="tests.stack", description=__doc__)
    parser.add_argument("--port", type=int, default=8000)
    port = parser.parse_args().port
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    _insist_on(port)
    with suppress(KeyboardInterrupt), ExitStack() as servers:
        folder = Path(servers.enter_context(tempfile.TemporaryDirectory(prefix="stack-")))
        redis_url = servers.enter_context(redis()).removesuffix("/0")
        settings = {
            "DATABASE_URL": servers.enter_context(postgresql(durable=True)),
            "REDIS_URL": f"{redis_url}/0",
            "CELERY_BROKER_URL": f"{redis_url}/1",
            "WEBHOOK_PROCESSING": "celery",
            "STRIPE_API_KEY": f"sk_test_{secrets.token_hex(12)}",
            "STRIPE_API_BASE": f"http://127.0.0.1:{free_port()}",
        }
        password = _prepare(settings)
        _write_manage(folder, settings)
        sys.exit(_run(port, folder, settings, password))


def _insist_on(port: int) -> None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError as error:
            sys.exit(f"Port {port} can't be had ({error.strerror}). Another: make stack PORT=8001")


def _prepare(settings: Environment) -> str | None:
    """Migrate, and make the staff account; its password."""
    os.environ.update(settings)
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "payments_project.settings")
    django.setup()
    call_command("migrate", verbosity=0)
    password = development.make_staff()
    connections.close_all()
    return password


def _write_manage(folder: Path, settings: Environment) -> None:
    """Write what runs manage.py with these settings. It goes with the stack, as they do."""
    variables = shlex.join(f"{name}={value}" for name, value in settings.items())
    command = shlex.join([sys.executable, "manage.py"])
    here = shlex.quote(str(Path.cwd()))
    (folder / "manage").write_text(f'cd {here} && exec env {variables} {command} "$@"\n')


def _manage(folder: Path) -> str:
    return shlex.join(["sh", str(folder / "manage")])


def _run(port: int, folder: Path, settings: Environment, password: str | None) -> int:
    """Run the processes until they are told to stop, or one of them ends; the exit status."""
    manager = Processes()
    # What is logged of each delivery would hide the rest.
    environment = {"LOG_LEVEL": "WARNING", **os.environ, "PYTHONUNBUFFERED": "1"}
    # With DEBUG, Celery warns of the queries that Django then keeps.
    of_workers = {**environment, "DEBUG": "false"}
    _add(manager, "web", development.server_command(port, workers=2), environment)
    for name in ("worker1", "worker2"):
        options = ["--concurrency", "1", "--without-gossip", "--without-mingle"]
        _add(manager, name, _celery("worker", "--hostname", f"{name}@%h", *options), of_workers)
    _add(manager, "stripe", _stripe(port, settings["STRIPE_API_BASE"]), environment)
    beat = _celery("beat", "--schedule", str(folder / "beat"), "--pidfile", "")
    _add(manager, "beat", beat, of_workers)
    greeting = Greeting(port, settings, _manage(folder), password)
    greeter = multiprocessing.Process(target=greeting.give, daemon=True)
    greeter.start()
    try:
        manager.loop()
    finally:
        greeter.terminate()
        greeter.join()
    is_wanted = manager.returncode in [stop["rc"] for stop in SIGNALS.values()]
    return 0 if is_wanted else 1


def _add(manager: Processes, name: str, command: list[str], environment: Environment) -> None:
    manager.add_process(name, f"exec {shlex.join(command)}", env=environment)


def _celery(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "celery", "-A", "payments_project", "--quiet", *arguments]


def _stripe(port: int, base: str) -> list[str]:
    from webhooks import conf

    options = ["--port", base.rpartition(":")[2]]
    options += ["--webhook", f"http://127.0.0.1:{port}/webhooks/stripe"]
    options += ["--secret", conf.secrets("STRIPE_WEBHOOK_SECRET")[0]]
    return [sys.executable, "-m", "webhooks.testing.fake_stripe", *options]


if __name__ == "__main__":
    main()
