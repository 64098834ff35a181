"""A platform's endpoint: each connected account by itself, and its test mode apart from live."""

import json
from contextlib import suppress
from datetime import timedelta
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

from billing.entitlements import entitlement
from billing.models import Customer, Subscription
from billing.tasks import reconcile, settle_doubts
from webhooks.models import WebhookEvent
from webhooks.processing.sweep import sweep
from webhooks.testing import deliver, thin_sample
from webhooks.testing import stripe_objects as objects
from webhooks.testing.api_client import caller, problem
from webhooks.testing.fake_stripe import Fault, Served, customers, deliverable
from webhooks.testing.stripe_events import envelope, thinned

Json = dict[str, Any]

pytestmark = pytest.mark.django_db

LIVE = "sk_live_known_to_all"
THEIRS = "acct_theirs"
TOKEN = "known-to-all-and-good-for-tests-of-metrics"


@pytest.fixture
def platform(stripe: Served, settings: Settings) -> Served:
    """A fake Stripe for a live key, as a platform has one at its live endpoint."""
    settings.STRIPE_API_KEY = LIVE
    return stripe


def told(payload: Json) -> WebhookEvent:
    assert deliver(payload).status_code == 200
    return WebhookEvent.objects.get(event_id=payload["id"])


def undecidable(platform: Served, *, livemode: bool) -> list[Json]:
    """Two updates of a connected account's customer that nothing tells the order of."""
    home = platform.world.account(THEIRS, livemode=livemode)
    customer = customers.create(home, name="Jo")
    for name in ("Al", "Bo"):
        customers.update(home, customer["id"], name=name)
    events = deliverable(platform.world)[-2:]
    for payload in events:
        del payload["data"]["previous_attributes"]
    return events


def asked(platform: Served) -> int:
    return len(platform.world.faults.requests)


@pytest.mark.parametrize("is_thin", [True, False])
@pytest.mark.parametrize("livemode", [True, False])
def test_a_live_key_asks_for_live_objects_of_the_account_alone(
    platform: Served, livemode: bool, is_thin: bool
) -> None:
    for payload in undecidable(platform, livemode=livemode):
        row = told(thinned(payload) if is_thin else payload)
        assert (row.status, row.account, row.livemode) == ("processed", THEIRS, livemode)
    customer = Customer.objects.get()

    assert (customer.account, customer.livemode) == (THEIRS, livemode)
    assert (customer.in_doubt, asked(platform) > 0) == (not livemode, livemode)


TELLERS = {"billing.tasks", "billing_in_doubt", "gauge", "reconcile_billing"}


def who_tells(client: Client, caplog: pytest.LogCaptureFixture) -> set[str]:
    """Who tells of a customer in doubt, of those who would."""
    settle_doubts()
    reconcile()
    told_by = {one.name for one in caplog.records}
    report = StringIO()
    with suppress(CommandError):
        call_command("doctor", "--json", "--offline", stdout=report)
    findings = json.loads(report.getvalue())["findings"]
    told_by |= {one["code"] for one in findings if one["state"] == "attention"}
    try:
        call_command("reconcile_billing", "--in-doubt", stdout=StringIO())
    except CommandError:
        told_by.add("reconcile_billing")
    metrics = client.get("/metrics", headers={"Authorization": f"Bearer {TOKEN}"})
    if b'billing_objects_in_doubt{object_type="customer"} 1' in metrics.content:
        told_by.add("gauge")
    return told_by & {*TELLERS, "stripe_mode"}


@pytest.mark.parametrize("livemode", [True, False])
def test_nobody_is_told_of_doubts_in_test_mode_beside_live(
    platform: Served,
    settings: Settings,
    client: Client,
    caplog: pytest.LogCaptureFixture,
    livemode: bool,
) -> None:
    settings.METRICS_TOKEN = TOKEN
    settings.RECONCILE_BILLING_EVERY_HOURS = 24
    # In live mode, too, this one stays in doubt: Stripe has no such customer.
    for payload in undecidable(platform, livemode=livemode):
        payload["data"]["object"]["id"] = "cus_nowhere"
        told(payload)
    before = asked(platform)
    Customer.objects.update(updated_at=timezone.now() - timedelta(hours=2), ask_after=None)

    assert who_tells(client, caplog) == (TELLERS if livemode else set())
    assert (asked(platform) > before) == livemode
    assert Customer.objects.get().in_doubt


def test_what_is_named_is_answered_for_in_test_mode_too(platform: Served) -> None:
    for payload in undecidable(platform, livemode=False):
        told(payload)
    out = StringIO()
    with pytest.raises(CommandError):
        call_command("reconcile_billing", "--id", Customer.objects.get().provider_id, stdout=out)

    assert "can't be asked for with this key" in out.getvalue()


