"""Events that never reached us are brought back, once, whatever happens meanwhile."""

import hashlib
import json
import os
import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from io import StringIO
from typing import Any

import pytest
from celery import current_app
from django.conf import settings as project
from django.core.management import CommandError, call_command
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

from webhooks import tasks
from webhooks.events import Event
from webhooks.intake.reconcile import NotPossible, request_reconciliation
from webhooks.models import Attempt, Reconciliation, Trigger, WebhookEvent
from webhooks.processing.sweep import sweep
from webhooks.providers import stripe_api
from webhooks.testing import deliver
from webhooks.testing.fake_stripe import Fault, Served
from webhooks.testing.plugin import Subscribe
from webhooks.tests.events import make_event

pytestmark = pytest.mark.django_db

Json = dict[str, Any]
Run = Callable[..., str]

OUTAGE = 260
LIST = "/v1/events"

SCHEDULED = "'{task} {schedule}'.format(**settings.CELERY_BEAT_SCHEDULE['reconcile'])"


def made(
    stripe: Served, event: Json | None = None, *, account: str = "", delivered: bool = True
) -> Json:
    """Have Stripe make an event, the newest so far."""
    event = (event or make_event()) | {"pending_webhooks": 0 if delivered else 1}
    stripe.world.take_up(event, account=account, pending=event["pending_webhooks"])
    return event


def failing(stripe: Served, *, after: int = 0, status: int = 500) -> None:
    """Have Stripe fail at one request, after so many, as often as its client repeats it."""
    times = stripe_api.RETRIES + 1
    fault = Fault("error_before", "GET", LIST, times=times, skip=after, status=status)
    stripe.world.faults.add(fault)


def asked(stripe: Served) -> int:
    """How many times Stripe was asked for its events."""
    return stripe.world.faults.count("GET", LIST)


def run(*arguments: str) -> str:
    output = StringIO()
    call_command("reconcile_events", *arguments, stdout=output, stderr=output)
    return output.getvalue()


def seconds_ago(seconds: float) -> int:
    return int((timezone.now() - timedelta(seconds=seconds)).timestamp())


