"""The screens of alerts, and what staff do there."""

from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

from webhooks.alerts import outbox
from webhooks.alerts.evaluation import raise_at_once
from webhooks.models import Alert, AuditEntry
from webhooks.monitoring.alert_rules import Finding
from webhooks.testing.browser import log_in
from webhooks.testing.servers import free_port

pytestmark = pytest.mark.django_db

LIST = "/admin/webhooks/alert/"


@pytest.fixture
def alert(settings: Settings) -> Alert:
    settings.ALERT_URLS = f"json://127.0.0.1:{free_port()}/T0KENmarked"
    raise_at_once("refusals", Finding("A burst of them.", "stripe", 1234), now=timezone.now())
    return Alert.objects.get()


def text(client: Client, path: str) -> str:
    answer = client.get(path)
    assert answer.status_code == 200
    page: str = answer.content.decode()
    return page


@pytest.fixture
def operator() -> Client:
    return log_in("view_alert", "handle_alert", "view_webhookevent")


@pytest.mark.pages
def test_an_alert_is_listed_and_shown_with_its_messages(alert: Alert, operator: Client) -> None:
    outbox.deliver()
    listed, page = text(operator, LIST), text(operator, f"{LIST}{alert.pk}/change/")

    for shown in (listed, page):
        assert "Refusals come in bursts" in shown
        assert "A burst of them." in shown
        assert "1,234" in shown
        assert "T0KENmarked" not in shown
    assert "it did not take it" in page
    assert "1 (json)" in page
    assert "docs/runbook.md#refusals-come-in-bursts" in page
    assert "Refusals come in bursts" in text(operator, "/admin/")


@pytest.mark.pages
def test_what_is_resolved_is_shown_as_such_and_no_more_on_the_first_page(
    alert: Alert, operator: Client
) -> None:
    Alert.objects.update(resolved_at=timezone.now())

    assert "Open alerts" not in text(operator, "/admin/")
    assert "A burst" in text(operator, f"{LIST}?state=resolved")
    assert "A burst" not in text(operator, f"{LIST}?state=open")


def test_acknowledging_takes_a_reason_and_is_on_record(alert: Alert, operator: Client) -> None:
    page = f"{LIST}{alert.pk}/acknowledge/"
    operator.get(page)
    operator.post(page, {"reason": ""})
    assert Alert.objects.get().acknowledged_at is None

    operator.post(page, {"reason": "I look"})
    acknowledged = Alert.objects.get()
    assert acknowledged.acknowledged_at is not None
    assert acknowledged.acknowledged_by == User.objects.get().username
    [entry] = AuditEntry.objects.filter(action=AuditEntry.Action.ACKNOWLEDGED)
    assert entry.details["rule"] == "refusals"
    assert entry.reason.text == "I look"


@pytest.mark.parametrize(("hours", "is_muted"), [("8", True), ("0", False), ("999", None)])
def test_muting_is_for_a_time(
    alert: Alert, operator: Client, hours: str, is_muted: bool | None
) -> None:
    operator.post(f"{LIST}{alert.pk}/mute/", {"reason": "moving", "hours": hours})
    alert.refresh_from_db()

    if is_muted is None:
        assert alert.muted_until is None
        return
    assert alert.muted_until is not None
    assert (alert.muted_until > timezone.now() + timedelta(hours=7)) is is_muted


def test_nothing_is_done_without_the_permission(alert: Alert) -> None:
    reader = log_in("view_alert")
    for act in ("acknowledge", "mute"):
        answer = reader.post(f"{LIST}{alert.pk}/{act}/", {"reason": "x", "hours": "8"})
        assert answer.status_code == 403
    alert.refresh_from_db()

    assert (alert.acknowledged_at, alert.muted_until) == (None, None)
