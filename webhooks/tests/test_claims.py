"""Who takes which events, in which order, and gives back what."""

import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import datetime, timedelta
from io import StringIO
from threading import Barrier

import pytest
from django.core.management import call_command
from django.db import connection, transaction
from django.utils import timezone
from pytest_django import Settings

from webhooks import conf
from webhooks.events import Event
from webhooks.models import EventQuerySet, Trigger, WebhookEvent
from webhooks.processing import claims
from webhooks.processing.ignore import ignore
from webhooks.processing.process import process
from webhooks.processing.replay import replay, request_replay
from webhooks.processing.sweep import BATCH, sweep, sweep_until
from webhooks.testing import deliver
from webhooks.testing.plugin import Subscribe
from webhooks.tests.events import make_event

pytestmark = pytest.mark.django_db

MANY = BATCH + 3


@pytest.fixture(autouse=True)
def _only_record(settings: Settings) -> None:
    settings.WEBHOOK_PROCESSING = "loop"


def record(count: int) -> None:
    for _ in range(count):
        deliver(make_event())


def sweep_at(at: datetime) -> list[int]:
    """The events processed, in their order."""
    return [attempt.event.pk for attempt in sweep(clock=lambda: at)]


def pks(events: EventQuerySet) -> list[int]:
    return list(events.order_by("pk").values_list("pk", flat=True))


def replay_all() -> None:
    order = request_replay(trigger=Trigger.COMMAND, actor="ada", reason="", now=timezone.now())
    replay(WebhookEvent.objects.all(), order, lane=WebhookEvent.Lane.BULK)


def test_a_bulk_replay_never_delays_what_is_fresh() -> None:
    record(MANY)
    sweep_at(timezone.now())
    old = pks(WebhookEvent.objects.all())
    replay_all()
    record(2)
    fresh = pks(WebhookEvent.objects.exclude(pk__in=old))

    assert sweep_at(timezone.now() + timedelta(seconds=1)) == fresh + old


def test_new_events_go_before_the_next_batch_of_a_bulk_replay() -> None:
    record(MANY)
    sweep_at(timezone.now())
    replay_all()

    done: list[int] = []
    with closing(sweep()) as attempts:
        for attempt in attempts:
            if not done:
                record(1)
            done.append(attempt.event.pk)
    assert done.index(max(done)) == BATCH


def test_a_delivery_of_an_event_in_the_bulk_lane_changes_nothing() -> None:
    event = make_event()
    deliver(event)
    sweep_at(timezone.now())
    replay_all()
    deliver(event)

    assert WebhookEvent.objects.get().lane == WebhookEvent.Lane.BULK
    assert len(sweep_at(timezone.now())) == 1


def test_unstarted_claims_are_released_untouched() -> None:
    record(3)
    with closing(sweep()) as attempts:
        next(attempts)
        assert WebhookEvent.objects.filter(claimed_at__isnull=False).count() == 2

    waiting = WebhookEvent.objects.due(timezone.now())
    assert [(row.attempts, row.claimed_at, row.lost_leases) for row in waiting] == [
        (0, None, 0)
    ] * 2
    assert len(sweep_at(timezone.now())) == 2


def test_a_stopped_loop_finishes_one_event_and_releases_the_rest() -> None:
    record(3)
    stop = threading.Event()
    for _ in sweep_until(stop, poll_seconds=0):
        stop.set()

    assert WebhookEvent.objects.due(timezone.now()).count() == 2


def test_a_loop_with_nothing_to_do_pauses_and_looks_again() -> None:
    pauses: list[float | None] = []

    class Stop(threading.Event):
        def wait(self, timeout: float | None = None) -> bool:
            pauses.append(timeout)
            if len(pauses) == 1:
                record(1)
            else:
                self.set()
            return self.is_set()

    assert len(list(sweep_until(Stop(), poll_seconds=7))) == 1
    assert pauses == [7, 7]