def outage(stripe: Served) -> tuple[list[Json], list[Json]]:
    """Three days of events, five of each second, every fourth of which was lost: all, and those."""
    start = seconds_ago(3 * 24 * 3600 - 600)
    step = 3 * 24 * 3600 // OUTAGE
    events = [make_event(created=start + n // 5 * 5 * step) for n in range(OUTAGE)]
    lost = events[::4]
    for event in events:
        made(stripe, event, delivered=event not in lost)
        if event not in lost:
            deliver(event)
    return events, lost


def ids(events: list[Json]) -> set[str]:
    return {event["id"] for event in events}


def fetched() -> set[str]:
    rows = WebhookEvent.objects.all()
    return {row.event_id for row in rows if row.was_fetched}


class TestOutage:
    def test_exactly_what_was_missed_is_brought_back(
        self, stripe: Served, subscribe: Subscribe
    ) -> None:
        handled: Counter[str] = Counter()
        subscribe(lambda event: handled.update([event.id]))
        events, lost = outage(stripe)
        before = {row["event_id"]: row for row in WebhookEvent.objects.values()}

        told = run("--since", "3d")

        assert f"{OUTAGE} events seen, 195 known, 65 recorded (65 processed)" in told
        assert fetched() == ids(lost)
        assert handled == Counter(ids(events))
        after = {row["event_id"]: row for row in WebhookEvent.objects.values()}
        assert {key: after[key] for key in before} == before
        assert asked(stripe) == 3

    def test_what_is_known_to_be_undelivered_is_asked_for_alone(self, stripe: Served) -> None:
        _, lost = outage(stripe)

        assert "65 events seen, 0 known, 65 recorded" in run("--undelivered")
        assert fetched() == ids(lost)
        assert asked(stripe) == 1

    def test_once_more_changes_nothing(self, stripe: Served) -> None:
        outage(stripe)
        run()
        before = list(WebhookEvent.objects.order_by("pk").values())

        assert f"{OUTAGE} events seen, 260 known, 0 recorded" in run()
        assert list(WebhookEvent.objects.order_by("pk").values()) == before

    def test_a_dry_run_lists_it_and_records_nothing(self, stripe: Served) -> None:
        _, lost = outage(stripe)

        *listed, total = run("--dry-run").splitlines()

        assert {line.split()[2] for line in listed} == ids(lost)
        assert total == "65 events would be recorded"
        assert fetched() == set()
        assert not Reconciliation.objects.exists()

    def test_of_a_page_the_oldest_goes_first(self, stripe: Served, subscribe: Subscribe) -> None:
        order: list[str] = []
        subscribe(lambda event: order.append(event.id))
        told = [made(stripe)["id"] for _ in range(5)]

        run()

        assert order == told

    def test_what_was_made_before_is_not_asked_for(self, stripe: Served) -> None:
        made(stripe, make_event(created=seconds_ago(7300)))
        recent = made(stripe, make_event(created=seconds_ago(7100)))

        run("--since", "2h")
        assert fetched() == {recent["id"]}
        run("--since", f"{datetime.now(UTC) - timedelta(hours=3):%Y-%m-%dT%H:%M:%S}")
        assert len(fetched()) == 2


def test_one_that_is_delivered_meanwhile_is_left_to_its_delivery(
    stripe: Served, subscribe: Subscribe
) -> None:
    handled: Counter[str] = Counter()
    first, second = (made(stripe) for _ in range(2))

    def deliver_the_second(event: Event) -> None:
        handled.update([event.id])
        if event.id == first["id"]:
            deliver(second)

    subscribe(deliver_the_second)

    assert "2 events seen, 1 known, 1 recorded" in run()
    assert handled == {first["id"]: 1, second["id"]: 1}
    row = WebhookEvent.objects.get(event_id=second["id"])
    assert (row.endpoint, row.deliveries) == ("stripe", 1)


class TestFetched:
    @pytest.fixture(autouse=True)
    def _fetched(self, stripe: Served) -> None:
        self.event = made(stripe, make_event("test.happened", livemode=False))
        run()
        self.row = WebhookEvent.objects.get()

    def test_it_is_kept_as_the_provider_told_it(self) -> None:
        body = bytes(self.row.body or b"")

        assert json.loads(body) == self.event
        assert self.row.sha256 == hashlib.sha256(body).hexdigest()
        assert (self.row.type, self.row.object_id) == ("test.happened", self.row.object_id)
        assert self.row.provider_created_at
        assert self.row.provider_created_at.timestamp() == self.event["created"]

    def test_it_is_processed_like_any_other_and_says_why(self) -> None:
        assert self.row.status == "ignored"
        assert self.row.attempt_set.get().trigger == Trigger.RECONCILIATION

    def test_a_late_delivery_is_a_duplicate(self, subscribe: Subscribe) -> None:
        handled: list[Event] = []
        subscribe(handled.append)

        assert deliver(self.event).json() == {"status": "received", "idempotent_replay": True}
        assert handled == []
        self.row.refresh_from_db()
        assert self.row.was_fetched
        assert Attempt.objects.count() == 1

    def test_staff_see_that_it_was_not_delivered(self, admin_client: Client) -> None:
        page = f"/admin/webhooks/webhookevent/{self.row.pk}/change/"

        assert b"fetched from its list of events" in admin_client.get(page).content
        assert self.row.times_delivered == 0
        assert b"0, fetched" in admin_client.get("/admin/webhooks/webhookevent/").content


class TestElsewhere:
    """Where events are not processed by whoever records them."""

    def test_they_are_left_to_the_loop(self, stripe: Served, settings: Settings) -> None:
        settings.WEBHOOK_PROCESSING = "loop"
        made(stripe)

        assert run() == "1 events seen, 0 known, 1 recorded\n"
        assert WebhookEvent.objects.due(timezone.now()).count() == 1
        assert [attempt.trigger for attempt in sweep()] == [Trigger.RECONCILIATION]

    def test_a_handler_that_fails_is_told(self, stripe: Served, subscribe: Subscribe) -> None:
        def fail(event: Event) -> None:
            raise RuntimeError("no luck")

        subscribe(fail)
        made(stripe)

        with pytest.raises(CommandError, match="1 of the recorded events did not succeed"):
            run()
        assert WebhookEvent.objects.get().last_error == "RuntimeError: no luck"


class TestInterruption:
    def test_what_was_interrupted_is_resumed_and_repeats_nothing(
        self, stripe: Served, subscribe: Subscribe
    ) -> None:
        handled: Counter[str] = Counter()
        subscribe(lambda event: handled.update([event.id]))
        events, lost = outage(stripe)
        failing(stripe, after=1, status=503)

        with pytest.raises(CommandError, match="--resume") as stopped:
            run()
        assert "503" in str(stopped.value)
        assert 0 < len(fetched()) < len(lost)
        order = Reconciliation.objects.get()
        assert (order.seen, order.finished_at) == (100, None)

        stripe.world.faults.requests.clear()
        newer = made(stripe)
        assert f"{OUTAGE} events seen, 195 known, 65 recorded" in run("--resume")
        assert fetched() == ids(lost)
        assert set(handled.values()) == {1}
        assert set(handled) == ids(events)
        assert newer["id"] not in handled
        assert [asked(stripe), Reconciliation.objects.count()] == [2, 1]
        with pytest.raises(CommandError, match="nothing to resume"):
            run("--resume")

    def test_an_interruption_within_a_page_loses_no_count(
        self, stripe: Served, subscribe: Subscribe
    ) -> None:
        def press_ctrl_c(event: Event) -> None:
            if WebhookEvent.objects.count() == 2:
                WebhookEvent.objects.filter(event_id=event.id).delete()
                raise KeyboardInterrupt

        subscribe(press_ctrl_c)
        for _ in range(5):
            made(stripe)

        with pytest.raises(CommandError, match="Interrupted"):
            run()
        stopped = Reconciliation.objects.get()
        assert (stopped.seen, stopped.recorded) == (0, 2)

    @pytest.mark.parametrize("status", [500, 502, 429])
    def test_a_fault_that_passes_while_it_is_asked_again_or_later(
        self, stripe: Served, status: int
    ) -> None:
        made(stripe)
        failing(stripe, status=status)

        with pytest.raises(CommandError, match=f"Stripe could not be asked.*{status}"):
            run()
        assert fetched() == set()
        stripe.world.faults.clear()
        run("--resume")
        assert len(fetched()) == 1

    def test_an_answer_that_does_not_come(
        self, stripe: Served, monkeypatch: pytest.MonkeyPatch, settings: Settings
    ) -> None:
        monkeypatch.setattr(stripe_api, "TIMEOUT_SECONDS", 0.1)
        settings.STRIPE_API_KEY = "sk_test_impatient"
        made(stripe)
        stripe.world.faults.add(Fault("timeout_before", "GET", LIST, times=3))

        with pytest.raises(CommandError, match="Stripe could not be asked"):
            run()
        assert fetched() == set()

    def test_nobody_at_the_address(self, stripe: Served, settings: Settings) -> None:
        settings.STRIPE_API_BASE = "http://127.0.0.1:9"

        with pytest.raises(CommandError, match="Stripe could not be asked"):
            run("--dry-run")

    def test_a_list_that_repeats_itself_ends(self, stripe: Served) -> None:
        events = [made(stripe) for _ in range(101)]
        stripe.world.faults.add(Fault("repeat", "GET", LIST, skip=1, times=10))

        run()
        assert asked(stripe) == 2
        assert fetched() == ids(events[1:])


class TestAccounts:
    def test_each_account_is_asked_for_by_itself(self, stripe: Served) -> None:
        ours = made(stripe)
        theirs = {name: made(stripe, account=name) for name in ("acct_1", "acct_2")}
        made(stripe, account="acct_3")

        told = run("--account", "acct_1", "--account", "acct_2", "--account", "acct_1")

        assert told.count("1 recorded") == 2
        rows = WebhookEvent.objects.values_list("account", "event_id")
        assert set(rows) == {(name, event["id"]) for name, event in theirs.items()}
        run()
        assert WebhookEvent.objects.get(event_id=ours["id"]).account == ""

    def test_the_mode_is_the_event_s_own(self, stripe: Served, settings: Settings) -> None:
        settings.STRIPE_API_KEY = "sk_live_known_to_all"
        made(stripe, make_event(livemode=True))
        run()

        assert WebhookEvent.objects.get().livemode

    def test_accounts_not_come_to_are_resumed_with_the_one_that_was_interrupted(
        self, stripe: Served
    ) -> None:
        for name in ("acct_1", "acct_2", "acct_3"):
            made(stripe, account=name)
        failing(stripe, after=1)

        with pytest.raises(CommandError, match="--resume"):
            run("--account", "acct_1", "--account", "acct_2", "--account", "acct_3")
        assert len(fetched()) == 1
        run("--resume")
        assert len(fetched()) == 3


class TestReach:
    def test_all_that_the_provider_keeps_can_be_asked_for(self, stripe: Served) -> None:
        made(stripe, make_event(created=seconds_ago(29 * 24 * 3600)))
        assert "1 recorded" in run("--since", "30d")
        assert "0 events would be recorded" in run("--dry-run", "--since", "30d")

    def test_what_is_resumed_late_brings_what_is_still_kept(self, stripe: Served) -> None:
        for _ in range(2):
            made(stripe)
        failing(stripe, after=0)
        with pytest.raises(CommandError, match="--resume"):
            run("--since", "30d")
        Reconciliation.objects.update(since=timezone.now() - timedelta(days=32))
        assert "2 recorded" in run("--resume")


class TestWhatCannotBe:
    def test_a_provider_without_a_list_of_events_is_refused_with_those_that_have_one(self) -> None:
        now = timezone.now()
        since = now - timedelta(days=1)
        asked: dict[str, Any] = {"account": "", "since": since, "undelivered_only": False}

        with pytest.raises(NotPossible, match=r"^nobody can't be asked .*; these can: stripe\.$"):
            request_reconciliation("nobody", **asked, actor="anna", now=now)
        assert not Reconciliation.objects.exists()

    @pytest.mark.parametrize(
        ("arguments", "why"),
        [
            (["--since", "31d"], "keeps events for 30 days"),
            (["--since", "2019-01-01"], "keeps events for 30 days"),
            (["--since", "2999-01-01"], "still to come"),
            (["--since", "yesterday"], "neither a time nor like 3d"),
            (["--provider", "nobody"], "invalid choice"),
            (["--resume", "7"], "no unfinished reconciliation 7"),
            (["--resume", "--undelivered"], "leave out the others"),
            (["--dry-run", "--since", "31d"], "keeps events for 30 days"),
        ],
    )
    def test_impossible_options_are_refused_before_anything_is_asked(
        self, stripe: Served, arguments: list[str], why: str
    ) -> None:
        with pytest.raises(CommandError, match=why):
            run(*arguments)
        assert not asked(stripe)
        assert not Reconciliation.objects.exists()

    def test_a_missing_api_key_is_named(self, stripe: Served, settings: Settings) -> None:
        settings.STRIPE_API_KEY = ""

        with pytest.raises(CommandError, match="STRIPE_API_KEY is not set"):
            run()

    def test_an_api_key_that_stripe_refuses_is_named(
        self, stripe: Served, settings: Settings
    ) -> None:
        settings.STRIPE_API_KEY = "revoked"

        with pytest.raises(CommandError, match="refuses the key in STRIPE_API_KEY"):
            run()


class TestSchedule:
    def reconcile(self) -> None:
        current_app.tasks[tasks.RECONCILE].apply(throw=True)

    def test_it_asks_for_what_was_not_delivered(self, stripe: Served) -> None:
        made(stripe)
        lost = made(stripe, delivered=False)

        self.reconcile()

        assert fetched() == {lost["id"]}

    def test_while_the_provider_is_away_it_waits_and_goes_on(
        self, stripe: Served, caplog: pytest.LogCaptureFixture
    ) -> None:
        made(stripe, delivered=False)
        failing(stripe)

        self.reconcile()
        assert "the next time will do" in caplog.text
        assert fetched() == set()
        self.reconcile()
        self.reconcile()
        assert len(fetched()) == 1
        orders = Reconciliation.objects.order_by("pk").values_list("seen", "recorded")
        assert list(orders) == [(1, 1), (1, 0)]

    @pytest.mark.parametrize(
        "changes", [{"created_at": timezone.now() - timedelta(days=4)}, {"actor": "anna"}]
    )
    def test_one_of_long_ago_or_of_somebody_else_is_not_gone_on_with(
        self, stripe: Served, changes: dict[str, Any]
    ) -> None:
        made(stripe, delivered=False)
        failing(stripe)
        self.reconcile()
        Reconciliation.objects.update(**changes)
        stripe.world.faults.clear()

        self.reconcile()
        orders = Reconciliation.objects.order_by("pk").values_list("recorded", "finished_at")
        assert [(recorded, at is not None) for recorded, at in orders] == [(0, False), (1, True)]

    def test_it_is_off_unless_it_is_asked_for(self) -> None:
        assert "reconcile" not in project.CELERY_BEAT_SCHEDULE
        done = subprocess.run(
            [sys.executable, "-c", f"from payments_project import settings; print({SCHEDULED})"],
            cwd=project.BASE_DIR,
            env={**os.environ, "RECONCILE_EVERY_MINUTES": "30"},
            capture_output=True,
            text=True,
            check=True,
        )
        assert done.stdout == f"{tasks.RECONCILE} 1800.0\n"
