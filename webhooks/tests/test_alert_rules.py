"""Each rule opens its alert by its real cause, keeps it while that lasts, and resolves it after."""

import json
from collections.abc import Iterator
from contextlib import closing, suppress
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Final

import pytest
from django.core.cache import cache
from django.core.management import CommandError, call_command
from django.db import OperationalError, connection
from django.utils import timezone
from pytest_django import Settings

from webhooks import audit
from webhooks.alerts import outbox
from webhooks.alerts.evaluation import INTERVAL, LEASE, evaluate, raise_at_once
from webhooks.exceptions import PermanentFailure
from webhooks.intake.reconcile import reconcile_on_schedule
from webhooks.models import Alert, Attempt, AuditEntry, WebhookEvent
from webhooks.monitoring import heartbeats
from webhooks.monitoring.alert_rules import (
    RULES,
    Finding,
    Look,
    Rule,
    Severity,
    Terms,
    register,
)
from webhooks.monitoring.heartbeats import Kind
from webhooks.processing.ignore import ignore
from webhooks.processing.sweep import sweep
from webhooks.testing import deliver
from webhooks.testing.client import post, sign
from webhooks.testing.fake_stripe import Served
from webhooks.testing.plugin import Subscribe
from webhooks.tests.alert_receivers import Mailbox, Receiver
from webhooks.tests.events import make_event

pytestmark = pytest.mark.django_db

NEW, OLD = "whsec_new_known_to_all_and_good_for_tests", "whsec_old_known_to_all_and_good_for_tests"
DAY: Final = 24 * 3600
VERSIONS = "2024-06-20", "2025-09-30.clover"


class Scene:
    """The system in which something goes wrong, and a clock."""

    def __init__(self, settings: Settings, stripe: Served, subscribe: Subscribe) -> None:
        self.settings, self.stripe, self.subscribe = settings, stripe, subscribe
        self.now = timezone.now()

    def pass_time(self, seconds: float = 0) -> None:
        """Let time pass, and evaluate."""
        self.now += max(timedelta(seconds=seconds), INTERVAL)
        assert evaluate(clock=lambda: self.now)

    def see(self, *kinds: Kind) -> None:
        for kind in kinds:
            heartbeats.seen(kind, now=self.now)

    def deliver(self, times: int = 1, **changes: Any) -> None:
        for _ in range(times):
            assert deliver(make_event(**changes)).status_code == 200

    def deliver_signed(self, secret: str, times: int = 1) -> list[int]:
        bodies = [json.dumps(make_event()).encode() for _ in range(times)]
        return [post(body, sign(body, secret=secret)).status_code for body in bodies]


@pytest.fixture
def scene(settings: Settings, stripe: Served, subscribe: Subscribe) -> Scene:
    settings.WEBHOOK_ALARMS = {"burst": 20, "unproven": 5}
    cache.clear()
    return Scene(settings, stripe, subscribe)


@pytest.fixture
def told(settings: Settings) -> Iterator[list[Receiver | Mailbox]]:
    """Those who are told: by HTTP, and by mail."""
    with closing(Receiver()) as web, closing(Mailbox()) as mailbox:
        settings.ALERT_URLS = f"{web.url},{mailbox.url}"
        yield [web, mailbox]


def opened() -> dict[str, str]:
    """The open alerts, by rule, and their subjects."""
    return dict(Alert.objects.filter(resolved_at=None).values_list("rule", "subject"))


class Cause:
    """What a rule is about: how it comes about, and how it ends."""

    subject = ""

    def begin(self, scene: Scene) -> None:
        raise NotImplementedError

    def end(self, scene: Scene) -> None:
        raise NotImplementedError


class NothingGenuine(Cause):
    subject = "stripe"

    def begin(self, scene: Scene) -> None:
        assert scene.deliver_signed("whsec_of_somebody_else_altogether", 5) == [400] * 5

    def end(self, scene: Scene) -> None:
        scene.deliver()


