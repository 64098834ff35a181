"""Alerts and the processes that tell them: one that is killed, and a server by itself."""

import signal
import socket
import threading
from contextlib import closing
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest

from tests.processes import Environment, manage, process

RAISE_AND_SEND = """
from django.utils import timezone
from webhooks.alerts.evaluation import raise_at_once
from webhooks.alerts.outbox import deliver
from webhooks.monitoring.alert_rules import Finding
raise_at_once("events_failed", Finding("of no use"), now=timezone.now())
deliver()
"""
SEND_LATER = """
from datetime import timedelta
from django.utils import timezone
from webhooks.alerts import outbox
for later in (timedelta(), outbox.LEASE, 3 * outbox.LEASE):
    print("sent", outbox.deliver(clock=lambda: timezone.now() + later))
"""
THREADS = """
import threading
import payments_project.wsgi
print([thread.daemon for thread in threading.enumerate() if thread.name == "webhooks-alerts"])
"""


def test_a_message_outlives_the_process_that_was_sending_it(environment: Environment) -> None:
    taken: list[str] = []

    class Answer(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            taken.append(self.path)
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            """Say nothing."""

    with closing(socket.create_server(("127.0.0.1", 0))) as silent:
        silent.settimeout(60)
        port = silent.getsockname()[1]
        environment |= {"ALERT_URLS": f"json://127.0.0.1:{port}/hook"}
        with process(environment, "manage.py", "shell", "-c", RAISE_AND_SEND) as sender:
            connection, _ = silent.accept()
            sender.send_signal(signal.SIGKILL)
            assert sender.wait(timeout=60) == -signal.SIGKILL
        connection.close()
    with HTTPServer(("127.0.0.1", port), Answer) as web:
        thread = threading.Thread(target=web.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        said = manage(environment, "shell", "-c", SEND_LATER)
        web.shutdown()
        thread.join()

    assert [line for line in said.splitlines() if "sent" in line] == ["sent 0", "sent 1", "sent 0"]
    assert taken == ["/hook"]


@pytest.mark.one_database
def test_a_server_watches_in_a_thread_that_keeps_it_from_nothing(environment: Environment) -> None:
    with process(environment, "-c", THREADS) as started:
        said = started.communicate(timeout=60)[0]

    assert started.returncode == 0
    assert "[True]" in said
