"""Forgetting: first the payload, later the row, never what somebody may still need."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import connection, transaction
from django.utils import timezone

from webhooks.models import Attempt, WebhookEvent
from webhooks.privacy.retention import cleanup
from webhooks.providers import refusing_old
from webhooks.testing import deliver
from webhooks.testing.database import is_waited_for
from webhooks.tests.events import make_event

pytestmark = pytest.mark.django_db


def age(days: int) -> dict[str, Any]:
    """Deliver an event and make it this old."""
    event = make_event()
    deliver(event)
    WebhookEvent.objects.filter(event_id=event["id"]).update(
        received_at=timezone.now() - timedelta(days=days)
    )
    return event


def run(*args: str) -> str:
    output = StringIO()
    call_command("cleanup_events", *args, stdout=output, stderr=output)
    return output.getvalue().strip()


def test_payloads_go_first_and_rows_later() -> None:
    for days in (1, 89, 91, 399, 401):
        age(days)

    assert run("--dry-run") == "3 payloads would be dropped, 1 rows would be deleted"
    assert WebhookEvent.objects.replayable().count() == 5
    assert run("--batch-size", "2") == "3 payloads dropped, 1 rows deleted"
    assert WebhookEvent.objects.count() == 4
    assert WebhookEvent.objects.replayable().count() == 2
    assert Attempt.objects.count() == 4
    assert run() == "0 payloads dropped, 0 rows deleted"


def test_whoever_cleans_up_hears_of_each_batch() -> None:
    for days in (91, 92, 401):
        age(days)
    told: list[tuple[int, int]] = []

    done = cleanup(
        payloads_older_than=timedelta(days=90),
        rows_older_than=timedelta(days=400),
        rows_of=refusing_old(),
        actor="anna",
        now=timezone.now(),
        batch_size=2,
        progress=lambda so_far: told.append((so_far.payloads, so_far.rows)),
    )
    assert told == [(2, 0), (3, 0), (3, 1)]
    assert (done.payloads, done.rows) == (3, 1)


def test_a_sender_is_kept_no_longer_than_the_payload() -> None:
    age(89)
    age(91)
    WebhookEvent.objects.update(client="198.51.100.1", user_agent="Stripe/1.0", request_id="r1")
    run()

    kept = WebhookEvent.objects.order_by("-received_at")
    assert list(kept.values_list("client", "user_agent", "request_id")) == [
        ("198.51.100.1", "Stripe/1.0", "r1"),
        ("", "", ""),
    ]


@pytest.mark.postgresql
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("days", [91, 401])
def test_an_event_that_fails_while_it_is_cleaned_up_is_kept(days: int) -> None:
    age(days)
    if days > 400:
        WebhookEvent.objects.update(body=None)
    with ThreadPoolExecutor() as pool:
        with transaction.atomic():
            WebhookEvent.objects.update(status=WebhookEvent.Status.FAILED)
            cleaning = pool.submit(run_apart)
            # It has chosen the event, and waits for its lock.
            while not is_waited_for():
                assert not cleaning.done()
        assert cleaning.result() == "0 payloads dropped, 0 rows deleted"

    assert (WebhookEvent.objects.get().body is None) == (days > 400)


def run_apart() -> str:
    try:
        return run()
    finally:
        connection.close()


def test_a_tombstone_still_makes_a_late_delivery_a_duplicate() -> None:
    event = age(100)
    run()

    assert deliver(event).json() == {"status": "received", "idempotent_replay": True}
    row = WebhookEvent.objects.get()
    assert (row.body, row.status, row.deliveries) == (None, "ignored", 2)
    assert row.sha256


@pytest.mark.parametrize("status", ["pending", "failed"])
def test_unfinished_and_failed_events_are_kept(status: str) -> None:
    age(1000)
    WebhookEvent.objects.update(status=status)
    run()

    assert WebhookEvent.objects.replayable().count() == 1


@pytest.mark.parametrize(
    "args",
    [
        ["--row-days", "30"],
        ["--payload-days", "200", "--row-days", "100"],
        ["--payload-days", "-1"],
        ["--batch-size", "0"],
    ],
)
def test_nothing_is_forgotten_while_the_provider_may_send_it_again(args: list[str]) -> None:
    with pytest.raises(CommandError, match="--row-days"):
        run(*args)
