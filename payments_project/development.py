"""Serve the project on this machine, with something to look at: `make run`."""

import argparse
import json
import os
import secrets
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from http.client import HTTPConnection, HTTPException

import django
from django.core.management import call_command

START_SECONDS = 60
STAFF = "admin"


def main() -> None:
    """Migrate, serve, and on a fresh database make a staff account and send a story of events."""
    parser = argparse.ArgumentParser(prog="payments_project.development", description=__doc__)
    parser.add_argument("--port", type=int, default=8000)
    port = parser.parse_args().port
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "payments_project.settings")
    django.setup()
    call_command("migrate", verbosity=0)
    # As an exception, so that the processes begun below are ended too.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    with suppress(KeyboardInterrupt), _running(server_command(port)) as server:
        wait_until_ready(port, lambda: server.poll() is None)
        password = make_staff()
        if password:
            send_story(port)
        print(greeting(port, password), flush=True)  # noqa: T201
        # For what failed: the server tries each event once, and leaves the retries to others.
        with _running([sys.executable, "manage.py", "process_events", "--loop"]):
            sys.exit(server.wait())


def server_command(port: int, *, workers: int = 1) -> list[str]:
    """Return the command that serves the project on this machine."""
    options = ["--interface", "wsgi", "--host", "127.0.0.1", "--port", str(port)]
    # No HTTP/2: a few of its bytes stand for megabytes of headers, on hundreds of streams at once.
    options += ["--http", "1"]
    threads = ["--blocking-threads", "4", "--no-ws", "--log-level", "warning"]
    # One that is told to stop while it starts may not hear it, and would be waited for in vain.
    threads += ["--workers-kill-timeout", "5"]
    return [
        sys.executable,
        "-m",
        "granian",
        *options,
        *threads,
        "--workers",
        str(workers),
        "payments_project.wsgi:application",
    ]


@contextmanager
def _running(command: list[str]) -> Iterator[subprocess.Popen[bytes]]:
    process = subprocess.Popen(command)  # noqa: S603
    try:
        yield process
    finally:
        process.terminate()
        process.wait()


def wait_until_ready(port: int, is_running: Callable[[], bool], *, path: str = "/readyz") -> None:
    """Wait until a server can do its work. Exits when it ends, or takes too long."""
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        if not is_running():
            sys.exit(f"The server did not start. If port {port} is taken: make run PORT=8001")
        with (
            suppress(OSError, HTTPException),
            closing(HTTPConnection("127.0.0.1", port, timeout=5)) as connection,
        ):
            connection.request("GET", path)
            if connection.getresponse().status == 200:
                return
        time.sleep(0.1)
    sys.exit(f"The server was not ready after {START_SECONDS} s; see the lines above.")


def make_staff() -> str | None:
    """Make a staff account and return its password, or None where there is an account already."""
    # Not before `django.setup`: models need the apps.
    from django.contrib.auth.models import User

    # Any account will do, not this name's: one that was renamed or removed must not come back.
    if User.objects.exists():
        return None
    password = secrets.token_urlsafe(12)
    User.objects.create_superuser(STAFF, password=password)
    return password


def send_story(port: int) -> None:
    """Post a signed, realistic story of events to each endpoint. Exits when one is refused."""
    from django.utils import timezone

    from webhooks import conf
    from webhooks.providers import PROVIDERS
    from webhooks.testing.sending import send

    # One that has no secret takes nothing.
    for endpoint in filter(lambda one: one.secrets, conf.endpoints()):
        url = f"http://127.0.0.1:{port}/webhooks/{endpoint.slug}"
        provider = PROVIDERS[endpoint.provider]
        for body in _story_of(endpoint.provider):
            proof = provider.sign(
                body, secret=endpoint.secrets[0], now=timezone.now(), options=endpoint.options
            )
            sent, headers = provider.sent(body, proof)
            answer = send(url, sent, headers, media_type=provider.media_types[0])
            if not answer.is_success:
                sys.exit(f"{url} refused an event of the story: {answer.status} {answer.body}")


def _story_of(provider: str) -> Iterator[bytes]:
    """Yield what a provider tells of a few customers; nothing where there is no story of its."""
    from billing.testing.lives import LIVES
    from webhooks.testing.stripe_story import story

    if provider == "stripe":
        yield from (json.dumps(event).encode() for event in story(int(time.time())))
    # Nobody but PayPal can sign in its name.
    elif (life := LIVES.get(provider)) and life.sender is None:
        yield from map(life.write, life.deliveries)


def greeting(port: int, password: str | None, more: Mapping[str, str] | None = None) -> str:
    """Return the greeting: what to try, and how to log in; `more` lines have a label each."""
    account = (
        f"user {STAFF}, password {password} (shown this once)"
        if password
        else f"as before (forgotten? .venv/bin/python manage.py changepassword {STAFF})"
    )
    lines = {
        "Admin": f"http://127.0.0.1:{port}/admin/",
        "Login": account,
        "Endpoint": f"http://127.0.0.1:{port}/webhooks/stripe",
        "Try": f".venv/bin/python manage.py send_test_event --repeat 2{url_option(port)}",
        **(more or {}),
        "Stop": "Ctrl-C",
    }
    listing = "\n".join(f"  {label:<9} {text}" for label, text in lines.items())
    return f"\n{listing}\n"


def url_option(port: int) -> str:
    """Return the `--url` option that a command needs to post to this port; empty for 8000."""
    return "" if port == 8000 else f" --url http://127.0.0.1:{port}/webhooks/stripe"


if __name__ == "__main__":
    main()
