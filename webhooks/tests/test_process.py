"""From a recorded event to its effects: handlers, failures, retries, leases."""

import time
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.contrib.auth.models import Group
from django.utils import timezone
from pytest_django import Settings

from webhooks.events import Event
from webhooks.exceptions import PermanentFailure
from webhooks.models import Attempt, Trigger, WebhookEvent
from webhooks.processing import claims
from webhooks.processing.claims import Claim
from webhooks.processing.process import process
from webhooks.processing.sweep import sweep
from webhooks.signals import event_received
from webhooks.testing import deliver
from webhooks.testing.plugin import Subscribe
from webhooks.tests.events import make_event

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _no_groups() -> None:
    # Groups stand for what handlers did here.
    Group.objects.all().delete()


NOW = timezone.now()


def succeed(event: Event) -> None:
    Group.objects.create(name=f"succeed {event.id}")


def fail(event: Event) -> None:
    Group.objects.create(name=f"fail {event.id}")
    raise LookupError("no such plan\0 \ud800")


def give_up(event: Event) -> None:
    raise PermanentFailure("this can never work")


def effects() -> list[str]:
    return sorted(name.split()[0] for name in Group.objects.values_list("name", flat=True))


def sweep_at(at: datetime) -> list[Attempt]:
    return list(sweep(clock=lambda: at))


@pytest.fixture
def recorded(settings: Settings) -> WebhookEvent:
    """An event that was only recorded."""
    settings.WEBHOOK_PROCESSING = "loop"
    deliver(make_event())
    return WebhookEvent.objects.get()


def outcomes(attempt: Attempt) -> dict[str, str]:
    return {each["name"].rpartition(".")[2]: each["outcome"] for each in attempt.handlers}


def test_an_event_that_nobody_subscribed_to_is_ignored() -> None:
    started = time.perf_counter()
    assert deliver(make_event("test.unheard")).status_code == 200
    answered_ms = (time.perf_counter() - started) * 1000

    row = WebhookEvent.objects.get()
    assert row.status == WebhookEvent.Status.IGNORED
    attempt = row.attempt_set.get()
    assert attempt.outcome == Attempt.Outcome.IGNORED
    assert 0 < attempt.duration_ms < answered_ms


def test_an_event_is_processed_in_the_request_that_brings_it(subscribe: Subscribe) -> None:
    subscribe(succeed)
    deliver(make_event())

    row = WebhookEvent.objects.get()
    attempt = row.attempt_set.get()
    assert (row.status, row.attempts, row.claimed_at) == ("processed", 1, None)
    assert (attempt.number, attempt.trigger, attempt.outcome) == (1, "delivery", "processed")
    assert outcomes(attempt) == {"succeed": "succeeded"}
    assert effects() == ["succeed"]


@pytest.mark.parametrize(
    ("pattern", "provider", "is_heard"),
    [
        ("test.happened", "stripe", True),
        ("test.*", "stripe", True),
        ("*", "stripe", True),
        ("*", "*", True),
        ("test", "stripe", False),
        ("test.happened", "telegram", False),
        ("test.happened.twice", "stripe", False),
    ],
)
def test_handlers_get_the_events_they_subscribed_to(
    subscribe: Subscribe, pattern: str, provider: str, is_heard: bool
) -> None:
    subscribe(succeed, pattern, provider=provider)
    deliver(make_event("test.happened"))

    assert effects() == (["succeed"] if is_heard else [])


def test_a_failing_handler_does_not_undo_the_others(subscribe: Subscribe) -> None:
    subscribe(fail)
    subscribe(succeed)
    response = deliver(make_event())

    row = WebhookEvent.objects.get()
    attempt = row.attempt_set.get()
    assert response.json() == {"status": "received"}
    assert effects() == ["succeed"]
    assert (row.status, attempt.outcome) == ("pending", "retrying")
    assert outcomes(attempt) == {"fail": "failed", "succeed": "succeeded"}
    assert row.last_error.startswith("LookupError: no such plan")
    assert "raise LookupError" in attempt.error
    assert row.available_at > timezone.now()


def test_a_retry_runs_only_unsuccessful_handlers(subscribe: Subscribe) -> None:
    subscribe(fail)
    subscribe(succeed)
    deliver(make_event())
    due_at = WebhookEvent.objects.get().available_at

    assert sweep_at(due_at - timedelta(milliseconds=1)) == []
    (attempt,) = sweep_at(due_at)
    assert (attempt.number, attempt.trigger) == (2, "retry")
    assert outcomes(attempt) == {"fail": "failed", "succeed": "skipped"}
    assert effects() == ["succeed"]


