"""Thin events name an object: it is fetched, once for all of them that wait."""

import random
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from io import StringIO
from typing import Any

import pytest
from django.core.management import call_command
from django.db import connection
from django.utils import timezone
from pytest_django import Settings

from billing.models import (
    MODELS,
    BillingChange,
    Charge,
    Customer,
    Invoice,
    PaymentIntent,
    Subscription,
)
from billing.tasks import settle_doubts
from webhooks.models import WebhookEvent
from webhooks.processing.sweep import sweep
from webhooks.testing import deliver, thin_sample
from webhooks.testing.fake_stripe import (
    Account,
    Fault,
    Served,
    customers,
    deliverable,
    disputes,
    payments,
    random_story,
    refunds,
)
from webhooks.testing.stripe_events import thinned

Json = dict[str, Any]

pytestmark = pytest.mark.django_db


def told(payload: Json) -> WebhookEvent:
    """The row of an event that was posted."""
    assert deliver(payload).status_code == 200
    return WebhookEvent.objects.get(event_id=payload["id"])


def events(stripe: Served, *types: str) -> list[Json]:
    return [one for one in deliverable(stripe.world) if not types or one["type"] in types]


def asked(stripe: Served) -> int:
    return len(stripe.world.faults.requests)


def named_thrice(stripe: Served, account: str = "", **named: Any) -> list[Json]:
    """Three thin events of one customer, who is called Bo in the end."""
    home = stripe.world.account(account, **named)
    customer = customers.create(home, name="Jo")
    for name in ("Al", "Bo"):
        customers.update(home, customer["id"], name=name)
    return [thinned(one) for one in deliverable(stripe.world)[-3:]]


def test_what_a_thin_event_names_is_fetched(stripe: Served) -> None:
    event = named_thrice(stripe)[0]
    row = told(event)
    customer = Customer.objects.get()

    assert (row.status, customer.name, customer.in_doubt, asked(stripe)) == (
        *("processed", "Bo", False),
        1,
    )
    fetched = BillingChange.objects.get(source=BillingChange.Source.FETCH)
    assert (fetched.event_id, fetched.event_type) == (event["id"], "v1.customer.created")


def test_a_destination_may_have_an_endpoint_of_its_own(stripe: Served, settings: Settings) -> None:
    settings.THIN_WEBHOOK_SECRET = "whsec_of_the_destination_and_no_other"
    settings.WEBHOOK_ENDPOINTS = {
        "stripe": {"provider": "stripe", "secrets_setting": "STRIPE_WEBHOOK_SECRET"},
        "thin": {"provider": "stripe", "secrets_setting": "THIN_WEBHOOK_SECRET"},
    }
    customers.create(stripe.world.account(), name="Jo")
    [snapshot] = events(stripe)
    assert deliver(thinned(snapshot), endpoint="thin").status_code == 200
    told(snapshot)

    assert set(WebhookEvent.objects.values_list("endpoint", "status")) == {
        ("thin", "processed"),
        ("stripe", "processed"),
    }
    assert (Customer.objects.get().name, asked(stripe)) == ("Jo", 1)


def test_one_fetch_serves_all_thin_events_that_wait(stripe: Served, settings: Settings) -> None:
    settings.WEBHOOK_PROCESSING = "loop"
    for event in named_thrice(stripe) * 2:
        told(event)
    assert len(list(sweep())) == 3
    assert (Customer.objects.get().name, asked(stripe)) == ("Bo", 1)
    assert set(WebhookEvent.objects.values_list("status", flat=True)) == {"processed"}


def test_a_thin_event_after_the_fetch_asks_again(stripe: Served) -> None:
    first, *_ = named_thrice(stripe)
    told(first)
    customers.update(stripe.world.account(), Customer.objects.get().provider_id, name="Cy")
    told(thinned(deliverable(stripe.world)[-1]))

    assert (Customer.objects.get().name, asked(stripe)) == ("Cy", 2)