class Refusals(Cause):
    subject = "stripe"

    def begin(self, scene: Scene) -> None:
        # Genuine ones come as well, so that nothing else is amiss.
        scene.deliver()
        scene.deliver_signed("whsec_of_somebody_else_altogether", 20)

    def end(self, scene: Scene) -> None:
        audit.seal(now=scene.now)
        scene.pass_time(1800)


class SecretUnproven(Cause):
    subject = "stripe"

    def begin(self, scene: Scene) -> None:
        scene.settings.STRIPE_WEBHOOK_SECRET = f"{NEW},{OLD}"
        scene.deliver_signed(OLD, 20)

    def end(self, scene: Scene) -> None:
        scene.deliver_signed(NEW)
        scene.pass_time(300)


class EventsFailed(Cause):
    def begin(self, scene: Scene) -> None:
        def fail(_: Any) -> None:
            raise PermanentFailure("no use")

        scene.subscribe(fail)
        scene.deliver()

    def end(self, scene: Scene) -> None:
        failed = WebhookEvent.objects.get()
        assert ignore(failed, actor="ada", reason="of no use", now=timezone.now())
        scene.pass_time(60)


class EventsWait(Cause):
    def begin(self, scene: Scene) -> None:
        scene.settings.WEBHOOK_PROCESSING = "loop"
        scene.deliver()
        scene.now += timedelta(seconds=301)
        scene.see(Kind.LOOP)

    def end(self, scene: Scene) -> None:
        list(sweep(clock=lambda: scene.now))
        scene.settings.WEBHOOK_PROCESSING = "request"
        scene.pass_time(120)


class ProcessingSlow(Cause):
    def begin(self, scene: Scene) -> None:
        scene.deliver(20)
        slow = Attempt.objects.order_by("pk").values_list("pk", flat=True)[:2]
        Attempt.objects.filter(pk__in=list(slow)).update(duration_ms=5001)

    def end(self, scene: Scene) -> None:
        scene.pass_time(601)
        scene.pass_time(600)


class NoWorker(Cause):
    kinds: tuple[Kind, ...] = (Kind.WORKER, Kind.BEAT)
    processing = "celery"

    def begin(self, scene: Scene) -> None:
        scene.settings.WEBHOOK_PROCESSING = self.processing
        scene.pass_time()
        scene.see(*self.kinds)
        scene.pass_time(119)
        assert opened() == {}

    def end(self, scene: Scene) -> None:
        scene.see(*self.kinds)


class NoLoop(NoWorker):
    kinds, processing = (Kind.LOOP,), "loop"


class NoBeat(NoWorker):
    def begin(self, scene: Scene) -> None:
        super().begin(scene)
        scene.see(Kind.WORKER)


class AuditDamaged(Cause):
    def begin(self, scene: Scene) -> None:
        audit.record(AuditEntry.Action.COMMAND, actor="ada", subject="any", now=scene.now)
        self._write("eve")

    def end(self, scene: Scene) -> None:
        self._write("ada")

    def _write(self, actor: str) -> None:
        with connection.cursor() as cursor:
            cursor.execute("UPDATE webhooks_auditentry SET actor = %s", [actor])
        with suppress(CommandError):
            call_command("audit", "verify")


class SealLate(Cause):
    def begin(self, scene: Scene) -> None:
        scene.deliver()
        scene.pass_time()
        assert opened() == {}
        scene.now += timedelta(seconds=1800)

    def end(self, scene: Scene) -> None:
        audit.seal(now=scene.now)


class EventsNeverCame(Cause):
    subject = "stripe"

    def begin(self, scene: Scene) -> None:
        scene.stripe.world.take_up(make_event() | {"pending_webhooks": 1}, account="", pending=1)
        reconcile_on_schedule()

    def end(self, scene: Scene) -> None:
        audit.seal(now=scene.now)
        scene.pass_time(DAY)


class NewApiVersion(Cause):
    subject = f"stripe {VERSIONS[1]}"

    def begin(self, scene: Scene) -> None:
        scene.deliver(api_version=VERSIONS[0])
        scene.pass_time()
        assert opened() == {}
        scene.deliver(api_version=VERSIONS[1])

    def end(self, scene: Scene) -> None:
        audit.seal(now=scene.now)
        scene.pass_time(DAY)