def test_waits_grow_until_attempts_are_exhausted(subscribe: Subscribe, settings: Settings) -> None:
    settings.WEBHOOK_RETRY = {"base": 10, "factor": 3, "cap": 60, "jitter": 0, "max_attempts": 5}
    subscribe(fail)
    deliver(make_event())
    row = WebhookEvent.objects.get()
    at = row.received_at

    waits = []
    while row.status == "pending":
        waits.append((row.available_at - at).total_seconds())
        at = row.available_at
        sweep_at(at)
        row.refresh_from_db()
    assert waits == [10, 30, 60, 60]
    assert row.status == "failed"
    assert row.attempt_set.count() == 5


def test_a_permanent_failure_is_not_retried(subscribe: Subscribe) -> None:
    subscribe(give_up)
    deliver(make_event())

    row = WebhookEvent.objects.get()
    assert (row.status, row.last_error) == ("failed", "PermanentFailure: this can never work")


def test_an_observer_s_failure_undoes_the_attempt_and_is_retried(subscribe: Subscribe) -> None:
    subscribe(succeed)

    def observe(**_: Any) -> None:
        raise RuntimeError("observer")

    event_received.connect(observe)
    try:
        response = deliver(make_event())
    finally:
        event_received.disconnect(observe)

    row = WebhookEvent.objects.get()
    assert response.status_code == 200
    assert (row.status, row.last_error) == ("pending", "RuntimeError: observer")
    assert effects() == []
    sweep_at(row.available_at)
    assert effects() == ["succeed"]


def test_an_undone_attempt_has_nothing_run_again_that_had_succeeded(subscribe: Subscribe) -> None:
    subscribe(succeed)
    subscribe(fail)
    deliver(make_event())

    def observe(**_: Any) -> None:
        raise RuntimeError("observer")

    event_received.connect(observe)
    try:
        sweep_at(WebhookEvent.objects.get().available_at)
    finally:
        event_received.disconnect(observe)
    (attempt,) = sweep_at(WebhookEvent.objects.get().available_at)

    assert outcomes(attempt) == {"succeed": "skipped", "fail": "failed"}
    assert effects() == ["succeed"]


def test_recorded_events_are_processed_by_the_sweep(
    recorded: WebhookEvent, subscribe: Subscribe
) -> None:
    subscribe(succeed)
    (attempt,) = sweep_at(timezone.now())

    assert (attempt.trigger, attempt.outcome) == ("delivery", "processed")
    assert sweep_at(timezone.now() + timedelta(days=1)) == []
    assert effects() == ["succeed"]


def test_a_claimed_event_is_not_claimed_again_before_its_lease_ends(
    recorded: WebhookEvent, subscribe: Subscribe, settings: Settings
) -> None:
    settings.WEBHOOK_LEASE_SECONDS = 60
    subscribe(succeed)
    now = timezone.now()
    lost = claims.claim(recorded.pk, now=now)
    assert lost

    assert claims.claim(recorded.pk, now=now + timedelta(seconds=59)) is None
    (attempt,) = sweep_at(now + timedelta(seconds=60))
    assert (attempt.number, attempt.trigger) == (2, "sweep")
    # The first worker was only slow: when it comes back, the event is no longer its own.
    assert process(lost, now=now + timedelta(seconds=61)) is None
    assert effects() == ["succeed"]
    assert recorded.attempt_set.count() == 1


def test_an_event_that_keeps_killing_workers_fails(
    recorded: WebhookEvent, subscribe: Subscribe, settings: Settings
) -> None:
    settings.WEBHOOK_MAX_LOST_LEASES = 2
    subscribe(succeed)
    now = timezone.now()
    for _ in range(2):
        assert claims.claim(recorded.pk, now=now)
        now += timedelta(days=1)
    (attempt,) = sweep_at(now)

    recorded.refresh_from_db()
    assert (attempt.outcome, attempt.handlers) == ("failed", [])
    assert recorded.status == "failed"
    assert "2 workers" in recorded.last_error
    assert effects() == []


def test_events_are_taken_in_the_order_in_which_they_came_due(
    settings: Settings, subscribe: Subscribe
) -> None:
    settings.WEBHOOK_PROCESSING = "loop"
    subscribe(succeed)
    sent = [make_event() for _ in range(3)]
    for event in sent:
        deliver(event)

    assert [a.event.event_id for a in sweep_at(timezone.now())] == [event["id"] for event in sent]


def test_a_claim_on_a_settled_event_does_nothing(subscribe: Subscribe) -> None:
    subscribe(succeed)
    deliver(make_event())
    row = WebhookEvent.objects.get()

    assert claims.claim(row.pk, now=NOW + timedelta(days=1)) is None
    assert process(Claim(row.pk, 1, Trigger.SWEEP), now=timezone.now()) is None
    assert effects() == ["succeed"]
