"""A reconciliation whose process is killed, and which somebody starts again."""

import signal
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone

from tests.faults import points
from tests.processes import Environment, manage, process, query, wait_until
from webhooks.testing import sample
from webhooks.testing.fake_stripe import Fault, Served, deliverable

EVENTS = 120
LIST = "/v1/events"
ASKING = "asking for more"


@pytest.fixture
def outage(stripe: Served, environment: Environment, tmp_path: Path) -> Environment:
    """Nothing was received of what Stripe made; the environment to bring it back in."""
    now = int(timezone.now().timestamp())
    for n in range(EVENTS):
        stripe.world.take_up(sample("customer.created", created=now - 3600 + n // 5))
    return {
        **environment,
        "DJANGO_SETTINGS_MODULE": "tests.faults.settings",
        "STRIPE_API_BASE": stripe.url,
        "STRIPE_API_KEY": "sk_test_known_to_all",
        points.FOLDER: str(tmp_path),
    }


def found(environment: Environment) -> dict[str, Any]:
    """Return what is in the database: a process to ask it takes seconds to start."""
    events = query(environment, "SELECT event_id, status FROM webhooks_webhookevent")
    effects = query(environment, "SELECT event_id FROM billing_billingchange")
    return {
        "pending": [event_id for event_id, status in events if status == "pending"],
        "events": sorted(event_id for event_id, _ in events),
        "effects": sorted(event_id for (event_id,) in effects),
        "orders": query(environment, "SELECT seen, recorded FROM webhooks_reconciliation"),
    }


def has_settled(environment: Environment) -> bool:
    """Have what is due processed; whether nothing waits any more."""
    manage(environment, "process_events")
    return not found(environment)["pending"]


@pytest.mark.parametrize("point", [ASKING, points.RECORDED, points.SETTLING])
def test_a_restarted_reconciliation_finishes_and_repeats_nothing(
    point: str, stripe: Served, outage: Environment, tmp_path: Path
) -> None:
    if point in (points.RECORDED, points.SETTLING):
        points.order(tmp_path, point, points.KILL)
    else:
        stripe.world.faults.add(Fault("timeout_before", "GET", LIST, skip=1))
    with process(outage, "manage.py", "reconcile_events") as command:
        if point == ASKING:
            wait_until(lambda: stripe.world.faults.count("GET", LIST) == 2, command)
            command.kill()
        assert command.wait(timeout=60) == -signal.SIGKILL

    manage(outage, "reconcile_events", "--resume")

    wait_until(lambda: has_settled(outage))
    everything = sorted(event["id"] for event in deliverable(stripe.world))
    assert found(outage) == {
        "pending": [],
        "events": everything,
        "effects": everything,
        "orders": [(EVENTS, EVENTS)],
    }
