"""The runbook: it has a section for each alert, and every line that it tells to type runs."""

import re
import shlex
from datetime import timedelta
from pathlib import Path

import pytest
from django.conf import settings
from django.contrib.auth.models import User
from django.core.management import call_command
from django.db import transaction
from django.utils import timezone
from django_otp.plugins.otp_totp.models import TOTPDevice
from pytest_django import Settings

from tests.delivering import deliver
from tests.documents import rows_of, section
from tests.runbook import RUNBOOK, TITLES, Operator, lines_of
from webhooks import audit
from webhooks.events import Event
from webhooks.exceptions import PermanentFailure
from webhooks.guards.published_sources import PUBLISHED
from webhooks.models import Reconciliation, WebhookEvent
from webhooks.monitoring.alert_rules import RULES
from webhooks.processing.claims import claim
from webhooks.testing import sample
from webhooks.testing.api_client import issue
from webhooks.testing.fake_stripe import Served, customers, deliverable, subscriptions
from webhooks.testing.plugin import Subscribe

NOT_SECTIONS = ("Symptoms", "Look at everything at once")


def succeed_if_tried_again(event: Event) -> None:
    if event.is_first_attempt:
        raise PermanentFailure("not mended yet")


@pytest.fixture
def operator(stripe: Served, subscribe: Subscribe, settings: Settings, tmp_path: Path) -> Operator:
    """Somebody who finds a bit of everything that the runbook is about, and knows what it is."""
    subscribe(succeed_if_tried_again, "invoice.paid")
    customer = customers.create(stripe.account, name="Ada", email="ada@example.com")
    subscription = subscriptions.create(stripe.account, customer["id"])
    for payload in deliverable(stripe.world):
        deliver(payload)
    settings.WEBHOOK_PROCESSING = "loop"
    assert claim(deliver(sample("test.happened")).pk, now=timezone.now())
    settings.WEBHOOK_PROCESSING = "request"
    user = User.objects.create_user("ada", is_staff=True)
    TOTPDevice.objects.create(user=user)
    token, _ = issue(user)
    now = timezone.now()
    Reconciliation.objects.create(
        provider="stripe", since=now - timedelta(days=1), actor="ada", created_at=now
    )
    audit.seal(now=now)
    published = tmp_path / "published.json"
    published.write_text("\n".join(map(str, PUBLISHED["stripe"].networks)))
    known = {
        "EVENT": WebhookEvent.objects.get(status="failed").event_id,
        "CUSTOMER": customer["id"],
        "SUBSCRIPTION": subscription["id"],
        "INVOICE": subscription["latest_invoice"],
        "TOKEN": str(token.pk),
        "ANCHOR": str(audit.current_anchor()),
        "SINCE": f"{now - timedelta(days=2):%Y-%m-%dT%H:%M}",
        "TRAIL": str(tmp_path / "trail.jsonl"),
        "PID": "0",
    }
    return Operator(known, published)


@pytest.mark.one_database
def test_every_alert_has_its_section_and_every_section_its_symptom() -> None:
    assert set(TITLES) >= {rule.title for rule in RULES.values()}
    led_to = {
        title
        for row in rows_of(section(RUNBOOK, "Symptoms"))
        for title in TITLES
        if f"[{title}]" in row[1]
    }
    assert led_to == {title for title in TITLES if title not in NOT_SECTIONS}
    for title in led_to:
        assert "over when" in section(RUNBOOK, title).lower(), title


@pytest.mark.one_database
def test_what_a_shell_is_told_is_what_the_settings_say(capsys: pytest.CaptureFixture[str]) -> None:
    lines = lines_of("Look at everything at once")
    [told] = [line for line in lines if line.startswith("say()")]
    asked = lines[lines.index(told) + 1]
    command = told.removeprefix("say() { ").removesuffix("; }")
    for name in re.findall(r"\$\(say (\w+)\)", asked):
        program, script, *arguments = shlex.split(command.replace("$1", name))
        assert (program, script) == ("python", "manage.py")
        call_command(*arguments)
        assert capsys.readouterr().out == f"{getattr(settings, name)}\n"


@pytest.mark.postgresql
@pytest.mark.django_db
def test_every_line_runs(operator: Operator) -> None:
    for title in TITLES:
        # Each section finds what the first one found.
        before = transaction.savepoint()
        operator.follow(title)
        transaction.savepoint_rollback(before)
        Path(operator.known["TRAIL"]).unlink(missing_ok=True)
