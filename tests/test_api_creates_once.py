"""What a program has created through the API is created once, whoever asks and whoever is killed.

The project runs under its real server, and asks a Stripe that is served on this machine.
"""

import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import closing
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException
from itertools import islice
from pathlib import Path
from threading import Barrier
from typing import Any, Literal
from urllib.parse import urlsplit

import pytest

from payments_project.development import server_command
from tests.faults.programs import Program
from tests.processes import Environment, answers, manage, query, server, wait_until
from webhooks.testing.fake_stripe import Fault, Served, truth
from webhooks.testing.fake_stripe.faults import FaultKind
from webhooks.testing.servers import free_port

CALLERS = 64
LIST = "/v1/checkout/sessions"
KEY = "order-7"
SESSION = {
    "mode": "payment",
    "line_items": [{"price": "price_book", "quantity": 2}],
    "success_url": "https://shop.example/done",
    "metadata": {"order": "7"},
}

MAKE_TILL = """
from django.contrib.auth.models import Permission, User
from django.core.management import call_command
user = User.objects.create_user("till")
user.user_permissions.set(Permission.objects.filter(codename="add_checkoutsession"))
call_command("api_token", "create", "--user=till", "--name=till", "--scope=billing:write")
"""

END_LEASES = """
from django.utils import timezone
from billing.models import IdempotencyKey
IdempotencyKey.objects.filter(state="started").update(locked_until=timezone.now())
"""

RECORDS = "SELECT state, attempts, response_status FROM billing_idempotencykey ORDER BY scope"


@dataclass(frozen=True)
class Answer:
    """What the API said."""

    status: int
    body: dict[str, Any]
    is_replayed: bool


@dataclass(frozen=True)
class Till:
    """A program with a token of its own."""

    token: str

    def ask(self, address: str, **changes: Any) -> Answer:
        """Ask for the checkout session of the order, under its key."""
        netloc = urlsplit(address).netloc
        with closing(HTTPConnection(netloc, timeout=60)) as connection:
            headers = {
                "Authorization": f"Bearer {self.token}",
                "Content-Type": "application/json",
                "Idempotency-Key": KEY,
            }
            body = json.dumps(SESSION | changes)
            connection.request("POST", "/api/v1/checkout-sessions", body, headers)
            answer = connection.getresponse()
            told = json.loads(answer.read())
            return Answer(answer.status, told, answer.headers.get("Idempotency-Replayed") == "true")


@pytest.fixture
def shop(environment: Environment, stripe: Served) -> Environment:
    """The environment of a project that can ask it."""
    key = {"STRIPE_API_KEY": "sk_test_known_to_all", "STRIPE_API_BASE": stripe.url}
    return {**environment, **key}


@pytest.fixture
def till(shop: Environment) -> Till:
    return Till(manage(shop, "shell", "-v", "0", "-c", MAKE_TILL).strip())


def sessions(served: Served) -> list[str]:
    """The checkout sessions that there are."""
    return [own_id for _, _, kind, own_id in truth(served.world) if kind == "checkout.session"]


def all_at_once(
    till: Till, address: str, *, when_one_is_left: Callable[[], None] = lambda: None
) -> list[Answer]:
    """What many are answered, when those who met a conflict have asked again."""
    barrier = Barrier(CALLERS)

    def call() -> Answer:
        barrier.wait(30)
        return till.ask(address)

    with ThreadPoolExecutor(CALLERS) as callers:
        calls = [callers.submit(call) for _ in range(CALLERS)]
        list(islice(as_completed(calls, timeout=30), CALLERS - 1))
        when_one_is_left()
        said = [call.result(30) for call in calls]
    conflicts = [answer for answer in said if answer.status == 409]
    assert {answer.body["code"] for answer in conflicts} <= {"idempotency_key_in_use"}
    return [till.ask(address) if answer in conflicts else answer for answer in said]


def assert_one_was_served(said: list[Answer], made: str) -> None:
    """All were answered the same, and one of them was so first."""
    assert {(answer.status, json.dumps(answer.body)) for answer in said} == {
        (201, json.dumps(said[0].body))
    }
    assert said[0].body["id"] == made
    assert [answer.is_replayed for answer in said].count(False) == 1


@pytest.mark.postgresql
@pytest.mark.parametrize("kind", ["", "hold"], ids=["at full speed", "while Stripe is slow"])
def test_one_of_many_simultaneous_callers_is_served(
    shop: Environment, stripe: Served, till: Till, kind: FaultKind | Literal[""]
) -> None:
    faults = stripe.world.faults
    if kind:
        faults.add(Fault(kind, "POST", LIST))
    with server(shop, workers=2) as address:
        said = all_at_once(till, address, when_one_is_left=faults.release)

    [made] = sessions(stripe)
    assert_one_was_served(said, made)
    assert query(shop, RECORDS) == [("completed", 1, 201), ("completed", 1, 200)]
    assert faults.count("POST", LIST) == 1


def started(shop: Environment, folder: Path, port: int) -> Program:
    """The server, in a process group that can be killed as a whole."""
    _, *command = server_command(port, workers=2)
    program = Program(command, shop, folder / "server.log")
    program.start()
    wait_until(lambda: answers(port))
    return program


# Held, Stripe does the work once whoever asked is dead; after a timeout, it had done it before.
@pytest.mark.parametrize("kind", ["hold", "timeout_after"])
def test_a_server_that_is_killed_before_it_could_note_the_answer(
    shop: Environment, stripe: Served, till: Till, tmp_path: Path, kind: FaultKind
) -> None:
    faults, port = stripe.world.faults, free_port()
    address = f"http://127.0.0.1:{port}"
    faults.add(Fault(kind, "POST", LIST))
    program = started(shop, tmp_path, port)
    try:
        with ThreadPoolExecutor(1) as callers:
            call = callers.submit(till.ask, address)
            assert faults.wait_until_waiting()
            program.kill()
            assert isinstance(call.exception(30), OSError | HTTPException)
        faults.release()
        wait_until(lambda: len(sessions(stripe)) == 1)
        program = started(shop, tmp_path, port)
        early = till.ask(address)
        manage(shop, "shell", "-v", "0", "-c", END_LEASES)
        said = all_at_once(till, address)
    finally:
        program.kill()

    assert (early.status, early.body["code"]) == (409, "idempotency_key_in_use")
    [made] = sessions(stripe)
    assert_one_was_served(said, made)
    assert query(shop, RECORDS) == [("completed", 2, 201), ("completed", 2, 200)]
    assert len({request.idempotency_key for request in faults.requests}) == 1


def test_one_key_stands_for_one_request(shop: Environment, stripe: Served, till: Till) -> None:
    with server(shop) as address:
        made = till.ask(address)
        other = till.ask(address, metadata={"order": "8"})
        again = till.ask(address)

    assert (made.status, again.body) == (201, made.body)
    assert (other.status, other.body["code"]) == (422, "idempotency_key_reused")
    assert sessions(stripe) == [made.body["id"]]
    assert stripe.world.faults.count("POST", LIST) == 1
