"""`doctor` names what is wrong with an installation, and nothing where all is well."""

import io
import json
from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.recorder import MigrationRecorder
from django.db.models import Model
from django.utils import timezone
from pytest_django import Settings

from billing.models import Invoice
from tests import warm
from tests.documents import read, section
from tests.processes import Environment
from webhooks.events import Event
from webhooks.models import (
    Alert,
    AuditVerification,
    ErasureRequest,
    Heartbeat,
    Reconciliation,
    WebhookEvent,
)
from webhooks.monitoring.alert_rules import RULES
from webhooks.registration.events import wanted_events
from webhooks.testing import sample
from webhooks.testing.client import post, sign
from webhooks.testing.fake_stripe import OLD, Fault, Served, WebhookEndpoint
from webhooks.testing.plugin import Subscribe
from webhooks.testing.servers import free_port

ADDRESS = "https://pay.example.com"
URL = f"{ADDRESS}/webhooks/stripe"
SECRET = "whsec_known_to_all_and_good_for_tests_only"
NEAR_BY = ("invoice.paid", "charge.failed")

LATELY = timezone.now() - timedelta(hours=2)
SOON = LATELY + timedelta(hours=3)
NOBODY = f"redis://127.0.0.1:{free_port()}/0"
NO_CACHE = {"default": {"BACKEND": "django_redis.cache.RedisCache", "LOCATION": NOBODY}}

Plant = Callable[[Served, Settings], object]


@pytest.fixture
def healthy(db: None, stripe: Served, settings: Settings) -> Served:
    """A system at which nothing is wrong: for trials, so its key is of test mode."""
    settings.SILENCED_SYSTEM_CHECKS = ["webhooks.W023"]
    settings.METRICS_TOKEN = "known-to-all-and-good-for-tests-of-metrics"
    settings.ALLOWED_HOSTS = ["pay.example.com", "testserver"]
    settings.SECRET_KEY = "known-to-all-and-good-for-tests-of-a-healthy-system-only"
    settings.TRUSTED_PROXY_COUNT = 1
    settings.STAFF_SECOND_FACTOR = "required"
    keep(stripe)
    assert deliver() == 200
    begin_erasure(customer_id="cus_gone", finished_at=timezone.now())
    return stripe


def keep(stripe: Served, **given: Any) -> None:
    """Have Stripe keep one endpoint: ours, but for what is given."""
    right = {"url": URL, "secret": SECRET, "types": tuple(wanted_events())}
    stripe.world.endpoints[:] = [WebhookEndpoint(**right | given)]


def add(stripe: Served, **given: Any) -> None:
    """Have Stripe keep another endpoint beside."""
    before = list(stripe.world.endpoints)
    keep(stripe, secret="whsec_of_another", **given)
    stripe.world.endpoints[:0] = before


def deliver(secret: str = SECRET, **given: Any) -> int:
    body = json.dumps(sample("invoice.paid") | given).encode()
    return int(post(body, sign(body, secret=secret)).status_code)


def examine(*options: str) -> dict[str, Any]:
    """Return what `doctor --json` tells, with its exit status."""
    output = io.StringIO()
    status = 0
    try:
        call_command("doctor", "--json", "--url", ADDRESS, *options, stdout=output)
    except CommandError as error:
        status = error.returncode
    report: dict[str, Any] = json.loads(output.getvalue())
    return report | {"status": status}


def pressing(report: dict[str, Any]) -> list[str]:
    return [one["code"] for one in report["findings"] if one["state"] == "attention"]


def test_nothing_needs_anybody_where_all_is_well(healthy: Served) -> None:
    report = examine()

    assert pressing(report) == []
    assert report["status"] == 0
    assert not report["needs_attention"]
    assert {one["state"] for one in report["findings"]} == {"ok"}


@pytest.mark.parametrize("beside", [True, False])
def test_a_destination_of_thin_events_will_do(healthy: Served, beside: bool) -> None:
    (add if beside else keep)(healthy, is_thin=True)
    report = examine()
    [endpoint] = [one for one in report["findings"] if one["code"] == "stripe_endpoint"]

    assert pressing(report) == []
    assert endpoint["found"].startswith("we_" if beside else "ed_")
    assert endpoint["found"].endswith("what handlers take" if beside else "thin events")


