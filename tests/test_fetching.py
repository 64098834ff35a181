"""Stripe is asked for what events can't tell, and no more often than that takes."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection, transaction
from django.utils import timezone
from pytest_django import Settings

from billing.fetching.fetch import Subject, refresh
from billing.history import Cause
from billing.models import BillingChange, Charge, Customer, FetchLock
from billing.ordering import OrderingReason
from tests.delivering import deliver
from webhooks.events import ObjectScope
from webhooks.exceptions import ProviderApiRefused, ProviderApiUnavailable
from webhooks.models import Attempt, WebhookEvent
from webhooks.processing.sweep import sweep
from webhooks.providers import PROVIDERS
from webhooks.testing.fake_stripe import Fault, Served, customers, deliverable, payments, refunds

Json = dict[str, Any]
Verdict = BillingChange.Verdict

pytestmark = pytest.mark.django_db


def two_of_a_second(stripe: Served, account: str = "", **named: Any) -> list[Json]:
    """Two updates of a customer that nothing tells the order of; Bo is the name in the end."""
    home = stripe.world.account(account, **named)
    customer = customers.create(home, name="Jo")
    for name in ("Al", "Bo"):
        customers.update(home, customer["id"], name=name)
    told = deliverable(stripe.world)[-2:]
    for payload in told:
        del payload["data"]["previous_attributes"]
    return told


def asked(stripe: Served) -> int:
    """How many requests came in."""
    return len(stripe.world.faults.requests)


def later() -> Any:
    """When whatever waits for its next attempt is due."""
    return timezone.now() + timedelta(days=1)


@pytest.mark.parametrize("backwards", [False, True])
def test_undecidable_changes_are_fetched(stripe: Served, backwards: bool) -> None:
    told = two_of_a_second(stripe)
    for payload in reversed(told) if backwards else told:
        deliver(payload)
    customer = Customer.objects.get()
    assert (customer.name, customer.in_doubt, asked(stripe)) == ("Bo", False, 1)
    answered, *_ = BillingChange.objects.filter(source=BillingChange.Source.FETCH)
    assert answered.reason == OrderingReason.ANSWER
    # What was answered is no event's, and no page may name one for it.
    assert customer.snapshot_event_id == ""
    assert set(WebhookEvent.objects.values_list("status", flat=True)) == {"processed"}


def test_decidable_changes_are_not_fetched(stripe: Served) -> None:
    two_of_a_second(stripe)
    for payload in reversed(deliverable(stripe.world)):
        deliver(payload)
    assert (Customer.objects.get().name, asked(stripe)) == ("Bo", 0)


def test_an_event_waits_for_stripe_to_answer(stripe: Served) -> None:
    first, second = two_of_a_second(stripe)
    stripe.world.faults.add(Fault("error_before", times=2))
    deliver(first)
    waiting = deliver(second)
    assert (waiting.status, Customer.objects.get().in_doubt) == ("pending", False)
    assert "Stripe could not be asked" in waiting.last_error
    assert waiting.attempt_set.get().outcome == Attempt.Outcome.RETRYING
    list(sweep(clock=later))
    list(sweep(clock=lambda: later() + timedelta(days=1)))
    waiting.refresh_from_db()
    assert (waiting.status, Customer.objects.get().name) == ("processed", "Bo")


@pytest.mark.parametrize(
    "changed",
    [{"STRIPE_FETCH": "never"}, {"STRIPE_API_KEY": ""}, {"STRIPE_API_KEY": "sk_live_other"}],
    ids=["told not to", "without a key", "with the key of the other mode"],
)
def test_undecided_objects_that_cannot_be_fetched_are_marked(
    stripe: Served, settings: Settings, changed: dict[str, str]
) -> None:
    for name, value in changed.items():
        setattr(settings, name, value)
    for payload in two_of_a_second(stripe):
        assert deliver(payload).status == "processed"
    assert (Customer.objects.get().in_doubt, asked(stripe)) == (True, 0)
    assert BillingChange.objects.latest("pk").verdict == Verdict.UNDECIDABLE


def test_an_object_that_stripe_lacks_stays_marked(stripe: Served) -> None:
    for payload in two_of_a_second(stripe):
        payload["data"]["object"]["id"] = "cus_nowhere"
        assert deliver(payload).status == "processed"
    assert Customer.objects.get().in_doubt


def test_a_later_event_that_can_be_told_settles_a_doubt(stripe: Served, settings: Settings) -> None:
    settings.STRIPE_FETCH = "never"
    for payload in two_of_a_second(stripe):
        deliver(payload)
    stripe.world.advance(5)
    customers.update(stripe.world.account(), Customer.objects.get().provider_id, name="Cy")
    deliver(deliverable(stripe.world)[-1])
    customer = Customer.objects.get()
    assert (customer.name, customer.in_doubt) == ("Cy", False)


def test_objects_are_fetched_from_their_own_account(stripe: Served) -> None:
    for payload in two_of_a_second(stripe, "acct_theirs"):
        deliver(payload)
    customer = Customer.objects.get()
    assert (customer.account, customer.name, customer.in_doubt) == ("acct_theirs", "Bo", False)


def test_one_fetch_serves_all_waiting_events(stripe: Served, settings: Settings) -> None:
    settings.STRIPE_FETCH, settings.WEBHOOK_PROCESSING = "always", "loop"
    two_of_a_second(stripe)
    for payload in deliverable(stripe.world):
        deliver(payload)
    assert len(list(sweep())) == 3
    assert (Customer.objects.get().name, asked(stripe)) == ("Bo", 1)
    reasons = set(BillingChange.objects.values_list("reason", flat=True))
    assert reasons == {OrderingReason.ANSWER}


def test_a_refund_that_failed_is_asked_for_once(stripe: Served) -> None:
    home = stripe.world.account()
    intent = payments.create(home, 900)["id"]
    charge = payments.confirm(home, intent)["latest_charge"]
    refunds.fail(home, refunds.create(home, charge, 400)["id"])
    told = deliverable(stripe.world)
    assert [payload["data"]["object"]["status"] for payload in told[-3:]] == ["failed"] * 3
    for payload in told:
        deliver(payload)
    stored = Charge.objects.get()
    assert (stored.amount_refunded, stored.in_doubt, asked(stripe)) == (0, False, 1)


def test_with_always_an_old_event_fetches_the_latest_state(
    stripe: Served, settings: Settings
) -> None:
    settings.STRIPE_FETCH = "always"
    deliver(two_of_a_second(stripe)[0])
    assert Customer.objects.get().name == "Bo"


def test_a_late_response_is_not_stored(stripe: Served) -> None:
    scope = ObjectScope(provider="stripe", account="", livemode=False)
    customer = customers.create(stripe.world.account(), name="Jo")
    subject, cause = (
        Subject(scope, "customer", customer["id"]),
        Cause(scope, BillingChange.Source.REPAIR),
    )
    refresh(subject, cause)
    customers.update(stripe.world.account(), customer["id"], name="Al")
    late = refresh(subject, cause, clock=lambda: timezone.now() - timedelta(minutes=1))
    assert late
    assert (late.verdict, Customer.objects.get().name) == (Verdict.OLDER, "Jo")


@contextmanager
def own_connection() -> Iterator[None]:
    try:
        yield
    finally:
        connection.close()


@pytest.mark.postgresql
@pytest.mark.django_db(transaction=True)
def test_concurrent_workers_fetch_once(stripe: Served) -> None:
    payload = two_of_a_second(stripe)[0]
    deliver(payload)
    asking = timezone.now()
    scope = ObjectScope(provider="stripe", account="", livemode=False)
    subject = Subject(scope, "customer", payload["data"]["object"]["id"])
    cause = Cause(scope, BillingChange.Source.REPAIR)

    def ask(_: int) -> None:
        with own_connection():
            refresh(subject, cause, since=asking)

    with ThreadPoolExecutor(max_workers=8) as workers:
        list(workers.map(ask, range(24)))
    assert (Customer.objects.get().name, asked(stripe)) == ("Bo", 1)
    assert not FetchLock.objects.exists()


@pytest.mark.postgresql
@pytest.mark.django_db(transaction=True)
def test_no_row_is_locked_during_a_fetch(stripe: Served) -> None:
    first, second = two_of_a_second(stripe)
    deliver(first)
    stripe.world.faults.add(Fault("hold"))

    def deliver_apart() -> None:
        with own_connection():
            deliver(second)

    with ThreadPoolExecutor() as workers:
        delivery = workers.submit(deliver_apart)
        assert stripe.world.faults.wait_until_waiting()
        with transaction.atomic():
            assert len(Customer.objects.select_for_update(nowait=True)) == 1
            assert len(WebhookEvent.objects.select_for_update(nowait=True)) == 2
        stripe.world.faults.release()
        delivery.result()
    assert Customer.objects.get().name == "Bo"


def test_an_abandoned_fetch_lock_is_taken_over(stripe: Served) -> None:
    first, second = two_of_a_second(stripe)
    deliver(first)
    FetchLock.objects.create(
        provider="stripe",
        livemode=False,
        object_type="customer",
        provider_id=first["data"]["object"]["id"],
        token="gone",
        held_until=timezone.now() - timedelta(seconds=1),
    )
    deliver(second)
    assert (Customer.objects.get().name, asked(stripe)) == ("Bo", 1)


@pytest.mark.parametrize(
    "name",
    [
        *("../charges/ch_1", "x?expand[]=y", "x#y", "a b", "x\r\nX-Evil: y", "\u2603", "..", "."),
        *("%2e%2e", "//evil.example/x", "http://evil.example", "@evil.example", "x" * 255, " x"),
    ],
)
def test_hostile_ids_reach_no_other_path(stripe: Served, name: str) -> None:
    provider = PROVIDERS["stripe"]
    for object_id, account in ((name, ""), ("cus_1", name)):
        with suppress(ProviderApiUnavailable, ProviderApiRefused):
            assert provider.fetch("customer", object_id, account=account) is None
    for request in stripe.world.faults.requests:
        assert request.method == "GET"
        assert request.path.removeprefix("/v1/customers/") in (name, "cus_1")
