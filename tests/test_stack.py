"""The whole stack, as `make stack` starts it."""

import os
import re
import shlex
import signal
import subprocess
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import psycopg
import pytest

from tests.conftest import Environment, manage, process
from tests.servers import free_port

pytestmark = pytest.mark.postgresql


def read_until(stack: subprocess.Popen[str], last: str) -> str:
    assert stack.stdout
    told = ""
    while last not in told:
        line = stack.stdout.readline()
        assert line, told
        told += line
    return told


def settings_in(greeting: str) -> Environment:
    """The settings in the line that is there to be copied."""
    line = re.search(r"Drill +env (.*?) \S+ manage.py chaos_drill", greeting)
    assert line
    return dict(setting.split("=", 1) for setting in shlex.split(line[1]))


def effects_applied_twice(database_url: str) -> list[tuple[str]]:
    with psycopg.connect(database_url) as connection:
        return connection.execute(
            "SELECT event_id FROM billing_billingchange"
            " GROUP BY event_id, object_type, provider_id HAVING count(*) > 1"
        ).fetchall()


def is_gone(group: int) -> bool:
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return True
    return False


def test_it_stands_a_drill_and_leaves_nothing_behind() -> None:
    port = free_port()
    environment = {**os.environ, "LOG_LEVEL": "ERROR"}
    with process(environment, "-m", "tests.stack", "--port", str(port)) as stack:
        told = read_until(stack, "Ctrl-C")
        groups = [int(pid) for pid in re.findall(r"started \(pid=(\d+)\)", told)]
        settings = settings_in(told)
        url = f"http://127.0.0.1:{port}/webhooks/stripe"
        drilled = manage(environment | settings, "chaos_drill", "--url", url, "--deliveries", "300")
        repeated = effects_applied_twice(settings["DATABASE_URL"])
        stack.send_signal(signal.SIGINT)
        rest = stack.communicate(timeout=60)[0]

    assert "300 deliveries in" in drilled
    assert repeated == []
    assert stack.returncode == 0, rest
    assert len(groups) == 4
    assert all(map(is_gone, groups)), rest
    assert not Path(parse_qs(urlsplit(settings["DATABASE_URL"]).query)["host"][0]).exists()


def test_a_port_that_is_taken_is_told() -> None:
    port = free_port()
    with process(dict(os.environ), "-m", "http.server", "--bind", "127.0.0.1", str(port)) as other:
        read_until(other, "Serving HTTP")
        with process(dict(os.environ), "-m", "tests.stack", "--port", str(port)) as stack:
            told = stack.communicate(timeout=60)[0]

    assert stack.returncode == 1
    assert f"Port {port} can't be had" in told
