"""Re-running events: what runs again, what is kept of who asked, and the command."""

from datetime import timedelta
from io import StringIO
from typing import Any

import pytest
from django.contrib.auth.models import Group
from django.core.management import CommandError, call_command
from django.utils import timezone
from pytest_django import Settings

from webhooks.events import Event
from webhooks.models import Replay, Trigger, WebhookEvent
from webhooks.processing import replay as replays
from webhooks.processing.sweep import sweep
from webhooks.testing import deliver
from webhooks.testing.plugin import Subscribe
from webhooks.tests.events import make_event

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _no_groups() -> None:
    # Groups stand for what handlers did here.
    Group.objects.all().delete()


def unlucky(event: Event) -> None:
    """Fails until there is luck."""
    if not Group.objects.filter(name="luck").exists():
        raise LookupError("not yet")
    Group.objects.create(name=f"unlucky {timezone.now()}")


def steady(event: Event) -> None:
    Group.objects.create(name=f"steady {timezone.now()}")


def effects() -> list[str]:
    return sorted(name.split()[0] for name in Group.objects.values_list("name", flat=True))


def replay(*, force: bool = False) -> replays.Replayed:
    order = replays.request_replay(
        trigger=Trigger.STAFF,
        actor="ada",
        reason="customer called",
        force=force,
        now=timezone.now(),
    )
    return replays.replay(WebhookEvent.objects.all(), order)


def run(*args: str, **options: Any) -> str:
    output = StringIO()
    call_command("replay_events", *args, stdout=output, stderr=output, **options)
    return output.getvalue()


def test_a_replay_runs_unsuccessful_handlers_and_records_the_actor(subscribe: Subscribe) -> None:
    subscribe(unlucky)
    subscribe(steady)
    deliver(make_event())
    Group.objects.create(name="luck")

    done = replay()
    row = WebhookEvent.objects.get()
    attempt = row.attempt_set.get(number=2)
    assert (done.queued, dict(done.outcomes)) == (1, {"processed": 1})
    assert (row.status, row.last_error, row.replay) == ("processed", "", None)
    assert attempt.trigger == "staff"
    assert attempt.replay
    assert (attempt.replay.actor, attempt.replay.reason) == ("ada", "customer called")
    assert effects() == ["luck", "steady", "unlucky"]


@pytest.mark.parametrize(("force", "runs"), [(False, 1), (True, 2)])
def test_successful_handlers_run_again_only_when_forced(
    subscribe: Subscribe, force: bool, runs: int
) -> None:
    subscribe(steady)
    deliver(make_event())
    replay(force=force)

    assert effects() == ["steady"] * runs
    assert WebhookEvent.objects.get().status == "processed"


def test_a_replay_restarts_the_retry_schedule(subscribe: Subscribe, settings: Settings) -> None:
    settings.WEBHOOK_RETRY = {"max_attempts": 2, "jitter": 0}
    subscribe(unlucky)
    deliver(make_event())
    list(sweep(clock=lambda: timezone.now() + timedelta(days=1)))
    assert WebhookEvent.objects.get().status == "failed"

    replay()
    row = WebhookEvent.objects.get()
    assert row.status == "pending"
    list(sweep(clock=lambda: timezone.now() + timedelta(days=1)))
    row.refresh_from_db()
    assert (row.status, row.attempts) == ("failed", 4)


def test_with_workers_a_replay_only_makes_events_due(
    subscribe: Subscribe, settings: Settings
) -> None:
    subscribe(steady)
    deliver(make_event())
    settings.WEBHOOK_PROCESSING = "loop"

    done = replay(force=True)
    assert (done.queued, dict(done.outcomes)) == (1, {})
    assert effects() == ["steady"]
    (attempt,) = sweep()
    assert attempt.trigger == "staff"
    assert effects() == ["steady", "steady"]


def test_an_event_without_payload_is_skipped(subscribe: Subscribe) -> None:
    deliver(make_event())
    WebhookEvent.objects.update(body=None)

    assert replay().queued == 0
    assert WebhookEvent.objects.get().status == "ignored"


def test_a_new_handler_runs_on_ignored_events(subscribe: Subscribe) -> None:
    deliver(make_event())
    subscribe(steady)
    replay()

    assert WebhookEvent.objects.get().status == "processed"
    assert effects() == ["steady"]


def test_the_command_accepts_event_ids() -> None:
    events = [make_event() for _ in range(3)]
    for event in events:
        deliver(event)

    output = run(events[0]["id"], events[1]["id"], "--reason", "tried")
    assert "2 events re-run: 2 ignored" in output
    assert Replay.objects.get().reason == "tried"
    assert Replay.objects.get().trigger == "command"
    assert WebhookEvent.objects.filter(attempts=2).count() == 2


def test_the_command_chooses_by_status_type_and_time() -> None:
    for kind in ("test.a", "test.b.c", "testing.a"):
        deliver(make_event(kind))
    WebhookEvent.objects.filter(type="testing.a").update(
        received_at=timezone.now() - timedelta(days=2)
    )
    yesterday = (timezone.now() - timedelta(days=1)).isoformat()

    def would(*args: str) -> str:
        return run(*args, "--dry-run").split()[0]

    assert would("--type", "test.*") == "2"
    assert would("--type", "test.a") == "1"
    assert would("--type", "*.a") == "2"
    assert would("--status", "ignored") == "3"
    assert would("--status", "failed") == "0"
    assert would("--since", yesterday) == "2"
    assert would("--until", yesterday) == "1"
    assert would("--until", yesterday, "--type", "test.*") == "0"
    assert not Replay.objects.exists()
    assert not WebhookEvent.objects.filter(attempts__gt=1).exists()


@pytest.mark.parametrize(
    ("args", "says"),
    [
        ([], "Name events"),
        (["evt_1", "--status", "failed"], "Name events"),
        (["evt_nobody"], "no event evt_nobody"),
        (["--since", "yesterday"], "--since"),
        (["--status", "lost"], "--status"),
    ],
)
def test_the_command_refuses_impossible_options(args: list[str], says: str) -> None:
    with pytest.raises(CommandError, match=says):
        run(*args)


def test_the_command_fails_when_an_event_does(subscribe: Subscribe) -> None:
    subscribe(unlucky)
    deliver(make_event())

    with pytest.raises(CommandError, match="1 events did not succeed"):
        run("--status", "pending")