def test_a_late_release_does_not_touch_another_workers_claim() -> None:
    record(2)
    now = timezone.now()
    first, second = claims.claim_due(2, now=now)
    later = now + timedelta(days=1)
    taken_over = claims.claim(second.pk, now=later)
    claims.release([first, second], now=later)

    assert taken_over
    assert pks(WebhookEvent.objects.due(later)) == [first.pk]
    assert process(taken_over, now=later)


def test_a_release_gives_back_that_event_alone_and_none_that_is_settled() -> None:
    record(3)
    now = timezone.now()
    first, second, _ = claims.claim_due(3, now=now)
    assert process(second, now=now)
    claims.release([first, second], now=now)

    assert pks(WebhookEvent.objects.due(now)) == [first.pk]
    rows = WebhookEvent.objects.order_by("pk").values_list("attempts", "status")
    assert list(rows) == [(0, "pending"), (1, "ignored"), (1, "pending")]


def test_a_late_claimant_cannot_settle_an_event_claimed_again(
    subscribe: Subscribe,
) -> None:
    record(1)
    now = timezone.now()
    (late,) = claims.claim_due(1, now=now)

    def fail(event: Event) -> None:
        raise LookupError

    subscribe(fail)
    assert len(sweep_at(now + timedelta(days=1))) == 1
    assert WebhookEvent.objects.get().status == "pending"
    assert process(late, now=now + timedelta(days=1)) is None


@pytest.mark.postgresql
@pytest.mark.django_db(transaction=True)
def test_concurrent_claims_never_share_an_event() -> None:
    record(40)
    together = Barrier(4)

    def take() -> list[int]:
        together.wait()
        try:
            now = timezone.now()
            return [
                each.pk
                for taken in iter(lambda: claims.claim_due(2, now=now), [])
                for each in taken
            ]
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as pool:
        takers = [pool.submit(take) for _ in range(4)]
    taken = [pk for taker in takers for pk in taker.result()]
    assert sorted(taken) == pks(WebhookEvent.objects.all())


@pytest.mark.postgresql
@pytest.mark.django_db(transaction=True)
def test_a_worker_passes_over_what_another_is_claiming_and_does_not_wait() -> None:
    record(3)
    now = timezone.now()
    held, *others = pks(WebhookEvent.objects.all())

    def take() -> list[int]:
        try:
            return [each.pk for each in claims.claim_due(3, now=now)]
        finally:
            connection.close()

    with ThreadPoolExecutor(1) as pool, transaction.atomic():
        WebhookEvent.objects.select_for_update().get(pk=held)
        assert pool.submit(take).result(timeout=10) == others


def test_events_of_lost_workers_are_claimed_one_at_a_time(settings: Settings) -> None:
    settings.WEBHOOK_LEASE_SECONDS = 60
    record(3)
    now = timezone.now()
    assert len(claims.claim_due(3, now=now)) == 3

    later = now + timedelta(seconds=60)
    taken = [claims.claim_due(3, now=later) for _ in range(4)]
    assert [len(claimed) for claimed in taken] == [1, 1, 1, 0]
    assert {each.trigger for claimed in taken for each in claimed} == {Trigger.SWEEP}
    assert set(WebhookEvent.objects.values_list("attempts", "lost_leases")) == {(2, 1)}


def test_an_event_of_a_lost_worker_is_claimed_alone(settings: Settings) -> None:
    settings.WEBHOOK_LEASE_SECONDS = 60
    record(1)
    now = timezone.now()
    claims.claim_due(1, now=now)
    record(2)

    later = now + timedelta(seconds=60)
    # The two have been due the longer.
    assert [len(claims.claim_due(9, now=later)) for _ in range(3)] == [2, 1, 0]


def test_a_slow_sweep_loses_no_lease(settings: Settings) -> None:
    settings.WEBHOOK_LEASE_SECONDS = 60
    record(3)
    now = timezone.now()
    ticks = iter(range(0, 10_000, 31))

    attempts = list(sweep(clock=lambda: now + timedelta(seconds=next(ticks))))
    assert len(attempts) == 3
    assert set(WebhookEvent.objects.values_list("attempts", "lost_leases")) == {(1, 0)}