def test_an_endpoint_that_is_a_destination_too_is_told_of_once(healthy: Served) -> None:
    keep(healthy, is_enabled=False)

    assert pressing(examine()) == ["stripe_disabled"]


def test_a_key_need_not_see_destinations(healthy: Served) -> None:
    healthy.world.faults.add(Fault("refuse", path="/v2/core", status=403))
    report = examine()
    [unseen] = [one for one in report["findings"] if one["code"] == "stripe_thin"]

    assert (pressing(report), unseen["state"]) == ([], "not_asked")
    assert "event destinations" in unseen["found"]


def take_nothing(_: Event) -> None: ...


def unapply(*_: Any) -> None:
    (latest,) = MigrationLoader(connection).graph.leaf_nodes("webhooks")
    MigrationRecorder(connection).record_unapplied(*latest)


def configure(**changes: Any) -> Plant:
    def plant(_: Served, settings: Settings) -> None:
        for name, value in changes.items():
            setattr(settings, name, value)

    return plant


def leave_alone(kind: str) -> Plant:
    """Have Celery process events, and of its processes one alone be seen."""

    def plant(_: Served, settings: Settings) -> None:
        settings.WEBHOOK_PROCESSING = "celery"
        settings.CELERY_BROKER_URL = "memory://"
        for each, at in (("worker", LATELY), ("beat", LATELY), (kind, timezone.now())):
            Heartbeat.objects.update_or_create(kind=each, defaults={"seen_at": at})

    return plant


def fill(model: type[Model], **values: Any) -> Plant:
    """Have every row of a table say something else."""
    return lambda *_: model._default_manager.update(**values)


def put(model: type[Model], **values: Any) -> Plant:
    return lambda *_: model._default_manager.create(**values)


def send_another_version(*_: Any) -> None:
    # What came first is what the provider sends.
    examine()
    deliver(api_version="2099-01-01.zinnia")


def begin_erasure(*_: Any, **given: Any) -> None:
    ErasureRequest.objects.create(
        **{"provider": "stripe", "livemode": False, "customer_id": "cus_1"} | given,
        begun_at=timezone.now(),
    )


