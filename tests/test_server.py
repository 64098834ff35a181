"""The whole system as a provider and an operator meet it: real processes, a real socket."""

import json
import os
import re
import socket
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing
from http.client import HTTPConnection
from http.cookiejar import CookieJar
from typing import Any
from urllib.parse import urlencode, urlsplit
from urllib.request import HTTPCookieProcessor, build_opener

import pytest
from django.conf import settings
from django.utils import timezone

from tests.processes import Environment, manage, process, query, server, wait_until
from webhooks.providers import PROVIDERS
from webhooks.testing import sample
from webhooks.testing.sending import Answer, send
from webhooks.testing.servers import free_port, postgresql
from webhooks.testing.stripe_story import story


def deliver(address: str, event: dict[str, Any]) -> Answer:
    body = json.dumps(event).encode()
    return send(f"{address}/webhooks/stripe", body, signed(body))


def signed(body: bytes) -> dict[str, str]:
    secret = settings.STRIPE_WEBHOOK_SECRET
    return PROVIDERS["stripe"].sign(body, secret=secret, now=timezone.now())


def fresh(event_type: str = "invoice.paid") -> dict[str, Any]:
    return sample(event_type)


def statuses(environment: Environment) -> dict[str, int]:
    return dict(
        query(environment, "SELECT status, count(*) FROM webhooks_webhookevent GROUP BY status")
    )


def test_a_story_is_told_and_becomes_billing_state(environment: Environment) -> None:
    events = story(int(timezone.now().timestamp()))
    with server(environment) as address:
        answers = [deliver(address, event) for event in events]
        again = [deliver(address, event) for event in events]

    assert {answer.status for answer in answers + again} == {200}
    assert {answer.body for answer in again} == {
        '{"status": "received", "idempotent_replay": true}'
    }
    assert statuses(environment) == {"processed": len(events) - 2, "ignored": 1}
    subscriptions = query(environment, "SELECT status FROM billing_subscription ORDER BY status")
    assert subscriptions == [("active",), ("active",), ("canceled",)]


@pytest.mark.one_database
def test_a_body_sent_in_chunks_is_read_and_bounded(environment: Environment) -> None:
    body = json.dumps(fresh()).encode()
    too_large = b" " * (settings.WEBHOOK_MAX_BODY_BYTES + 1)
    with server(environment) as address:
        assert post_in_chunks(address, body) == 200
        assert post_in_chunks(address, too_large) == 413
        assert endless_body(address) == 413

    assert sum(statuses(environment).values()) == 1


def post_in_chunks(address: str, body: bytes) -> int:
    connection = HTTPConnection(urlsplit(address).netloc)
    pieces = (body[at : at + 50_000] for at in range(0, len(body), 50_000))
    connection.request("POST", "/webhooks/stripe", pieces, signed(body), encode_chunked=True)
    status = connection.getresponse().status
    connection.close()
    return status


def endless_body(address: str) -> int:
    """Announce a body that never ends, and send only as much as is refused."""
    with socket.create_connection(("127.0.0.1", urlsplit(address).port or 0), timeout=30) as wire:
        head = b"POST /webhooks/stripe HTTP/1.1\r\nHost: localhost\r\n"
        head += b"Stripe-Signature: t=1,v1=0\r\n"
        wire.sendall(head + b"Transfer-Encoding: chunked\r\n\r\n")
        piece = b"10000\r\n" + b" " * 0x10000 + b"\r\n"
        for _ in range(settings.WEBHOOK_MAX_BODY_BYTES // 0x10000 + 1):
            wire.sendall(piece)
        return int(wire.recv(1000).split()[1])


def test_what_is_only_recorded_is_processed_by_the_loop(environment: Environment) -> None:
    environment |= {"WEBHOOK_PROCESSING": "loop"}
    with server(environment) as address:
        for _ in range(5):
            assert deliver(address, fresh()).status == 200
    assert statuses(environment) == {"pending": 5}

    with process(environment, "manage.py", "process_events", "--loop") as loop:
        wait_until(lambda: statuses(environment) == {"processed": 5}, loop)
        loop.terminate()
        assert loop.wait(timeout=30) == 0


def test_many_loops_share_the_work_and_repeat_none(environment: Environment) -> None:
    environment |= {"WEBHOOK_PROCESSING": "loop"}
    with server(environment) as address, ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda _: deliver(address, fresh("refund.created")), range(40)))
    with ExitStack() as stack:
        commands = [
            stack.enter_context(process(environment, "manage.py", "process_events"))
            for _ in range(3)
        ]
        assert [command.wait(timeout=60) for command in commands] == [0, 0, 0]
    assert statuses(environment) == {"processed": 40}
    assert query(environment, "SELECT count(*) FROM webhooks_attempt") == [(40,)]
    assert query(environment, "SELECT count(*) FROM billing_billingchange") == [(40,)]


@pytest.mark.postgresql
def test_while_the_database_is_away_the_provider_is_told_to_come_back() -> None:
    with ExitStack() as database, ExitStack() as serving:
        location = database.enter_context(postgresql(durable=False))
        environment = {**os.environ, "DATABASE_URL": location}
        manage(environment, "migrate")
        address = serving.enter_context(server(environment))
        assert deliver(address, fresh()).status == 200
        database.close()

        answer = deliver(address, fresh())
        assert answer.status == 503
        assert json.loads(answer.body)["code"] == "storage_unavailable"
        assert send(f"{address}/webhooks/stripe", b"{}", {}).status == 400


@pytest.mark.one_database
def test_the_first_run_shows_a_story_and_a_login_that_works(environment: Environment) -> None:
    port = free_port()
    environment |= {"DEBUG": "true", "ALLOWED_HOSTS": "127.0.0.1"}
    command = ["-m", "payments_project.development", "--port", str(port)]
    with process(environment, *command) as run:
        greeting = ""
        while "Ctrl-C" not in greeting:
            line = run.stdout.readline()
            assert line, greeting
            greeting += line
        password = re.search(r"password (\S+)", greeting)
        assert password
        page = log_in(f"http://127.0.0.1:{port}", "admin", password[1])
        manage(environment, "send_test_event", "--url", f"http://127.0.0.1:{port}/webhooks/stripe")

    assert "evt_" in page
    assert statuses(environment)["processed"] > 40


def log_in(address: str, name: str, password: str) -> str:
    """The list of events, as somebody sees it who has logged in."""
    jar = CookieJar()
    browser = build_opener(HTTPCookieProcessor(jar))
    target = "/admin/webhooks/webhookevent/"
    login = f"{address}/admin/login/?next={target}"
    form = browser.open(login).read().decode()
    token = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', form)
    assert token
    fields = {"username": name, "password": password, "next": target}
    data = urlencode(fields | {"csrfmiddlewaretoken": token[1]}).encode()
    page: str = browser.open(login, data).read().decode()
    return page


def connect(site: str) -> socket.socket:
    place = urlsplit(site)
    assert place.hostname
    assert place.port
    return socket.create_connection((place.hostname, place.port), timeout=10)


@pytest.mark.one_database
def test_http_2_is_not_spoken(environment: Environment) -> None:
    # A client that knows of no TLS begins so: https://www.rfc-editor.org/rfc/rfc9113#section-3.3
    preface = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + bytes.fromhex("000000040000000000")
    with server(environment) as site, closing(connect(site)) as wire:
        wire.sendall(preface)
        answer = wire.recv(64)
    # A server that speaks it begins with a SETTINGS frame, whose fourth byte is 4.
    assert answer[3:4] != b"\x04"
    assert not answer or answer.startswith(b"HTTP/1.1 ")