CAUSES: Final[list[tuple[str, type[Cause]]]] = [
    ("nothing_genuine", NothingGenuine),
    ("refusals", Refusals),
    ("secret_unproven", SecretUnproven),
    ("events_failed", EventsFailed),
    ("events_wait", EventsWait),
    ("processing_slow", ProcessingSlow),
    ("no_worker", NoWorker),
    ("no_worker", NoLoop),
    ("no_beat", NoBeat),
    ("audit_damaged", AuditDamaged),
    ("seal_late", SealLate),
    ("events_never_came", EventsNeverCame),
    ("new_api_version", NewApiVersion),
]


@pytest.mark.parametrize(("rule", "kind"), CAUSES, ids=[kind.__name__ for _, kind in CAUSES])
def test_a_rule_opens_and_resolves_by_its_cause_and_tells_once_of_each(
    scene: Scene, told: list[Receiver | Mailbox], rule: str, kind: type[Cause]
) -> None:
    if kind is AuditDamaged and connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SET LOCAL webhooks.audit_trail = 'unlocked'")
    cause = kind()
    scene.pass_time()

    cause.begin(scene)
    scene.pass_time()
    assert opened() == {rule: cause.subject}
    scene.pass_time()
    assert Alert.objects.count() == 1
    cause.end(scene)
    scene.pass_time()

    assert opened() == {}
    assert Alert.objects.count() == 1
    outbox.deliver(clock=lambda: scene.now)
    title = RULES[rule].title
    for receiver in told:
        begun, over = receiver.titles
        assert title in begun
        assert over.startswith(f"[Resolved] {title}")


def test_every_rule_of_this_app_has_a_cause() -> None:
    own = {name for name, rule in RULES.items() if rule.find.__module__.startswith("webhooks.")}

    assert own == {rule for rule, _ in CAUSES}


def test_a_rule_that_is_switched_off_raises_nothing_and_ends_what_it_raised(scene: Scene) -> None:
    EventsFailed().begin(scene)
    scene.pass_time()
    assert opened() == {"events_failed": ""}

    scene.settings.WEBHOOK_ALERTS = {"events_failed": None}
    scene.pass_time()
    assert opened() == {}


def test_a_threshold_of_the_settings_goes_before_the_tables(scene: Scene) -> None:
    scene.settings.WEBHOOK_ALERTS = {"events_failed": {"threshold": 2}}
    EventsFailed().begin(scene)
    scene.pass_time()
    assert opened() == {}

    scene.deliver()
    scene.pass_time()
    assert Alert.objects.get().count == 2


def test_an_alert_that_comes_and_goes_within_its_cool_down_is_one(scene: Scene) -> None:
    scene.settings.WEBHOOK_ALERTS = {"no_worker": {"cool_down": 600}}
    NoLoop().begin(scene)
    scene.pass_time()
    for _ in range(3):
        scene.see(Kind.LOOP)
        scene.pass_time()
        scene.pass_time(200)

    assert opened() == {"no_worker": ""}
    assert Alert.objects.count() == 1


def test_after_an_outage_of_everything_workers_are_given_time_to_come_back(scene: Scene) -> None:
    scene.settings.WEBHOOK_PROCESSING = "celery"
    scene.see(Kind.WORKER, Kind.BEAT)
    scene.now += timedelta(hours=1)
    scene.pass_time()
    assert opened() == {}

    scene.pass_time(120)
    assert opened() == {"no_worker": ""}


def test_whoever_restarts_while_workers_are_gone_keeps_the_alert(scene: Scene) -> None:
    NoLoop().begin(scene)
    scene.pass_time()
    heartbeats.reset()
    scene.pass_time()

    assert opened() == {"no_worker": ""}