@pytest.mark.parametrize("thin_first", [True, False])
def test_a_snapshot_of_the_same_change_does_nothing_twice(stripe: Served, thin_first: bool) -> None:
    customers.create(stripe.world.account(), name="Jo")
    [snapshot] = events(stripe)
    both = [thinned(snapshot), snapshot]
    for payload in both if thin_first else reversed(both):
        assert told(payload).status == "processed"
    customer = Customer.objects.get()

    assert (customer.name, customer.in_doubt, asked(stripe)) == ("Jo", False, 1)
    [change] = [one for one in BillingChange.objects.all() if one.fields]
    assert change.verdict == BillingChange.Verdict.APPLIED


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("processing", ["request", "loop"])
def test_a_business_told_of_by_thin_events_alone_is_as_stripe_has_it(
    stripe: Served, settings: Settings, processing: str, seed: int
) -> None:
    settings.WEBHOOK_PROCESSING = processing
    rng = random.Random(seed)  # noqa: S311
    random_story(stripe.world, rng, 30)
    payloads = [thinned(one) for one in deliverable(stripe.world)]
    payloads += rng.choices(payloads, k=len(payloads) // 4)
    rng.shuffle(payloads)
    for payload in payloads:
        told(payload)
    list(sweep())
    paths = [one.path for one in stripe.world.faults.requests]
    out = StringIO()
    call_command("reconcile_billing", stdout=out)

    assert set(WebhookEvent.objects.values_list("status", flat=True)) <= {"processed", "ignored"}
    assert f"{stored()} alike, 0 different" in out.getvalue()
    # Of those that all wait, each object once.
    assert processing == "request" or sorted(paths) == sorted(set(paths))


def stored() -> int:
    return sum(model._default_manager.count() for model in MODELS.values())


@pytest.mark.parametrize("is_known", [True, False])
def test_a_deletion_needs_no_fetch(stripe: Served, settings: Settings, is_known: bool) -> None:
    settings.STRIPE_API_KEY = ""
    home = stripe.world.account()
    customer = customers.create(home, name="Jo")
    created, *_ = events(stripe)
    if is_known:
        told(created)
    customers.delete(home, customer["id"])
    row = told(thinned(events(stripe)[-1]))
    late = told(thinned(created))
    stored = Customer.objects.get()

    assert (row.status, late.status) == ("processed", "processed")
    assert (stored.deleted, stored.in_doubt) == (True, False)
    assert (stored.name, asked(stripe)) == ("Jo" if is_known else "", 0)


def test_what_was_deleted_meanwhile_is_answered_as_deleted(stripe: Served) -> None:
    home = stripe.world.account()
    customers.delete(home, customers.create(home, name="Jo")["id"])
    created, deleted = (thinned(one) for one in events(stripe))
    told(created)

    assert (Customer.objects.get().deleted, Customer.objects.get().in_doubt) == (True, False)
    told(deleted)
    assert (Customer.objects.get().deleted, asked(stripe)) == (True, 1)


def test_a_draft_that_is_gone_is_in_doubt_until_its_deletion_is_told(stripe: Served) -> None:
    created = thin_sample("v1.invoice.created")
    assert told(created).status == "processed"
    assert Invoice.objects.get().in_doubt
    deleted = thin_sample("v1.invoice.deleted", related_object=created["related_object"])
    told(deleted)

    assert (Invoice.objects.get().deleted, Invoice.objects.get().in_doubt) == (True, False)
    assert asked(stripe) == 1


def charged(stripe: Served) -> tuple[Account, str]:
    """An account with a charge of which thin events have told; the charge's id."""
    home = stripe.world.account()
    charge = payments.confirm(home, payments.create(home, 900)["id"])["latest_charge"]
    for event in events(stripe):
        told(thinned(event))
    return home, charge


def news(stripe: Served, before: list[Json], prefix: str = "") -> list[Json]:
    return [one for one in events(stripe)[len(before) :] if one["type"].startswith(prefix)]


def test_a_refund_that_fails_has_its_charge_fetched_too(stripe: Served) -> None:
    home, charge = charged(stripe)
    refund = refunds.create(home, charge, 400)["id"]
    for event in events(stripe):
        told(thinned(event))
    before, calls = events(stripe), asked(stripe)
    assert Charge.objects.get().amount_refunded == 400
    refunds.fail(home, refund)
    for event in news(stripe, before):
        told(thinned(event))

    assert (Charge.objects.get().amount_refunded, Charge.objects.get().in_doubt) == (0, False)
    # Each of three events may tell of more, and the charge is asked for once.
    assert asked(stripe) <= calls + 4


def test_a_charge_that_could_not_be_fetched_for_its_refund_is_in_doubt(stripe: Served) -> None:
    home, charge = charged(stripe)
    refund = refunds.create(home, charge, 400)["id"]
    refunds.fail(home, refund)
    fetched_at = Charge.objects.get().fetched_at
    stripe.world.faults.add(Fault("error_before", path="/v1/charges"))
    waiting = told(thinned(events(stripe)[-1]))

    assert (waiting.type, waiting.status) == ("v1.refund.failed", "pending")
    assert (Charge.objects.get().in_doubt, Charge.objects.get().fetched_at) == (True, fetched_at)
    settle_doubts()
    assert (Charge.objects.get().in_doubt, Charge.objects.get().amount_refunded) == (False, 0)


def test_a_dispute_tells_of_its_charge(stripe: Served) -> None:
    home, charge = charged(stripe)
    before = events(stripe)
    disputes.create(home, charge)
    for event in news(stripe, before, "charge.dispute"):
        told(thinned(event))

    assert (Charge.objects.get().disputed, Charge.objects.get().in_doubt) == (True, False)


def test_a_thin_event_waits_for_stripe_to_answer(stripe: Served) -> None:
    event = named_thrice(stripe)[-1]
    stripe.world.faults.add(Fault("error_before", times=1))
    waiting = told(event)
    assert (waiting.status, Customer.objects.exists()) == ("pending", False)
    assert "Stripe could not be asked" in waiting.last_error
    list(sweep(clock=lambda: timezone.now() + timedelta(days=1)))
    waiting.refresh_from_db()

    assert (waiting.status, Customer.objects.get().name) == ("processed", "Bo")


def test_an_erased_customer_does_not_come_back_by_a_thin_event(stripe: Served) -> None:
    home = stripe.world.account()
    customer = customers.create(home, name="Jo Doe", email="jo@example.com")["id"]
    payment = payments.create(home, 900, customer=customer, description="for Jo Doe")
    for event in events(stripe, "customer.created"):
        told(thinned(event))
    call_command("erase_customer", customer, "--reason", "asked", stdout=StringIO())
    customers.update(home, customer, name="Jo Roe")
    payments.confirm(home, payment["id"])
    for event in events(stripe):
        told(thinned(event))
    intent = PaymentIntent.objects.get()

    assert (Customer.objects.get().name, Customer.objects.get().email) == ("", "")
    assert (intent.status, intent.customer_id) == ("succeeded", customer)
    assert "Jo" not in intent.description


MISSING = {
    "STRIPE_API_KEY is not set": {"STRIPE_API_KEY": ""},
    "STRIPE_API_KEY is a key of live mode": {"STRIPE_API_KEY": "sk_live_other"},
    "STRIPE_FETCH is never": {"STRIPE_FETCH": "never"},
}


@pytest.mark.parametrize("message", MISSING)
def test_a_thin_event_that_cannot_be_fetched_fails_and_names_the_setting(
    stripe: Served, settings: Settings, message: str
) -> None:
    was = {name: getattr(settings, name, "undecidable") for name in MISSING[message]}
    for name, value in MISSING[message].items():
        setattr(settings, name, value)
    failed = told(named_thrice(stripe)[-1])

    assert (failed.status, asked(stripe)) == ("failed", 0)
    assert message in failed.last_error
    customer = Customer.objects.get()
    assert (customer.in_doubt, customer.name) == (True, "")
    assert failed.object_id in failed.last_error

    for name, value in was.items():
        setattr(settings, name, value)
    settle_doubts()
    assert (Customer.objects.get().in_doubt, Customer.objects.get().name) == (False, "Bo")


def test_what_others_do_with_a_thin_event_stays_when_it_cannot_be_fetched() -> None:
    failed = told(thin_sample("v1.customer.updated"))

    assert failed.status == "failed"
    assert failed.succeeded == ["billing.receivers.apply_stripe_event"]


@pytest.mark.parametrize("settled", ["by the re-run", "before it"])
def test_a_re_run_succeeds_once_the_setting_is_there(
    stripe: Served, settings: Settings, settled: str
) -> None:
    settings.STRIPE_FETCH = "never"
    failed = told(named_thrice(stripe)[-1])
    settings.STRIPE_FETCH = "undecidable"
    if settled == "before it":
        settle_doubts()
    call_command("replay_events", failed.event_id, "--reason", "the setting is there")
    list(sweep())
    failed.refresh_from_db()

    assert (failed.status, Customer.objects.get().name, asked(stripe) <= 2) == (
        *("processed", "Bo"),
        True,
    )


@pytest.mark.parametrize(
    "event_type",
    ["v2.core.account.updated", "v1.billing.meter.no_meter_found", "v1.invoice_payment.paid"],
)
def test_what_billing_has_no_place_for_is_recorded_and_ignored(
    stripe: Served, event_type: str
) -> None:
    assert told(thin_sample(event_type)).status == "ignored"
    assert asked(stripe) == 0


def test_an_unknown_object_of_a_type_that_is_followed_costs_no_fetch(stripe: Served) -> None:
    event = thin_sample("v1.invoice.upcoming", related_object=None)
    other = {"id": "x_1", "type": "x", "url": "/v1/x/x_1"}

    assert told(event).status == "processed"
    assert told(thin_sample("v1.customer.updated", related_object=other)).status == "processed"
    assert asked(stripe) == 0


def test_a_subscription_s_own_thin_types_are_followed(stripe: Served) -> None:
    event = thin_sample("v1.customer.subscription.item_added")
    told(event)

    assert Subscription.objects.get().provider_id == event["related_object"]["id"]


@pytest.mark.postgresql
@pytest.mark.django_db(transaction=True)
def test_workers_at_once_fetch_an_object_once(stripe: Served, settings: Settings) -> None:
    settings.WEBHOOK_PROCESSING = "loop"
    customer = customers.create(stripe.world.account(), name="Jo")
    for number in range(60):
        related = {"id": customer["id"], "type": "customer", "url": ""}
        told(thin_sample("v1.customer.updated", id=f"evt_{number}", related_object=related))

    def work(_: int) -> None:
        try:
            list(sweep())
        finally:
            connection.close()

    with ThreadPoolExecutor(max_workers=6) as workers:
        list(workers.map(work, range(6)))

    assert set(WebhookEvent.objects.values_list("status", flat=True)) == {"processed"}
    assert (Customer.objects.get().name, asked(stripe)) == ("Jo", 1)
