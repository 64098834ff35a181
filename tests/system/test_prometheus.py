"""A real Prometheus scrapes a server that runs, and its rules and the dashboard's panels tell."""

import json
import signal
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from django.conf import settings
from django.utils import timezone

from tests.faults.programs import Program
from tests.monitoring_files import PROMETHEUS, Json, alerts, compared, panels, queries_of
from tests.processes import Environment, manage, query, server, wait_until
from tests.system.prometheus import Prometheus, configure, prometheus, promtool
from webhooks.providers import PROVIDERS
from webhooks.testing import sample
from webhooks.testing.fake_stripe import Served, customers, deliverable
from webhooks.testing.sending import send
from webhooks.testing.servers import redis

TOKEN = "known-to-all-and-good-for-tests-of-metrics"
UNSETTLED = (
    "SELECT 1 FROM webhooks_webhookevent WHERE attempts = 0 OR claimed_at IS NOT NULL LIMIT 1"
)


def test_the_files_are_as_prometheus_has_them(tmp_path: Path) -> None:
    configure(tmp_path, "127.0.0.1:8000", TOKEN)

    assert f"{len(alerts())} rules found" in promtool("check", "rules", str(tmp_path / "rules.yml"))
    assert "SUCCESS" in promtool("check", "config", str(tmp_path / "prometheus.yml"))
    assert "SUCCESS" in promtool("test", "rules", str(PROMETHEUS / "rules_test.yml"))


def test_every_rule_and_every_panel_finds_data(
    environment: Environment, stripe: Served, tmp_path: Path
) -> None:
    environment |= {
        "METRICS_DIR": str(tmp_path / "counts"),
        "METRICS_TOKEN": TOKEN,
        "STRIPE_API_BASE": stripe.url,
        "STRIPE_API_KEY": "sk_test_known_to_all",
        "WEBHOOK_PROCESSING": "celery",
    }
    asked = [part for rule in alerts().values() for part in compared(rule["expr"])]
    asked += [as_grafana_asks(each) for panel in panels() for each in queries_of(panel)]
    with redis() as broker:
        environment |= {"CELERY_BROKER_URL": broker}
        with (
            server(environment, workers=2) as address,
            worker(environment, tmp_path),
            prometheus(urlsplit(address).netloc, TOKEN) as watching,
        ):
            # Rates are of what happens once the first counts are known.
            wait_until(lambda: bool(watching.ask("webhooks_database_up == 1")))
            drill(address, environment, stripe)
            assert unanswered(watching, asked) == []
            told = watching.ask('ALERTS{alertname="EventsFailed"}')
            rules = watching.get("rules")["groups"][0]["rules"]

    assert [each["metric"]["severity"] for each in told] == ["critical"]
    assert {rule["name"]: rule["health"] for rule in rules} == dict.fromkeys(alerts(), "ok")


@contextmanager
def worker(environment: Environment, folder: Path) -> Iterator[None]:
    """Run a Celery worker, and beat in it."""
    options = ["worker", "--beat", "--schedule", str(folder / "beat"), "--concurrency", "1"]
    celery = ["-m", "celery", "-A", "payments_project.celery:app"]
    program = Program([*celery, *options], environment, folder / "worker.log")
    program.start()
    try:
        yield
    finally:
        program.signal(signal.SIGTERM)
        program.wait()


def drill(address: str, environment: Environment, stripe: Served) -> None:
    """Deliver new events, again, and forged; have a handler fail, and Stripe asked in doubt."""
    customer = customers.create(stripe.account, name="Jo")
    for name in ("Al", "Bo"):
        customers.update(stripe.account, customer["id"], name=name)
    undecidable = deliverable(stripe.world)[-2:]
    for event in undecidable:
        del event["data"]["previous_attributes"]
    broken = sample("charge.succeeded", amount="much")
    for event in [sample("refund.created"), *undecidable, broken, undecidable[0]]:
        assert deliver(address, event) == 200
    assert deliver(address, sample("refund.created"), secret="whsec_forged") == 400
    wait_until(lambda: not query(environment, UNSETTLED))
    # Nothing that is to be sealed comes after it.
    manage(environment, "audit", "seal")


def deliver(address: str, event: Json, secret: str = "") -> int:
    body = json.dumps(event).encode()
    secret = secret or settings.STRIPE_WEBHOOK_SECRET
    headers = PROVIDERS["stripe"].sign(body, secret=secret, now=timezone.now())
    return send(f"{address}/webhooks/stripe", body, headers).status


def as_grafana_asks(expression: str) -> str:
    """Return a panel's query with values in the place of its variables."""
    return expression.replace("$job", "payments").replace("$__rate_interval", "1m")


def unanswered(watching: Prometheus, asked: list[str]) -> list[str]:
    """Return the queries for which Prometheus has found nothing in time."""
    left = asked

    def all_are_answered() -> bool:
        nonlocal left
        left = [each for each in left if not watching.ask(each)]
        return not left

    with suppress(pytest.fail.Exception):
        wait_until(all_are_answered)
    return left
