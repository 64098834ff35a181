"""Conflicts that the database resolves by failing one of two."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from threading import Barrier

import pytest
from django.contrib.auth.models import Group
from django.db import connection, transaction
from django.utils import timezone
from pytest_django import Settings

from webhooks.events import Event
from webhooks.models import Attempt, WebhookEvent
from webhooks.processing import claims
from webhooks.processing import process as processing
from webhooks.processing.sweep import sweep
from webhooks.testing import deliver
from webhooks.testing.plugin import Subscribe
from webhooks.tests.events import make_event

pytestmark = [pytest.mark.postgresql, pytest.mark.django_db(transaction=True)]


@contextmanager
def own_connection() -> Iterator[None]:
    try:
        yield
    finally:
        connection.close()


def test_a_handler_s_deadlock_is_resolved_within_the_attempt(
    subscribe: Subscribe, settings: Settings
) -> None:
    settings.WEBHOOK_PROCESSING = "loop"
    deliver(make_event("test.forth"))
    deliver(make_event("test.back"))
    Group.objects.bulk_create([Group(name="a"), Group(name="b")])
    runs: list[str] = []
    both_have_one = Barrier(2)

    def rename(event: Event) -> None:
        runs.append(event.id)
        first, second = ("a", "b") if event.type == "test.forth" else ("b", "a")
        for name in (first, second):
            group = Group.objects.select_for_update().get(name__startswith=name)
            Group.objects.filter(pk=group.pk).update(name=f"{group.name}!")
            if name == first and runs.count(event.id) == 1:
                both_have_one.wait(10)

    def process(claim: claims.Claim) -> Attempt | None:
        with own_connection():
            return processing.process(claim, now=timezone.now())

    subscribe(rename)
    with ThreadPoolExecutor(2) as pool:
        attempts = list(pool.map(process, claims.claim_due(2, now=timezone.now())))

    assert [attempt and attempt.outcome for attempt in attempts] == ["processed", "processed"]
    # Whoever gave way may meet the other once more.
    assert len(runs) >= 3
    assert sorted(Group.objects.values_list("name", flat=True)) == ["a!!", "b!!"]
    assert set(WebhookEvent.objects.values_list("status", "attempts")) == {("processed", 1)}


def test_whoever_loses_the_race_to_insert_a_row_begins_anew(
    subscribe: Subscribe, settings: Settings
) -> None:
    settings.WEBHOOK_PROCESSING = "loop"
    deliver(make_event("test.one"))
    deliver(make_event("test.other"))
    runs: list[str] = []
    both_see_none = Barrier(2)

    def join(event: Event) -> None:
        runs.append(event.id)
        group = Group.objects.filter(name="a").first()
        if runs.count(event.id) == 1:
            both_see_none.wait(10)
        if group is None:
            Group.objects.create(name="a")

    def process(claim: claims.Claim) -> Attempt | None:
        with own_connection():
            return processing.process(claim, now=timezone.now())

    subscribe(join)
    with ThreadPoolExecutor(2) as pool:
        attempts = list(pool.map(process, claims.claim_due(2, now=timezone.now())))

    assert [attempt and attempt.outcome for attempt in attempts] == ["processed", "processed"]
    assert (len(runs), Group.objects.count()) == (3, 1)


def test_a_conflict_without_end_is_a_failure_like_any_other(
    subscribe: Subscribe, settings: Settings
) -> None:
    settings.WEBHOOK_PROCESSING = "loop"
    deliver(make_event())
    runs: list[str] = []

    def conflict(event: Event) -> None:
        runs.append(event.id)
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("DO $$ BEGIN RAISE EXCEPTION 'again' USING ERRCODE = '40001'; END $$")

    subscribe(conflict)
    (attempt,) = sweep()
    assert attempt.outcome == "retrying"
    assert len(runs) == 4
