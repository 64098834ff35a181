"""A reconciliation whose process is killed, and which somebody starts again."""

import json
import signal
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone

from tests.faults import points
from tests.processes import Environment, manage, process, wait_until
from webhooks.testing import sample
from webhooks.testing.fake_stripe import Fault, Served, deliverable

EVENTS = 120
LIST = "/v1/events"
ASKING = "asking for more"

EFFECTS = """
import json
from billing.models import BillingChange
from webhooks.models import Reconciliation, WebhookEvent
print(json.dumps({
    "pending": WebhookEvent.objects.filter(status="pending").count(),
    "events": sorted(WebhookEvent.objects.values_list("event_id", flat=True)),
    "effects": sorted(BillingChange.objects.values_list("event_id", flat=True)),
    "orders": list(Reconciliation.objects.values_list("seen", "recorded")),
}))
"""


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
    answer: dict[str, Any] = json.loads(manage(environment, "shell", "-v", "0", "-c", EFFECTS))
    return answer


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
        "pending": 0,
        "events": everything,
        "effects": everything,
        "orders": [[EVENTS, EVENTS]],
    }