def test_events_from_before_a_secret_was_changed_do_not_count_against_the_new_one(
    scene: Scene, settings: Settings
) -> None:
    settings.STRIPE_WEBHOOK_SECRET = OLD
    audit.note_settings()
    scene.deliver_signed(OLD, 20)
    settings.STRIPE_WEBHOOK_SECRET = f"{NEW},{OLD}"
    audit.note_settings()
    scene.pass_time()

    assert opened() == {}


@pytest.mark.parametrize(
    ("ahead", "is_evaluated"), [(timedelta(seconds=-1), False), (timedelta(hours=-1), True)]
)
def test_a_turn_is_taken_once_in_an_interval_whatever_another_clock_said(
    scene: Scene, ahead: timedelta, is_evaluated: bool
) -> None:
    scene.pass_time()

    assert evaluate(clock=lambda: scene.now + INTERVAL + ahead) is is_evaluated


@dataclass
class Interruption:
    """The moment at which another evaluates, and whether that had its turn."""

    moment: datetime | None = None
    had_turn: bool | None = None


@pytest.fixture
def interrupted() -> Iterator[Interruption]:
    """A rule that finds something, and while it looks, another evaluates."""
    other = Interruption()

    def find(_: Look) -> Iterator[Finding]:
        if moment := other.moment:
            other.moment = None
            other.had_turn = evaluate(clock=lambda: moment)
            yield Finding("It was so before the other looked.")

    terms = Terms(threshold=0, cool_down=0)
    register(Rule("slow_look", "A look is slow", Severity.WARNING, terms, "", "", find))
    yield other
    del RULES["slow_look"]


def test_whoever_took_too_long_opens_nothing_once_another_has_taken_the_turn(
    scene: Scene, interrupted: Interruption
) -> None:
    interrupted.moment = scene.now + LEASE

    assert not evaluate(clock=lambda: scene.now)
    assert interrupted.had_turn
    assert opened() == {}


def test_nobody_takes_a_turn_while_another_has_it(scene: Scene, interrupted: Interruption) -> None:
    interrupted.moment = scene.now + LEASE - timedelta(seconds=1)

    assert evaluate(clock=lambda: scene.now)
    assert interrupted.had_turn is False
    assert opened() == {"slow_look": ""}


def test_what_an_alarm_opens_while_rules_look_is_not_ended_by_what_they_found(
    scene: Scene, subscribe: Subscribe, monkeypatch: pytest.MonkeyPatch
) -> None:
    def find(_: Look) -> Iterator[Finding]:
        raise_at_once("nothing_genuine", Finding("refused", "stripe"), now=scene.now)
        yield from ()

    rule = RULES["processing_slow"]
    monkeypatch.setitem(RULES, "processing_slow", replace(rule, find=find))
    scene.pass_time()

    assert opened() == {"nothing_genuine": "stripe"}


def test_a_rule_that_fails_leaves_its_alerts_and_the_other_rules(scene: Scene) -> None:
    NoLoop().begin(scene)
    scene.pass_time()

    def away(execute: Any, sql: str, *arguments: Any) -> Any:
        if "webhooks_heartbeat" in sql:
            raise OperationalError
        return execute(sql, *arguments)

    with connection.execute_wrapper(away):
        scene.settings.WEBHOOK_PROCESSING = "request"
        EventsFailed().begin(scene)
        scene.settings.WEBHOOK_PROCESSING = "loop"
        scene.pass_time(600)

    assert opened() == {"no_worker": "", "events_failed": ""}


def test_a_rule_with_a_fault_keeps_no_other_from_being_told(
    scene: Scene, told: list[Receiver | Mailbox], monkeypatch: pytest.MonkeyPatch
) -> None:
    def faulty(_: Look) -> Iterator[Finding]:
        raise KeyError("a fault of its own")

    monkeypatch.setitem(RULES, "seal_late", replace(RULES["seal_late"], find=faulty))
    EventsFailed().begin(scene)
    scene.pass_time()
    outbox.deliver(clock=lambda: scene.now)

    assert opened() == {"events_failed": ""}
    assert [len(receiver.titles) for receiver in told] == [1, 1]
