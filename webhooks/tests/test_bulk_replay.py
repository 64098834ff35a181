"""Replays where workers process: at a rate, interrupted, resumed."""

from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone
from pytest_django import Settings

from webhooks.models import Replay, WebhookEvent
from webhooks.processing import replay
from webhooks.processing.sweep import sweep
from webhooks.testing import deliver
from webhooks.tests.events import make_event

pytestmark = pytest.mark.django_db

EVENTS = 7


@pytest.fixture(autouse=True)
def _processed_events(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.WEBHOOK_PROCESSING = "loop"
    monkeypatch.setattr(replay, "BATCH", 3)
    for _ in range(EVENTS):
        deliver(make_event())
    list(sweep())


def run(*args: str) -> str:
    output = StringIO()
    call_command("replay_events", *args, stdout=output, stderr=output)
    return output.getvalue()


class Terminal(StringIO):
    """A terminal at which somebody presses Ctrl-C as soon as progress shows."""

    def isatty(self) -> bool:
        return True

    def write(self, text: str) -> int:
        raise KeyboardInterrupt


def interrupted(*args: str) -> Replay:
    """A replay that was interrupted after its first batch."""
    with pytest.raises(CommandError, match="--resume"):
        call_command("replay_events", *args, stderr=Terminal())
    return Replay.objects.get()


def attempts() -> list[int]:
    return list(WebhookEvent.objects.order_by("pk").values_list("attempts", flat=True))


def test_a_rate_spreads_when_events_come_due() -> None:
    before = timezone.now()
    run("--status", "ignored", "--rate", "2")

    due = [
        round((at - before).total_seconds())
        for at in WebhookEvent.objects.order_by("pk").values_list("available_at", flat=True)
    ]
    assert due == [0, 0, 1, 1, 2, 2, 3]


def test_an_interrupted_replay_resumes_and_processes_each_event_once() -> None:
    order = interrupted("--status", "ignored", "--reason", "tried")
    assert WebhookEvent.objects.filter(replay=order).count() == 3
    list(sweep())  # workers are faster than whoever resumes

    assert "4 events re-run" in run("--resume", str(order.pk))
    list(sweep())
    assert attempts() == [2] * EVENTS
    assert order.attempts.count() == EVENTS
    order.refresh_from_db()
    assert order.finished_at
    assert Replay.objects.count() == 1


@pytest.mark.parametrize(
    ("column", "value"),
    [("actor", "grace"), ("force", True), ("trigger", "api"), ("selection", {"ids": []})],
)
def test_a_request_that_was_altered_is_not_resumed(column: str, value: Any) -> None:
    order = interrupted("--status", "ignored", "--reason", "tried")
    Replay.objects.filter(pk=order.pk).update(**{column: value})
    before = WebhookEvent.objects.filter(replay=order).count()
    with pytest.raises(CommandError, match="is refused"):
        run("--resume", str(order.pk))
    assert WebhookEvent.objects.filter(replay=order).count() == before


def test_other_ids_than_were_asked_for_are_not_resumed() -> None:
    first, *rest, last = WebhookEvent.objects.order_by("pk").values_list("event_id", flat=True)
    order = interrupted(first, *rest)
    order.selection["ids"] = sorted([*rest, last])
    order.save(update_fields=["selection"])
    with pytest.raises(CommandError, match="is refused"):
        run("--resume", str(order.pk))


def test_a_request_that_nobody_made_is_not_resumed() -> None:
    order = interrupted("--status", "ignored")
    order.pk = None
    order.save(force_insert=True)
    with pytest.raises(CommandError, match="is refused"):
        run("--resume", str(order.pk))


def test_a_finished_replay_is_not_resumed() -> None:
    run("--status", "ignored")

    with pytest.raises(CommandError, match="had come to its end"):
        run("--resume", str(Replay.objects.get().pk))
    with pytest.raises(CommandError, match="no replay -1"):
        run("--resume", "-1")


def test_resuming_keeps_the_first_selection() -> None:
    order = interrupted("--type", "test.*")

    with pytest.raises(CommandError, match="choose nothing more"):
        run("--resume", str(order.pk), "--status", "ignored")


def test_an_interrupted_replay_by_ids_goes_on_with_those_ids() -> None:
    ids = list(WebhookEvent.objects.order_by("pk").values_list("event_id", flat=True))[1:6]
    order = interrupted(*ids)
    run("--resume", str(order.pk))
    list(sweep())

    assert attempts() == [1, 2, 2, 2, 2, 2, 1]
