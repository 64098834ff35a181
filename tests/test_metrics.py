"""What is counted, right across processes, and what outlives them."""

import json
import os
import signal
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from itertools import chain
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import pytest
from django.conf import settings
from django.core.management import call_command as manage_here
from django.db import OperationalError, connection
from django.test import Client
from django.utils import timezone
from prometheus_client.parser import text_string_to_metric_families
from pytest_django import Settings

from billing.models import Customer
from billing.stripe_client import StripeClient
from tests.faults.programs import Program
from tests.processes import Environment, manage, process, server, wait_until
from webhooks import audit
from webhooks.events import Event
from webhooks.exceptions import PermanentFailure
from webhooks.models import Scope, WebhookEvent
from webhooks.monitoring import heartbeats
from webhooks.providers import PROVIDERS
from webhooks.testing import deliver as receive
from webhooks.testing import sample
from webhooks.testing.api_client import caller
from webhooks.testing.client import post, sign
from webhooks.testing.fake_stripe import Served
from webhooks.testing.plugin import Subscribe
from webhooks.testing.sending import send
from webhooks.testing.servers import redis

Counts = dict[str, float]

RECEIVED = 'webhooks_delivery_seconds_count{endpoint="stripe"}'
PROCESSED = 'webhooks_attempt_seconds_count{outcome="processed"}'
REPLAYED = "billing_webhook_replay_block_total"
HITS = 'idempotent_hits_total{operation="webhook"}'
FORGED = "billing_webhook_invalid_sig_total"
FORMER = 'webhooks_former_secret_total{endpoint="stripe"}'
ALARMS = [f'webhooks_alarms_total{{alarm="{kind}"}}' for kind in ("burst", "nothing_proven")]
CALLS = 'webhooks_provider_call_seconds_count{{operation="{}",outcome="ok",provider="stripe"}}'