def test_a_platform_s_own_test_events_are_told_of(platform: Served) -> None:
    """Stripe sends those to test endpoints alone, so the key is of the wrong mode."""
    failed = told(thin_sample("v1.customer.created"))

    assert failed.status == "failed"
    assert "STRIPE_API_KEY is a key of live mode" in failed.last_error


PLACES = [(account, mode) for account in ("", "acct_1", "acct_2") for mode in (True, False)]


def subscribed(account: str, *, livemode: bool, status: str) -> None:
    """The same customer and subscription, by their ids, in one account and mode."""
    now = int(timezone.now().timestamp())
    place = {"livemode": livemode} | ({"account": account} if account else {})
    name = f"{account} {livemode}"
    customer = objects.customer(now, id="cus_same", name=name)
    subscription = objects.subscription(now, id="sub_same", customer="cus_same", status=status)
    for event_type, subject in (
        ("customer.created", customer),
        ("customer.subscription.created", subscription),
    ):
        told(envelope(event_type, subject, now, **place))


@pytest.mark.parametrize(("account", "livemode"), PLACES)
def test_the_same_ids_in_each_account_and_mode_are_kept_apart(account: str, livemode: bool) -> None:
    for place, mode in PLACES:
        is_here = (place, mode) == (account, livemode)
        subscribed(place, livemode=mode, status="active" if is_here else "canceled")
    allowed = {
        (customer.account, customer.livemode)
        for customer in Customer.objects.all()
        if entitlement(customer, now=timezone.now()).allowed
    }

    assert Customer.objects.count() == Subscription.objects.count() == len(PLACES)
    assert allowed == {(account, livemode)}


def test_programs_and_staff_say_which_one_they_mean() -> None:
    for account, livemode in PLACES:
        subscribed(account, livemode=livemode, status="active")
    program = caller("view_customer", "view_subscription")
    url = "/api/v1/customers/cus_same"

    assert problem(program.get(url)) == (409, "ambiguous_id")
    assert problem(program.get(f"{url}?account=acct_1")) == (409, "ambiguous_id")
    found = program.get(f"{url}?account=acct_1&livemode=false").json()
    assert (found["account"], found["livemode"], found["name"]) == (*PLACES[3], "acct_1 False")


def test_an_erasure_keeps_to_its_account_and_mode() -> None:
    for account, livemode in PLACES:
        subscribed(account, livemode=livemode, status="active")
    place = ("--provider", "stripe", "--account", "acct_1", "--testmode")
    call_command("erase_customer", "cus_same", *place, "--reason", "asked", stdout=StringIO())
    names = {customer.name for customer in Customer.objects.all()}
    bodies = b"".join(bytes(one.body or b"") for one in WebhookEvent.objects.all())

    everybody = {f"{account} {livemode}" for account, livemode in PLACES}
    assert names == everybody - {"acct_1 False"} | {""}
    assert {name for name in everybody if name.encode() not in bodies} == {"acct_1 False"}


def test_what_never_came_is_fetched_by_account_and_in_live_mode_alone(platform: Served) -> None:
    for account, livemode in PLACES:
        customers.create(platform.world.account(account, livemode=livemode), name="Jo")
    call_command("reconcile_events", "--account", "acct_1", stdout=StringIO())
    list(sweep())
    customer = Customer.objects.get()

    assert (customer.account, customer.livemode, customer.name) == ("acct_1", True, "Jo")


def test_drift_is_found_in_each_account(platform: Served) -> None:
    for account, livemode in PLACES:
        home = platform.world.account(account, livemode=livemode)
        customer = customers.create(home, name="Jo")
        told(deliverable(platform.world)[-1])
        customers.update(home, customer["id"], name="Al")
    out = StringIO()
    call_command("reconcile_billing", "--repair", "--account", "acct_1", stdout=out)

    assert "1 mended" in out.getvalue()
    assert [(one.account, one.livemode) for one in Customer.objects.filter(name="Al")] == [
        ("acct_1", True)
    ]


def test_an_account_that_is_connected_no_more_is_named_and_asked_ever_more_seldom(
    platform: Served,
) -> None:
    refusal = {"code": "account_invalid"}
    platform.world.faults.add(Fault("refuse", times=9, status=403, error=refusal))
    *_, last = undecidable(platform, livemode=True)
    row = told(thinned(last))
    assert row.status == "pending"
    assert f"STRIPE_API_KEY for {THEIRS}, which may be connected no more" in row.last_error
    Customer.objects.create(
        provider_id="cus_1", in_doubt=True, provider="stripe", account=THEIRS, livemode=True
    )
    before = asked(platform)
    settle_doubts()
    settle_doubts()

    assert asked(platform) == before + 1
