"""Where billing has drifted from what Stripe has: found field by field, and mended on record."""

import random
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from pytest_django import Settings

from billing.models import BillingChange, Customer, PaymentIntent
from billing.privacy.erasure import erase
from billing.tasks import settle_doubts
from tests.delivering import deliver
from webhooks.testing.fake_stripe import Fault, Served, customers, deliverable, random_story

pytestmark = pytest.mark.django_db


def reconcile(*arguments: str) -> str:
    """What the command says."""
    out = StringIO()
    call_command("reconcile_billing", *arguments, stdout=out, stderr=StringIO())
    return out.getvalue()


@pytest.fixture
def customer(stripe: Served) -> Customer:
    """A customer who is called Al at Stripe, and Jo here; nothing else has drifted."""
    home = stripe.world.account()
    made = customers.create(home, name="Jo", email="jo@example.com")
    deliver(deliverable(stripe.world)[-1])
    customers.update(home, made["id"], name="Al")
    return Customer.objects.get()


def test_differences_are_reported_and_left_alone(customer: Customer) -> None:
    out = StringIO()
    with pytest.raises(CommandError, match="1 objects are not as the provider has them"):
        call_command("reconcile_billing", stdout=out, stderr=StringIO())
    assert f"customer {customer.provider_id}: name differs" in out.getvalue()
    assert "Al" not in out.getvalue()
    assert "0 alike, 1 different" in out.getvalue()
    assert Customer.objects.get().name == "Jo"


def test_repairs_are_made_and_recorded(customer: Customer) -> None:
    assert "1 mended" in reconcile("--repair")
    assert Customer.objects.get().name == "Al"
    mend = BillingChange.objects.get(source=BillingChange.Source.REPAIR)
    assert (mend.fields, mend.event_id) == ({"name": ["Jo", "Al"]}, "")
    assert "1 alike" in reconcile()


def test_erased_fields_are_no_difference(customer: Customer) -> None:
    erase(customer.provider_id, customer.scope, actor="anna", reason="asked")
    assert "1 alike" in reconcile()
    assert "1 alike" in reconcile("--repair")
    assert Customer.objects.get().name == ""


@pytest.mark.parametrize(
    "chosen",
    [["--type", "charge"], ["--account", "acct_other"], ["--in-doubt"], ["--id", "cus_other"]],
)
def test_only_selected_objects_are_fetched(
    stripe: Served, customer: Customer, chosen: list[str]
) -> None:
    assert reconcile(*chosen).startswith("0 alike, 0 different")
    assert stripe.world.faults.requests == []


def test_a_failure_is_reported_and_the_rest_continues(stripe: Served, customer: Customer) -> None:
    customers.create(stripe.world.account(), name="Bo")
    deliver(deliverable(stripe.world)[-1])
    stripe.world.faults.add(Fault("error_before"))
    out = StringIO()
    with pytest.raises(CommandError):
        call_command("reconcile_billing", stdout=out, stderr=StringIO())
    assert "1 alike, 0 different, 0 mended, 0 gone, 0 out of reach, 1 failed" in out.getvalue()


def test_missing_and_unreachable_objects_are_reported(
    stripe: Served, customer: Customer, settings: Settings
) -> None:
    Customer.objects.update(provider_id="cus_nowhere")
    with pytest.raises(CommandError):
        reconcile()
    Customer.objects.update(livemode=True)
    out = StringIO()
    with pytest.raises(CommandError):
        call_command("reconcile_billing", stdout=out, stderr=StringIO())
    assert "1 out of reach" in out.getvalue()


@pytest.mark.parametrize("keeps_a_trace", [True, False])
def test_what_is_deleted_on_both_sides_has_not_drifted(
    stripe: Served, customer: Customer, *, keeps_a_trace: bool
) -> None:
    customers.delete(stripe.world.account(), customer.provider_id)
    deliver(deliverable(stripe.world)[-1])
    if not keeps_a_trace:
        Customer.objects.update(provider_id="cus_nowhere")
    assert Customer.objects.get().deleted
    assert "1 alike" in reconcile()


def test_without_an_api_key_the_command_fails(settings: Settings) -> None:
    settings.STRIPE_API_KEY = ""
    with pytest.raises(CommandError, match="STRIPE_API_KEY is not set"):
        reconcile()


def test_a_whole_business_shows_no_drift(stripe: Served) -> None:
    random_story(stripe.world, random.Random(7), 40)  # noqa: S311
    for payload in deliverable(stripe.world):
        deliver(payload)
    PaymentIntent.objects.update(amount=1)
    assert "0 failed" in reconcile("--repair")
    assert " 0 different, 0 mended" in reconcile()


def test_doubts_are_settled_on_a_schedule(
    stripe: Served, settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    settings.STRIPE_FETCH = "never"
    home = stripe.world.account()
    made = customers.create(home, name="Jo")
    for name in ("Al", "Bo"):
        customers.update(home, made["id"], name=name)
    for payload in deliverable(stripe.world)[-2:]:
        told: dict[str, Any] = payload
        del told["data"]["previous_attributes"]
        deliver(told)
    settle_doubts()
    assert Customer.objects.get().in_doubt
    settings.STRIPE_FETCH = "undecidable"
    settle_doubts()
    customer = Customer.objects.get()
    assert (customer.name, customer.in_doubt) == ("Bo", False)

    Customer.objects.update(in_doubt=True)
    Customer.objects.create(provider_id="cus_gone", in_doubt=True, **customer.scope)
    settle_doubts()
    assert f"mended {made['id']}: it was in doubt" in caplog.text
    assert "cus_gone is not as the provider has it: it has no such object" in caplog.text


@pytest.mark.usefixtures("stripe")
def test_objects_of_providers_that_can_not_be_asked_are_no_failure() -> None:
    for provider in ("telegram", "square", "gone_since"):
        Customer.objects.create(provider=provider, provider_id="7", livemode=True, in_doubt=True)

    told = reconcile("--in-doubt")
    settle_doubts()

    assert "0 alike, 0 different" in told
    assert "not asked: telegram's objects. telegram can't be asked for its objects." in told
    assert "not asked: square's objects. SQUARE_API_KEY is not set." in told
    assert "not asked: gone_since's objects. There is no such provider any more." in told
