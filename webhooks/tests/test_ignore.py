"""Having events ignored that failed."""

from datetime import timedelta

import pytest
from django.contrib.auth.models import Permission, User
from django.test import Client
from django.utils import timezone

from webhooks.events import Event
from webhooks.exceptions import PermanentFailure
from webhooks.models import Attempt, AuditEntry, Trigger, WebhookEvent
from webhooks.processing import claims
from webhooks.processing import ignore as dismissals
from webhooks.processing.process import process
from webhooks.processing.replay import replay, request_replay
from webhooks.testing import deliver
from webhooks.testing.plugin import Subscribe
from webhooks.tests.events import make_event

pytestmark = pytest.mark.django_db

Status = WebhookEvent.Status


def gives_up(event: Event) -> None:
    raise PermanentFailure("never")


def falters(event: Event) -> None:
    raise LookupError("not yet")


def receive() -> WebhookEvent:
    told = make_event()
    assert deliver(told).status_code == 200
    return WebhookEvent.objects.get(event_id=told["id"])


def ignore(event: WebhookEvent) -> bool:
    done = dismissals.ignore(event, actor="anna", reason="a test", now=timezone.now())
    event.refresh_from_db()
    return done


def test_a_failed_event_can_be_ignored(subscribe: Subscribe) -> None:
    subscribe(gives_up)
    event = receive()

    assert ignore(event)

    assert event.status == Status.IGNORED
    assert event.settled_at
    last = event.attempt_set.latest("number")
    assert (last.number, last.trigger, last.outcome) == (2, Trigger.STAFF, Attempt.Outcome.IGNORED)
    order = last.replay
    assert order
    assert (order.trigger, order.actor, order.reason) == (Trigger.STAFF, "anna", "a test")
    assert order.created_at == order.finished_at == event.settled_at == last.started_at
    entry = AuditEntry.objects.get(action=AuditEntry.Action.IGNORED)
    assert entry.actor == "anna"
    assert (entry.details["event"], entry.details["was"]) == (event.event_id, "failed")
    assert entry.reason.text == "a test"


def test_an_ignored_event_is_retried_no_more(subscribe: Subscribe) -> None:
    subscribe(falters)
    event = receive()
    assert event.status == Status.PENDING

    assert ignore(event)

    assert not WebhookEvent.objects.due(timezone.now() + timedelta(days=9)).exists()


def test_an_ignored_event_can_be_rerun(subscribe: Subscribe) -> None:
    subscribe(gives_up)
    event = receive()
    ignore(event)

    order = request_replay(trigger=Trigger.STAFF, actor="anna", reason="", now=timezone.now())
    replay(WebhookEvent.objects.filter(pk=event.pk), order)

    event.refresh_from_db()
    assert event.status == Status.FAILED
    assert event.attempt_set.count() == 3


def test_other_events_cannot_be_ignored(subscribe: Subscribe) -> None:
    subscribe(lambda event: None)
    event = receive()

    assert not ignore(event)
    assert event.status == Status.PROCESSED
    assert not AuditEntry.objects.filter(action=AuditEntry.Action.IGNORED).exists()


def test_an_event_being_processed_cannot_be_ignored(subscribe: Subscribe) -> None:
    subscribe(falters)
    event = receive()
    later = timezone.now() + timedelta(days=1)
    taken = claims.claim(event.pk, now=later)

    assert taken
    assert not dismissals.ignore(event, actor="anna", reason="", now=later)
    assert process(taken, now=later)


def test_a_worker_that_comes_back_too_late_changes_nothing(subscribe: Subscribe) -> None:
    subscribe(falters)
    event = receive()
    later = timezone.now() + timedelta(days=1)
    taken = claims.claim(event.pk, now=later)
    assert taken

    assert dismissals.ignore(event, actor="anna", reason="", now=later + timedelta(hours=1))

    assert process(taken, now=later) is None
    event.refresh_from_db()
    assert event.status == Status.IGNORED


def test_staff_ignore_an_event_by_its_button(subscribe: Subscribe) -> None:
    subscribe(gives_up)
    event = receive()
    user = User.objects.create(username="anna", is_staff=True)
    user.user_permissions.set(
        Permission.objects.filter(codename__in=["view_webhookevent", "ignore_webhookevent"])
    )
    client = Client()
    client.force_login(user)
    url = f"/admin/webhooks/webhookevent/{event.pk}/ignore/"

    assert "Nothing runs for it any more" in client.get(url).content.decode()
    for told in ("Ignored.", "Skipped, as it did not fail or is being processed."):
        answer = client.post(url, {"reason": "a test"}, follow=True)
        assert [str(message) for message in answer.context["messages"]] == [told]
    assert "a test" in answer.content.decode()