def test_no_event_is_handled_once_its_lease_has_ended(subscribe: Subscribe) -> None:
    now, could_be_taken = timezone.now(), []

    def handle_slowly(event: Event) -> None:
        nonlocal now
        due = WebhookEvent.objects.due(now).filter(event_id=event.id)
        could_be_taken.append(due.exists())
        now += conf.lease() + timedelta(seconds=1)

    subscribe(handle_slowly)
    record(3)
    now = timezone.now()

    assert len(list(sweep(clock=lambda: now))) == 3
    assert could_be_taken == [False] * 3


def test_a_request_s_own_event_can_not_be_taken_from_it(
    settings: Settings, subscribe: Subscribe
) -> None:
    settings.WEBHOOK_PROCESSING = "request"
    taken: list[list[claims.Claim]] = []
    subscribe(lambda _: taken.append(claims.claim_due(9, now=timezone.now())))
    record(1)

    assert taken == [[]]
    assert WebhookEvent.objects.get().status == "processed"


def test_a_request_that_is_lost_counts_as_a_lost_worker(
    settings: Settings, subscribe: Subscribe
) -> None:
    settings.WEBHOOK_PROCESSING = "request"
    settings.WEBHOOK_MAX_LOST_LEASES = 1

    def end_the_process(_: Event) -> None:
        raise SystemExit

    subscribe(end_the_process)
    with pytest.raises(SystemExit):
        record(1)
    row = WebhookEvent.objects.get()

    assert sweep_at(row.available_at) == [row.pk]
    row.refresh_from_db()
    assert (row.attempts, row.status, row.attempt_set.get().trigger) == (2, "failed", "sweep")


def test_an_event_that_was_ignored_begins_anew(settings: Settings, subscribe: Subscribe) -> None:
    settings.WEBHOOK_MAX_LOST_LEASES = 1
    handled = []
    subscribe(lambda event: handled.append(event.id))
    record(1)
    for _ in range(2):
        assert claims.claim_due(1, now=WebhookEvent.objects.get().available_at)
    row = WebhookEvent.objects.get()
    assert row.lost_leases == 1

    assert ignore(row, actor="ada", reason="none of ours", now=row.available_at)
    assert WebhookEvent.objects.get().lost_leases == 0
    replay_all()
    sweep_at(timezone.now())

    assert handled == [row.event_id]


def test_lost_workers_are_forgotten_once_one_comes_to_an_end(
    settings: Settings, subscribe: Subscribe
) -> None:
    settings.WEBHOOK_MAX_LOST_LEASES = 2
    handled = []

    def fail(event: Event) -> None:
        handled.append(event.id)
        raise RuntimeError("no luck")

    subscribe(fail)
    record(1)
    for _ in range(3):
        due = WebhookEvent.objects.get().available_at
        # One takes it and is lost; the next one does it.
        assert claims.claim_due(1, now=due)
        sweep_at(due + conf.lease())

    assert len(handled) == 3


def test_release_event_works_without_redis(settings: Settings) -> None:
    settings.REDIS_URL = ""
    settings.CACHES = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}
    record(1)
    row = WebhookEvent.objects.get()
    claims.claim(row.pk, now=timezone.now())

    call_command("release_event", row.event_id, verbosity=0)
    assert sweep_at(timezone.now()) == [row.pk]


def test_releasing_an_event_that_nobody_holds_succeeds_and_says_so() -> None:
    record(1)
    assert sweep_at(timezone.now())
    before = WebhookEvent.objects.values().get()
    out = StringIO()

    call_command("release_event", before["event_id"], stdout=out)

    assert "was held by nobody (ignored)" in out.getvalue()
    assert WebhookEvent.objects.values().get() == before
