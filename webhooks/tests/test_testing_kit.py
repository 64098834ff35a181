"""The testing kit, as docs/testing.md shows it to those who adopt the apps."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from pytest_django import Settings
from pytest_django.live_server_helper import LiveServer

from webhooks.events import Event
from webhooks.models import WebhookEvent
from webhooks.testing import deliver, sample
from webhooks.testing.fake_stripe import Served, customers
from webhooks.testing.plugin import Subscribe

ROOT = Path(settings.BASE_DIR)
FOR_TESTS_ONLY = {"django.test", "hypothesis", "pytest"}


@pytest.mark.django_db
def test_a_paid_invoice_grants_access_once(subscribe: Subscribe) -> None:
    granted = []

    def grant_access(event: Event) -> None:
        granted.append(event.payload["data"]["object"]["customer"])

    subscribe(grant_access, "invoice.paid")
    event = sample("invoice.paid", customer="cus_1")

    assert deliver(event).json() == {"status": "received"}
    assert deliver(event).json() == {"status": "received", "idempotent_replay": True}
    assert granted == ["cus_1"]


@pytest.mark.django_db(transaction=True)
def test_stripe_delivers_what_happens_there(
    stripe: Served, live_server: LiveServer, settings: Settings
) -> None:
    stripe.deliver_to(f"{live_server.url}/webhooks/stripe", settings.STRIPE_WEBHOOK_SECRET)

    customer = customers.create(stripe.account, email="ada@example.com")

    assert stripe.deliveries.wait_until_idle()
    event = WebhookEvent.objects.get(type="customer.created")
    assert event.object_id == customer["id"]
    assert event.status == WebhookEvent.Status.PROCESSED


def test_every_example_in_the_document_is_run_here() -> None:
    document, source = (ROOT / "docs" / "testing.md").read_text(), Path(__file__).read_text()
    source += (ROOT / "conftest.py").read_text()
    for block in re.findall(r"^```python\n(.*?)^```$", document, re.DOTALL | re.MULTILINE):
        for part in block.strip().split("\n\n\n"):
            assert part in source


def test_an_endpoint_that_is_not_configured_is_named() -> None:
    with pytest.raises(ImproperlyConfigured, match="'paypal'"):
        deliver(sample("invoice.paid"), endpoint="paypal")


@pytest.mark.one_database
def test_production_loads_nothing_that_is_for_tests_only() -> None:
    program = f"""
import sys, django
django.setup()
import webhooks.drill, webhooks.management.commands.send_test_event
print(*sys.modules.keys() & {FOR_TESTS_ONLY})
"""
    done = subprocess.run(
        [sys.executable, "-c", program],
        cwd=ROOT,
        env={**os.environ, "DJANGO_SETTINGS_MODULE": "payments_project.settings"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout.strip(), done.stderr) == (0, "", "")


def test_only_the_plugin_needs_pytest() -> None:
    for path in (ROOT / "webhooks" / "testing").rglob("*.py"):
        needs_it = re.search(r"^(from|import) pytest", path.read_text(), re.MULTILINE)
        assert bool(needs_it) == (path.name == "plugin.py"), path
