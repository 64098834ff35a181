"""Serve the project on this machine, with something to look at: `make run`."""

import argparse
import json
import os
import secrets
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
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
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    with suppress(KeyboardInterrupt), _running(_server(port)) as server:
        _wait_until_ready(port, server)
        password = _make_staff()
        if password:
            _send_story(port)
        print(_greeting(port, password), flush=True)  # noqa: T201
        with _running([sys.executable, "manage.py", "process_events", "--loop"]):
            sys.exit(server.wait())


def _server(port: int) -> list[str]:
    options = ["--interface", "wsgi", "--host", "127.0.0.1", "--port", str(port)]
    threads = ["--blocking-threads", "4", "--no-ws", "--log-level", "warning"]
    return [
        sys.executable,
        "-m",
        "granian",
        *options,
        *threads,
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


def _wait_until_ready(port: int, server: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        if server.poll() is not None:
            sys.exit(f"The server did not start. If port {port} is taken: make run PORT=8001")
        with (
            suppress(OSError, HTTPException),
            closing(HTTPConnection("127.0.0.1", port, timeout=5)) as connection,
        ):
            connection.request("GET", "/readyz")
            if connection.getresponse().status == 200:
                return
        time.sleep(0.1)
    sys.exit(f"The server was not ready after {START_SECONDS} s; see the lines above.")


def _make_staff() -> str | None:
    """The password of a new staff account, where there is no account yet."""
    from django.contrib.auth.models import User

    if User.objects.exists():
        return None
    password = secrets.token_urlsafe(12)
    User.objects.create_superuser(STAFF, password=password)
    return password


def _send_story(port: int) -> None:
    from django.utils import timezone

    from webhooks import conf
    from webhooks.providers import PROVIDERS
    from webhooks.testkit.sending import send
    from webhooks.testkit.stripe_events import story

    secret = conf.secrets("STRIPE_WEBHOOK_SECRET")[0]
    url = f"http://127.0.0.1:{port}/webhooks/stripe"
    for event in story(int(timezone.now().timestamp())):
        body = json.dumps(event).encode()
        headers = PROVIDERS["stripe"].sign(body, secret=secret, now=timezone.now())
        answer = send(url, body, headers)
        if not answer.is_success:
            sys.exit(f"{url} refused an event of the story: {answer.status} {answer.body}")


def _greeting(port: int, password: str | None) -> str:
    account = (
        f"user {STAFF}, password {password} (shown this once)"
        if password
        else f"as before (forgotten? .venv/bin/python manage.py changepassword {STAFF})"
    )
    return f"""
  Admin     http://127.0.0.1:{port}/admin/
  Login     {account}
  Endpoint  http://127.0.0.1:{port}/webhooks/stripe
  Try       .venv/bin/python manage.py send_test_event --repeat 2{_url_option(port)}
  Stop      Ctrl-C
"""


def _url_option(port: int) -> str:
    return "" if port == 8000 else f" --url http://127.0.0.1:{port}/webhooks/stripe"


if __name__ == "__main__":
    main()