def parsed(text: str) -> Counts:
    return {
        sample.name + _labels(sample.labels): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def _labels(labels: dict[str, str]) -> str:
    told = ",".join(f'{name}="{value}"' for name, value in sorted(labels.items()))
    return f"{{{told}}}" if told else ""


def ask(address: str) -> Counts:
    with urlopen(f"{address}/metrics") as answer:  # noqa: S310
        return parsed(answer.read().decode())


def fresh() -> dict[str, Any]:
    return sample("refund.created")


def deliver(address: str, event: dict[str, Any], secret: str = "") -> int:
    body = json.dumps(event).encode()
    secret = secret or settings.STRIPE_WEBHOOK_SECRET
    headers = PROVIDERS["stripe"].sign(body, secret=secret, now=timezone.now())
    return send(f"{address}/webhooks/stripe", body, headers).status


def flood(address: str, *, new: int, repeats: int, forged: int) -> None:
    """New events, each `repeats` times more, and forged ones, from several senders at once."""
    events = [fresh() for _ in range(new)]
    bad = [fresh() for _ in range(forged)]
    with ThreadPoolExecutor(8) as pool:
        assert set(pool.map(lambda event: deliver(address, event), events)) <= {200}
        again = chain.from_iterable([events] * repeats)
        assert set(pool.map(lambda event: deliver(address, event), again)) <= {200}
        refused = set(pool.map(lambda event: deliver(address, event, "whsec_forged"), bad))
        assert refused <= {400, 429}


@pytest.fixture
def counting(environment: Environment, tmp_path: Path) -> Environment:
    """An environment whose processes count in a folder of their own."""
    return environment | {"METRICS_DIR": str(tmp_path / "new" / "counts")}


@pytest.mark.one_database
def test_every_worker_tells_the_same_and_a_restart_forgets_nothing(counting: Environment) -> None:
    with server(counting, workers=2) as address:
        flood(address, new=60, repeats=2, forged=30)
        seen = [ask(address) for _ in range(12)]
    expected = {RECEIVED: 180, PROCESSED: 60, REPLAYED: 120, HITS: 120, FORGED: 30}
    assert [{name: counts[name] for name in expected} for counts in seen] == [expected] * 12
    assert stat_mode(counting) == 0o700
    assert len(counting_processes(counting)) >= 2

    with server(counting, workers=2) as address:
        flood(address, new=5, repeats=1, forged=1)
        counts = ask(address)
    assert {name: counts[name] for name in expected} == {
        RECEIVED: 190,
        PROCESSED: 65,
        REPLAYED: 125,
        HITS: 125,
        FORGED: 31,
    }


def stat_mode(environment: Environment) -> int:
    return Path(environment["METRICS_DIR"]).stat().st_mode & 0o777


def counting_processes(environment: Environment) -> list[Path]:
    return [*Path(environment["METRICS_DIR"]).glob("alive_*")]


@pytest.mark.one_database
def test_loops_and_commands_count_too_and_leave_one_file_of_a_kind(counting: Environment) -> None:
    counting |= {"WEBHOOK_PROCESSING": "loop"}
    with server(counting) as address:
        flood(address, new=6, repeats=0, forged=0)
        manage(counting, "process_events")
        assert ask(address)[PROCESSED] == 6
        flood(address, new=4, repeats=0, forged=0)
        with process(counting, "manage.py", "process_events", "--loop") as loop:
            wait_until(lambda: ask(address)[PROCESSED] == 10, loop)
            loop.kill()
            loop.wait()
        assert ask(address)[PROCESSED] == 10

    folder = Path(counting["METRICS_DIR"])
    assert len([*folder.glob("*_ended-*.db")]) == 1
    assert len([*folder.glob("*.db")]) == 3


@pytest.mark.one_database
def test_celery_workers_count_too(counting: Environment, tmp_path: Path) -> None:
    with redis() as broker:
        counting |= {"CELERY_BROKER_URL": broker, "WEBHOOK_PROCESSING": "celery"}
        options = ["worker", "--concurrency", "2", "--loglevel", "WARNING"]
        worker = Program(
            ["-m", "celery", "-A", "payments_project.celery:app", *options],
            counting,
            tmp_path / "worker.log",
        )
        with server(counting) as address:
            worker.start()
            try:
                flood(address, new=20, repeats=0, forged=0)
                wait_until(lambda: ask(address).get(PROCESSED) == 20)
            finally:
                worker.signal(signal.SIGTERM)
                worker.wait()
            assert ask(address)[PROCESSED] == 20


PROGRAM = """
import os, django
django.setup()
from webhooks.monitoring import metrics
{}
print(*[s.value for m in metrics.collect() for s in m.samples if s.name == {!r}])
"""


TELL = """
from prometheus_client import generate_latest
from types import SimpleNamespace
told = generate_latest(SimpleNamespace(collect=metrics.collect)).decode()
print(*[line.removesuffix(" 0.0") for line in told.splitlines()], sep="\\n")
"""


def run(folder: Path, code: str) -> str:
    """What a process tells that counts in this folder: how many forged deliveries there were."""
    environment = {
        **os.environ,
        "DJANGO_SETTINGS_MODULE": "payments_project.settings",
        "METRICS_DIR": str(folder),
    }
    with process(environment, "-c", PROGRAM.format(code, FORGED)) as started:
        said: str = started.communicate(timeout=60)[0]
    return said


@pytest.mark.one_database
def test_where_processes_cannot_count_together_each_does_alone_and_says_so(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    said = run(tmp_path / "file" / "counts", "[metrics.INVALID_SIGNATURES.inc() for _ in range(9)]")

    assert said.splitlines()[-1] == "9.0"
    assert said.count("METRICS_DIR can't be used") == 1


@pytest.mark.one_database
def test_children_of_a_process_that_has_counted_count_for_themselves(tmp_path: Path) -> None:
    said = run(
        tmp_path,
        """
metrics.INVALID_SIGNATURES.inc()
for _ in range(3):
    if not os.fork():
        metrics.INVALID_SIGNATURES.inc(10)
        os._exit(0)
    os.wait()
metrics.INVALID_SIGNATURES.inc()
""",
    )

    assert said == "32.0\n"


@pytest.mark.one_database
def test_what_was_cut_off_in_the_middle_is_counted_once(tmp_path: Path) -> None:
    assert run(tmp_path, "metrics.INVALID_SIGNATURES.inc()") == "1.0\n"
    (counts,) = tmp_path.glob("counter_[0-9]*.db")
    left_over = counts.read_bytes()
    assert run(tmp_path, "metrics.INVALID_SIGNATURES.inc()") == "2.0\n"
    assert not counts.exists()

    # As if whoever added them up had been killed before it could remove them.
    counts.write_bytes(left_over)
    torn = tmp_path / "counter_1-torn.db"
    torn.write_bytes(b"\xff\xff\0\0" * 4)
    (tmp_path / "alive_1-torn").touch()
    assert run(tmp_path, "").endswith("2.0\n")
    assert not counts.exists()
    assert not torn.exists()


def read(client: Client, **headers: str) -> Counts:
    response = client.get("/metrics", headers=headers)
    assert response.status_code == 200
    return parsed(response.content.decode())


@pytest.mark.django_db
def test_gauges_count_waiting_and_failed_events(client: Client) -> None:
    now = timezone.now()
    assert read(client)["webhooks_late_events"] == 0
    waiting = [("pending", 300), ("pending", 5), ("pending", -900), ("failed", 900)]
    for number, (status, waits) in enumerate(waiting):
        moment = now - timedelta(seconds=waits)
        WebhookEvent.objects.create(
            provider="stripe",
            event_id=f"evt_{number}",
            endpoint="stripe",
            type="x",
            sha256="",
            received_at=moment,
            last_received_at=moment,
            available_at=moment,
            attempts=0,
            status=status,
            deliveries=1,
            succeeded=[],
        )
    assert "webhooks_sealed_up_to_timestamp_seconds" not in read(client)
    audit.seal(actor="audit", now=now)
    gauges = read(client)

    assert gauges["webhooks_database_up"] == 1
    assert gauges['webhooks_part_up{part="database"}'] == 1
    assert gauges["webhooks_late_events"] == 1
    assert gauges["webhooks_due_events"] == 2
    assert gauges["webhooks_retrying_events"] == 1
    assert gauges["webhooks_failed_events"] == 1
    assert 300 <= gauges["webhooks_oldest_due_age_seconds"] < 330
    assert gauges["webhooks_sealed_up_to_timestamp_seconds"] >= now.timestamp()


@pytest.mark.django_db
def test_gauges_tell_of_doubts_by_type_of_object(client: Client) -> None:
    now = timezone.now()
    doubted: dict[str, Any] = {"provider": "stripe", "livemode": True, "in_doubt": True}
    for number, hours in enumerate([1, 3]):
        row = Customer.objects.create(provider_id=f"cus_{number}", **doubted)
        Customer.objects.filter(pk=row.pk).update(updated_at=now - timedelta(hours=hours))
    Customer.objects.create(**doubted | {"provider_id": "cus_sure", "in_doubt": False})
    gauges = read(client)

    assert gauges['billing_objects_in_doubt{object_type="customer"}'] == 2
    age = gauges['billing_oldest_doubt_age_seconds{object_type="customer"}']
    assert 3 * 3600 <= age < 3 * 3600 + 60
    assert gauges['billing_objects_in_doubt{object_type="invoice"}'] == 0
    assert gauges['billing_oldest_doubt_age_seconds{object_type="invoice"}'] == 0


@pytest.mark.django_db
def test_gauges_tell_when_those_that_are_needed_were_seen(
    client: Client, settings: Settings
) -> None:
    assert not [name for name in read(client) if "last_seen" in name]
    settings.WEBHOOK_PROCESSING = "celery"
    now = timezone.now()
    heartbeats.seen(heartbeats.Kind.WORKER, now=now)
    gauges = read(client)

    assert gauges['webhooks_last_seen_timestamp_seconds{process="worker"}'] == now.timestamp()
    assert gauges['webhooks_last_seen_timestamp_seconds{process="beat"}'] == 0


@pytest.mark.django_db
def test_what_a_former_secret_alone_proves_is_counted(client: Client, settings: Settings) -> None:
    former, name = settings.STRIPE_WEBHOOK_SECRET, FORMER
    settings.STRIPE_WEBHOOK_SECRET = f"whsec_new_and_known_to_all,{former}"
    before = read(client)
    body = json.dumps(fresh()).encode()
    assert post(body, sign(body)).status_code == 200
    assert grown(before, read(client)).get(name) is None
    assert post(body, sign(body, secret=former)).status_code == 200
    assert grown(before, read(client))[name] == 1


@pytest.mark.one_database
def test_counts_that_alerts_go_by_begin_at_0(tmp_path: Path) -> None:
    said = run(tmp_path, f"import webhooks.intake.alarms\n{TELL}").splitlines()

    # A first alarm, or a first event that was fetched, would otherwise be no increase.
    assert {RECEIVED, FORMER, *ALARMS, 'webhooks_fetched_events_total{provider="stripe"}'} <= {
        *said
    }


@pytest.mark.django_db
def test_counters_are_served_without_the_database(client: Client) -> None:
    def refuse(*_: Any) -> None:
        raise OperationalError("away")

    with connection.execute_wrapper(refuse):
        told = read(client)

    assert told["webhooks_database_up"] == 0
    assert told['webhooks_part_up{part="database"}'] == 0
    assert "webhooks_late_events" not in told
    assert FORGED in told


@pytest.mark.django_db
def test_a_configured_token_is_needed(client: Client, settings: Settings) -> None:
    assert client.get("/metrics")["Cache-Control"].startswith("max-age=0")
    assert client.post("/metrics").status_code == 405
    settings.METRICS_TOKEN = "known to all"

    for sent in ["", "known to all", "Bearer known to nobody", "Bearer \xe9"]:
        refused = client.get("/metrics", headers={"Authorization": sent})
        assert (refused.status_code, refused.json()["code"]) == (401, "not_authorised")
        assert refused["WWW-Authenticate"].startswith("Bearer")
    assert FORGED in read(client, Authorization="Bearer known to all")


def grown(before: Counts, after: Counts) -> Counts:
    """What has been counted in between; of how long things took, how often."""
    return {
        name: value - before.get(name, 0)
        for name, value in after.items()
        if value != before.get(name, 0)
        if not name.startswith(("webhooks_oldest", "webhooks_sealed"))
        if "_sum" not in name and "_bucket" not in name
    }


@pytest.mark.django_db(transaction=True)
def test_hits_and_calls_are_counted_by_operation(client: Client, stripe: Served) -> None:
    till = caller("add_paymentintent", scopes=[Scope.BILLING_WRITE])
    before = read(client)
    for _ in range(3):
        till.post(
            "/api/v1/payment-intents",
            {"amount": 1800, "currency": "eur"},
            headers={"Idempotency-Key": "one"},
        )
    for _ in range(2):
        StripeClient().create_customer({"name": "Jo"}, now=timezone.now())

    assert grown(before, read(client)) == {
        'idempotent_hits_total{operation="api:paymentintent"}': 2,
        'idempotent_hits_total{operation="create_customer"}': 1,
        # Stripe is asked again, with the same key.
        CALLS.format("create_customer"): 2,
        CALLS.format("create_payment_intent"): 1,
    }


@pytest.mark.django_db
def test_attempts_and_the_handlers_that_failed_are_counted(
    client: Client, subscribe: Subscribe
) -> None:
    def give_up(_: Event) -> None:
        raise PermanentFailure("never")

    def get_on(_: Event) -> None:
        """Succeed."""

    subscribe(give_up, "test.*")
    subscribe(get_on, "test.*")
    before = read(client)
    receive(sample("test.happened"))
    receive(sample("nobody.cares"))
    counts = grown(before, read(client))

    here = f"{__name__}.{test_attempts_and_the_handlers_that_failed_are_counted.__name__}.<locals>"
    assert counts == {
        f'webhooks_handler_failures_total{{handler="{here}.give_up"}}': 1,
        f'webhooks_handler_seconds_count{{handler="{here}.give_up",outcome="failed"}}': 1,
        f'webhooks_handler_seconds_count{{handler="{here}.get_on",outcome="succeeded"}}': 1,
        RECEIVED: 2,
        'webhooks_attempt_seconds_count{outcome="failed"}': 1,
        'webhooks_attempt_seconds_count{outcome="ignored"}': 1,
        "webhooks_failed_events": 1,
    }


@pytest.mark.django_db(transaction=True)
def test_fetches_are_counted(client: Client, stripe: Served) -> None:
    stripe.world.take_up(sample("test.happened") | {"pending_webhooks": 1}, account="", pending=1)
    before = read(client)
    for _ in range(2):
        manage_here("reconcile_events", "--since", "1d")
    counts = grown(before, read(client))

    assert counts['webhooks_fetched_events_total{provider="stripe"}'] == 1
    assert RECEIVED not in counts
