"""The whole stack, as `make stack` starts it."""

import json
import os
import re
import signal
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit
from urllib.request import Request, urlopen

import psycopg
import pytest

from tests.processes import process, wait_until
from tests.stack_greeting import ORDER
from tests.warm import Started
from webhooks.testing.servers import free_port

pytestmark = pytest.mark.postgresql

APPLIED_TWICE = (
    "SELECT event_id FROM billing_billingchange WHERE source = 'event'"
    " GROUP BY event_id, object_type, provider_id HAVING count(*) > 1"
)


def read_until(stack: Started, last: str) -> str:
    told = ""
    while last not in told:
        line = stack.stdout.readline()
        assert line, told
        told += line
    return told


@dataclass(frozen=True, slots=True)
class Told:
    """What the greeting has to copy."""

    text: str

    def line(self, label: str) -> str:
        found = re.search(rf"^  {label} +(.*)$", self.text, re.MULTILINE)
        assert found, self.text
        return found[1]

    @property
    def database(self) -> str:
        return self.line("Database")

    @property
    def stripe(self) -> str:
        return self.line("Stripe").split()[0]

    def run(self, label: str, more: str = "") -> str:
        """Run a line, with more of it; what it says."""
        command = ["/bin/sh", "-c", self.line(label) + more]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    def query(self, sql: str) -> list[tuple[Any, ...]]:
        with psycopg.connect(self.database) as connection:
            return connection.execute(sql.encode()).fetchall()


def call(url: str, body: Any = None, headers: dict[str, str] | None = None) -> Any:
    data = None if body is None else json.dumps(body).encode()
    request = Request(url, data, {"Content-Type": "application/json", **(headers or {})})  # noqa: S310
    with urlopen(request, timeout=30) as answer:  # noqa: S310
        return json.load(answer)


def wait_for_what_happened(told: Told) -> None:
    """Wait until every event that Stripe made has arrived, and none is left to be processed."""
    made = {event["id"] for event in call(f"{told.stripe}/_control/events")["data"]}
    done = "SELECT event_id FROM webhooks_webhookevent WHERE status IN ('processed', 'ignored')"
    wait_until(lambda: made <= {row[0] for row in told.query(done)})


def customers_at(stripe: str) -> set[str]:
    objects = (known["object"] for known in call(f"{stripe}/_control/truth")["data"])
    return {subject["id"] for subject in objects if subject["object"] == "customer"}


def is_gone(group: int) -> bool:
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return True
    return False


def test_a_purchase_and_a_drill_pass_and_nothing_is_left_running() -> None:
    port = free_port()
    api = f"http://127.0.0.1:{port}/api/v1"
    environment = {**os.environ, "LOG_LEVEL": "ERROR"}
    with process(environment, "-m", "tests.stack", "--port", str(port)) as stack:
        told = Told(read_until(stack, "Ctrl-C"))
        groups = [int(pid) for pid in re.findall(r"started \(pid=(\d+)\)", told.text)]

        happened = call(f"{told.stripe}/_control/stories", {"steps": 20})
        bearer = {"Authorization": f"Bearer {told.run('Token', '; echo $KEY')}"}
        once = {**bearer, "Idempotency-Key": "order-1"}
        one, again = (call(f"{api}/checkout-sessions", ORDER, once) for _ in range(2))
        step = {"step": "checkouts.complete", "arguments": {"session": one["id"]}}
        paid = call(f"{told.stripe}/_control/steps", step)
        wait_for_what_happened(told)
        customer = call(f"{api}/customers/{paid['customer']}", headers=bearer)
        theirs = customers_at(told.stripe)
        ours = {row[0] for row in told.query("SELECT provider_id FROM billing_customer")}

        drilled = told.run("Drill", " --deliveries 100")
        repeated = told.query(APPLIED_TWICE)
        stack.send_signal(signal.SIGINT)
        rest = stack.communicate(timeout=60)[0]

    assert happened["events"] > 0
    assert again == one
    assert [answer["allowed"] for answer in customer["entitlements"]] == [True]
    assert ours == theirs
    assert "100 deliveries in" in drilled
    assert repeated == []
    assert stack.returncode == 0, rest
    assert len(groups) == 5
    assert all(map(is_gone, groups)), rest
    assert not Path(parse_qs(urlsplit(told.database).query)["host"][0]).exists()


def test_a_port_in_use_is_named() -> None:
    port = free_port()
    with process(dict(os.environ), "-m", "http.server", "--bind", "127.0.0.1", str(port)) as other:
        read_until(other, "Serving HTTP")
        with process(dict(os.environ), "-m", "tests.stack", "--port", str(port)) as stack:
            told = stack.communicate(timeout=60)[0]

    assert stack.returncode == 1
    assert f"Port {port} can't be had" in told
