"""Calls to Stripe by several processes, of which some are killed: each thing is made once."""

import json
import signal
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta

import pytest

from billing.stripe_client.calls import LEASE
from tests.processes import Environment, process
from tests.warm import Started
from webhooks.testing.fake_stripe import Fault, Served, truth

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


@pytest.fixture
def shared(environment: Environment, stripe: Served) -> Environment:
    """What the processes know: one database, and one Stripe."""
    return {
        **environment,
        # Its answer is the last that it says.
        "LOG_LEVEL": "WARNING",
        "DJANGO_SETTINGS_MODULE": "payments_project.settings",
        "STRIPE_API_BASE": stripe.url,
        "STRIPE_API_KEY": "sk_test_known_to_all",
    }


def said(started: Started) -> dict[str, object]:
    output, _ = started.communicate(timeout=60)
    assert started.returncode == 0, output
    answer: dict[str, object] = json.loads(output.splitlines()[-1])
    return answer


def payments(stripe: Served) -> list[str]:
    """The payments that there are."""
    return [own_id for _, _, kind, own_id in truth(stripe.world) if kind == "payment_intent"]


def test_a_process_killed_between_the_answer_and_its_record(
    shared: Environment, stripe: Served
) -> None:
    faults = stripe.world.faults
    faults.add(Fault("timeout_after", "POST"))
    with process(shared, "-c", PROGRAM, NOON.isoformat()) as first:
        assert faults.wait_until_waiting(seconds=60)
        first.send_signal(signal.SIGKILL)
        assert first.wait(30) == -signal.SIGKILL
    [made] = payments(stripe)
    later = NOON + LEASE + timedelta(seconds=1)
    with process(shared, "-c", PROGRAM, later.isoformat()) as second:
        assert said(second) == {"id": made, "rows": [["completed", made, 2]]}
    assert payments(stripe) == [made]
    assert len({request.idempotency_key for request in faults.requests}) == 1


def test_processes_that_ask_at_once(shared: Environment, stripe: Served) -> None:
    with ExitStack() as stack:
        callers = [
            stack.enter_context(process(shared, "-c", PROGRAM, NOON.isoformat()))
            for _ in range(CALLERS)
        ]
        answers = [said(caller) for caller in callers]
    [made] = payments(stripe)
    assert answers == [{"id": made, "rows": [["completed", made, 1]]}] * CALLERS