FAULTS: dict[str, tuple[Plant, set[str]]] = {
    "no endpoint at Stripe": (lambda s, *_: s.world.endpoints.clear(), {"stripe_no_endpoint"}),
    "another path at Stripe": (
        lambda s, *_: keep(s, url=f"{ADDRESS}/webhooks/stripes"),
        {"stripe_other_address"},
    ),
    "another host at Stripe": (
        lambda s, *_: keep(s, url="https://old.example.com/webhooks/stripe"),
        {"stripe_other_address"},
    ),
    "disabled at Stripe": (
        lambda s, *_: keep(s, is_enabled=False, types=NEAR_BY),
        {"stripe_disabled"},
    ),
    "a destination of thin events that is disabled": (
        lambda s, *_: add(s, is_thin=True, is_enabled=False),
        {"stripe_disabled"},
    ),
    "events of connected accounts that are not sent": (
        lambda s, *_: add(s, connect=True, types=NEAR_BY),
        {"stripe_events_missing"},
    ),
    "events that are not sent": (lambda s, *_: keep(s, types=NEAR_BY), {"stripe_events_missing"}),
    "events for nobody": (
        lambda s, *_: keep(s, types=(*wanted_events(), "tax_rate.created")),
        {"stripe_events_surplus"},
    ),
    "every event, for nobody": (lambda s, *_: keep(s, types=("*",)), {"stripe_events_surplus"}),
    "an older API version": (lambda s, *_: keep(s, api_version=OLD), {"stripe_api_version"}),
    "a newer API version": (
        lambda s, *_: keep(s, api_version="2099-01-01.zinnia"),
        {"stripe_api_version"},
    ),
    "the account's API version": (lambda s, *_: keep(s, api_version=""), {"stripe_api_version"}),
    "two API versions": (lambda s, *_: add(s, api_version=OLD), {"stripe_versions_differ"}),
    "a key that is refused": (
        lambda s, *_: s.world.faults.add(Fault("refuse", method="GET", status=401)),
        {"stripe_refuses"},
    ),
    "a key of no permission": (
        lambda s, *_: s.world.faults.add(Fault("refuse", method="GET", status=403)),
        {"stripe_refuses"},
    ),
    "Stripe that fails": (
        lambda s, *_: s.world.faults.add(Fault("error_before")),
        {"stripe_away"},
    ),
    "Stripe that is not there": (
        configure(STRIPE_API_BASE=f"http://127.0.0.1:{free_port()}"),
        {"stripe_away"},
    ),
    "a clock that is behind": (lambda s, *_: s.world.advance(180), {"clock_off"}),
    "a clock that is ahead": (lambda s, *_: s.world.advance(-180), {"clock_off"}),
    "a key of the other mode": (
        lambda *_: deliver(id="evt_live", livemode=True),
        {"stripe_mode"},
    ),
    "a live key where test events come in": (
        configure(STRIPE_API_KEY="sk_live_known_to_all"),
        # The Stripe of tests is not HTTPS, either.
        {"stripe_mode", "webhooks.W027"},
    ),
    "no secret": (configure(STRIPE_WEBHOOK_SECRET=""), {"webhooks.E001"}),
    "a malformed secret": (configure(STRIPE_WEBHOOK_SECRET="whsec_..."), {"webhooks.E020"}),
    "a weak key": (configure(SECRET_KEY="short"), {"payments_project.E002"}),
    "billing's settings": (configure(BILLING_GRACE_DAYS=-1), {"billing.E001"}),
    "an examination that fails": (
        configure(WEBHOOK_ALERTS={"events_wait": {"patience": 1}}),
        {"webhooks.E032", "examination_failed"},
    ),
    "a migration that is missing": (unapply, {"migrations_missing"}),
    "a delivery of another secret": (
        lambda *_: deliver("whsec_of_somebody_else"),
        {"refused_since"},
    ),
    "Redis that is away": (configure(CACHES=NO_CACHE), {"redis_away"}),
    "a broker that is away": (configure(CELERY_BROKER_URL=NOBODY), {"broker_away"}),
    "a loop that nobody runs": (configure(WEBHOOK_PROCESSING="loop"), {"no_worker"}),
    "a worker that is gone": (leave_alone("beat"), {"no_worker"}),
    "beat that is gone": (leave_alone("worker"), {"no_beat"}),
    "a backlog": (fill(WebhookEvent, status="pending", available_at=LATELY), {"events_wait"}),
    "events that failed": (fill(WebhookEvent, status="failed"), {"events_failed"}),
    "a seal that is late": (fill(WebhookEvent, received_at=LATELY), {"seal_late"}),
    "billing in doubt": (
        fill(Invoice, in_doubt=True, updated_at=LATELY),
        {"billing_in_doubt"},
    ),
    "an audit trail that is damaged": (
        put(AuditVerification, verified_at=LATELY, found=3),
        {"audit_damaged"},
    ),
    "an audit trail that nobody verifies": (
        put(AuditVerification, verified_at=LATELY - timedelta(days=3), found=0),
        {"audit_unverified"},
    ),
    "events that never came": (
        put(
            Reconciliation,
            provider="stripe",
            since=LATELY,
            created_at=LATELY,
            recorded=2,
            undelivered_only=True,
        ),
        {"events_never_came"},
    ),
    "an API version that is new": (send_another_version, {"new_api_version"}),
    "an alert that is open": (
        put(
            Alert,
            rule="nothing_genuine",
            subject="stripe",
            severity="critical",
            **dict.fromkeys(("since", "opened_at", "seen_at", "told_at"), SOON),
        ),
        {"nothing_genuine"},
    ),
    "an erasure that was interrupted": (begin_erasure, {"erasures_unfinished"}),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_what_is_wrong_is_named_with_its_remedy(
    healthy: Served, settings: Settings, fault: str
) -> None:
    plant, codes = FAULTS[fault]
    plant(healthy, settings)
    report = examine()

    assert set(pressing(report)) == codes
    assert report["status"] == 1
    assert all(one["fix"] for one in report["findings"] if one["state"] == "attention")


def told(*options: str) -> str:
    """Return what `doctor` prints for people."""
    output = io.StringIO()
    with suppress(CommandError):
        call_command("doctor", *options, stdout=output)
    return output.getvalue()


def test_people_are_told_line_by_line_and_then_what_to_do(healthy: Served) -> None:
    healthy.world.endpoints.clear()

    findings, _, remedies = told("--url", f"{ADDRESS}/").partition("\nWhat to do\n")
    assert findings.startswith(f"Database\n  ok         {connection.vendor} answers\n")
    line = f"Stripe has no endpoint for {ADDRESS} in test mode"
    assert f"\n  ATTENTION  stripe: {line}\n" in findings
    assert remedies == (
        f"  stripe_no_endpoint: manage.py register_endpoint {ADDRESS} --endpoint stripe\n"
    )
    assert "\x1b" not in findings


def test_the_remedies_help(healthy: Served, tmp_path: Path) -> None:
    keep(healthy, url="https://old.example.com/webhooks/stripe")
    call_command(
        *("register_endpoint", ADDRESS, "--endpoint", "stripe", "--yes"),
        *("--secret-file", str(tmp_path / "secret")),
        stdout=io.StringIO(),
    )
    assert pressing(examine()) == []


def test_what_is_not_asked_is_told(healthy: Served, settings: Settings) -> None:
    healthy.world.endpoints.clear()
    settings.ALLOWED_HOSTS = ["127.0.0.1", "testserver"]
    assert "not asked  our public address is not known" in told()
    before = len(healthy.world.faults.requests)
    assert "not asked  not asked, as you said --offline" in told("--offline", "--url", ADDRESS)
    settings.STRIPE_API_KEY = ""
    assert "not asked  STRIPE_API_KEY is not set" in told("--url", ADDRESS)
    assert len(healthy.world.faults.requests) == before
    assert examine("--offline")["status"] == 0


def test_a_handler_of_a_type_that_stripe_has_not_is_named(
    healthy: Served, subscribe: Subscribe
) -> None:
    subscribe(take_nothing, "invoice.payed", "v1.billing.meter.no_meter_found")

    [finding] = [one for one in examine()["findings"] if one["state"] == "attention"]
    assert finding["code"] == "handler_unmatched"
    assert finding["subject"] == "tests.test_doctor.take_nothing"
    assert "'invoice.payed'" in finding["found"]


def test_refusals_since_the_last_delivery_are_told_by_code(healthy: Served) -> None:
    deliver("whsec_of_somebody_else")
    deliver("whsec_of_somebody_else")
    [finding] = [one for one in examine()["findings"] if one["code"] == "refused_since"]
    assert finding["subject"] == "stripe"
    assert finding["count"] == 2
    assert finding["since"] == WebhookEvent.objects.get().last_received_at.isoformat()
    assert "refused since: invalid_signature 2" in finding["found"]
    assert "compare STRIPE_WEBHOOK_SECRET" in finding["fix"]
    # A genuine one since, and they are no longer news.
    deliver()
    assert pressing(examine()) == []


def test_what_strangers_send_needs_nobody(healthy: Served) -> None:
    post(b"{}", {})
    [finding] = [one for one in examine()["findings"] if one["code"] == "last_delivery"]
    assert finding["state"] == "ok"
    assert "missing_signature 1" in finding["found"]


def test_json_has_the_same_members_always(healthy: Served) -> None:
    healthy.world.endpoints.clear()
    report = examine()
    assert set(report) - {"status"} == {"examined_at", "needs_attention", "findings"}
    for finding in report["findings"]:
        assert set(finding) == {
            *("group", "code", "state", "subject", "found", "since", "count", "fix")
        }


def test_every_code_is_documented() -> None:
    documented = section(read("operations.md"), "What doctor finds")
    for code in set().union(*(codes for _, codes in FAULTS.values())):
        assert "." in code or code in RULES or f"`{code}`" in documented


@pytest.mark.parametrize("address", ["pay.example.com", "http://pay.example.com"])
def test_an_address_that_is_none_is_refused(address: str) -> None:
    with pytest.raises(CommandError, match="--url: "):
        call_command("doctor", "--url", address)


@pytest.mark.one_database
def test_a_database_that_is_away_is_a_finding_and_no_traceback(
    environment: Environment, tmp_path: Path
) -> None:
    environment["DATABASE_PATH"] = str(tmp_path)
    done = warm.run(environment, "manage.py", "doctor", "--offline")

    assert done.returncode == 1
    assert "ATTENTION  it does not answer: unable to open database file" in done.stdout
    assert "not asked  not examined: it takes a database that answers" in done.stdout
    assert "Traceback" not in done.stdout + done.stderr
