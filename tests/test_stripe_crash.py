"""Calls to Stripe by several processes, of which some are killed: each thing is made once."""

import json
import signal
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from subprocess import Popen

from billing.stripe_calls import LEASE
from billing.tests.stripe_server import StripeServer, standing_in
from tests.conftest import Environment, process

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
CALLERS = 6

PROGRAM = """
import json, sys
from datetime import datetime
import django
django.setup()
from billing.models import IdempotencyKey
from billing.stripe_client import StripeClient
parameters = {"amount": 1000, "currency": "eur"}
now = datetime.fromisoformat(sys.argv[1])
made = StripeClient().create_payment_intent(parameters, reference="order-1", now=now)
rows = list(IdempotencyKey.objects.values_list("state", "response_id", "attempts"))
print(json.dumps({"id": made["id"], "rows": rows}))
"""


def surroundings(environment: Environment, stripe: StripeServer) -> Environment:
    return {
        **environment,
        "DJANGO_SETTINGS_MODULE": "payments_project.settings",
        "STRIPE_API_BASE": stripe.url,
        "STRIPE_API_KEY": "sk_test_good_for_tests_only",
    }


def said(started: Popen[str]) -> dict[str, object]:
    output, _ = started.communicate(timeout=60)
    assert started.returncode == 0, output
    answer: dict[str, object] = json.loads(output.splitlines()[-1])
    return answer


def test_a_process_killed_between_the_answer_and_its_record(environment: Environment) -> None:
    with standing_in() as stripe:
        shared = surroundings(environment, stripe)
        stripe.faults = ["hang"]
        with process(shared, "-c", PROGRAM, NOON.isoformat()) as first:
            assert stripe.reached.wait(60)
            first.send_signal(signal.SIGKILL)
            assert first.wait(30) == -signal.SIGKILL
        assert len(stripe.objects) == 1
        later = NOON + LEASE + timedelta(seconds=1)
        with process(shared, "-c", PROGRAM, later.isoformat()) as second:
            answer = said(second)
    made = stripe.objects[0]["id"]
    assert answer == {"id": made, "rows": [["completed", made, 2]]}
    assert len(stripe.objects) == 1
    assert len(set(stripe.keys)) == 1


def test_processes_that_ask_at_once(environment: Environment) -> None:
    with standing_in() as stripe, ExitStack() as stack:
        shared = surroundings(environment, stripe)
        callers = [
            stack.enter_context(process(shared, "-c", PROGRAM, NOON.isoformat()))
            for _ in range(CALLERS)
        ]
        answers = [said(caller) for caller in callers]
    made = stripe.objects[0]["id"]
    assert answers == [{"id": made, "rows": [["completed", made, 1]]}] * CALLERS
    assert len(stripe.objects) == 1
