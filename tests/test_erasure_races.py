"""A person is erased while what is known of them is being written, and nothing stays."""

from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from threading import Event as Signal
from typing import Any

import pytest
from django.db import connection, transaction
from django.utils import timezone
from pytest_django import Settings

from billing.fetching.fetch import Subject, refresh
from billing.history import Cause
from billing.models import BillingChange, Charge, Customer, PaymentIntent
from billing.privacy.erasure import erase
from tests import marked
from tests.delivering import Json, deliver
from tests.marked import mark
from webhooks.events import Event, ObjectScope
from webhooks.models import Attempt, WebhookEvent
from webhooks.processing.claims import claim_due
from webhooks.processing.process import process
from webhooks.processing.sweep import sweep
from webhooks.testing import stripe_objects as objects
from webhooks.testing.database import is_waited_for
from webhooks.testing.fake_stripe import Fault, Served, customers, deliverable, payments
from webhooks.testing.plugin import Subscribe
from webhooks.testing.stripe_events import envelope

pytestmark = [pytest.mark.postgresql, pytest.mark.django_db(transaction=True)]

SCOPE = ObjectScope(provider="stripe", account="", livemode=False)
WAIT = 10
NOW = 1_790_000_000
OWNER = {"customer": "cus_1"}


def apart(pool: ThreadPoolExecutor, work: Callable[[], Any]) -> "Future[Any]":
    """Do this on a connection of its own."""

    def on_own_connection() -> Any:
        try:
            return work()
        finally:
            connection.close()

    return pool.submit(on_own_connection)


def forget() -> Any:
    """Erase the person."""
    return erase("cus_1", SCOPE, actor="anna", reason="asked")


@pytest.fixture
def known() -> None:
    """The person, as known before."""
    deliver(mark(envelope("customer.created", objects.customer(NOW, id="cus_1"), NOW)))


@contextmanager
def held_handler(subscribe: Subscribe, *patterns: str, fails: bool = False) -> Iterator[Any]:
    """A handler that stands still with the payload in its hands, until it is let go."""
    begun, go_on = Signal(), Signal()

    def hold(event: Event) -> None:
        begun.set()
        assert go_on.wait(WAIT)
        if fails:
            raise ValueError(f"{event.payload} is too much")

    subscribe(hold, *patterns)
    try:
        yield begun, go_on
    finally:
        go_on.set()


@pytest.mark.parametrize("fails", [False, True])
@pytest.mark.parametrize(
    "told",
    [
        envelope("charge.updated", objects.charge(NOW, id="ch_1", **OWNER), NOW, id="evt_1"),
        envelope("charge.dispute.created", objects.dispute(NOW, charge="ch_0"), NOW, id="evt_2"),
    ],
    ids=["named", "by a chain"],
)
def test_an_event_in_processing_during_an_erasure_leaves_no_trace(
    known: None, subscribe: Subscribe, told: Json, fails: bool
) -> None:
    charge = objects.charge(NOW, id="ch_0", **OWNER)
    deliver(mark(envelope("charge.succeeded", charge, NOW)))
    with (
        ThreadPoolExecutor() as pool,
        held_handler(subscribe, told["type"], fails=fails) as (begun, go_on),
    ):
        delivery = apart(pool, lambda: deliver(mark(told)))
        assert begun.wait(WAIT)
        erasing = apart(pool, forget)
        # It has begun, and waits for the row.
        while not is_waited_for():
            assert not erasing.done()
        go_on.set()
        delivery.result(WAIT)
        erasing.result(WAIT)
    assert Attempt.objects.filter(event__event_id=told["id"]).count() == 1
    assert marked.traces_in_database() == []


@pytest.mark.parametrize("by_its_delivery", [False, True])
def test_an_event_that_was_taken_and_not_begun(
    known: None, settings: Settings, by_its_delivery: bool
) -> None:
    settings.WEBHOOK_PROCESSING = "loop"
    deliver(mark(envelope("charge.succeeded", objects.charge(NOW, **OWNER), NOW)))
    row = WebhookEvent.objects.latest("pk")
    event = row.as_event() if by_its_delivery else None
    [taken] = claim_due(1, now=timezone.now())
    forget()
    # With what the delivery, or the claim, had before the row was redacted.
    process(taken, now=timezone.now(), event=event)
    assert Charge.objects.get().status == "succeeded"
    assert marked.traces_in_database() == []


@pytest.mark.parametrize("by_its_delivery", [False, True])
def test_an_event_that_was_recorded_before_anybody_could_know(
    known: None, settings: Settings, by_its_delivery: bool
) -> None:
    settings.WEBHOOK_PROCESSING = "loop"
    forget()
    told = mark(envelope("charge.succeeded", objects.charge(NOW, **OWNER), NOW))
    row = deliver(told)
    # As when the statement that recorded it had begun before the erasure was committed.
    row.delete()
    row.pk, row.body, row.erased_at = None, marked.as_body(told), None
    row.save(force_insert=True)
    assert marked.traces_in_database() != []
    if by_its_delivery:
        row.refresh_from_db()
        event = row.as_event()
        [taken] = claim_due(1, now=timezone.now())
        attempts = [process(replace(taken, row=None), now=timezone.now(), event=event)]
    else:
        attempts = [*sweep()]
    assert [attempt and attempt.outcome for attempt in attempts] == ["processed"]
    assert Charge.objects.get().amount == 2900
    assert marked.traces_in_database() == []


@pytest.mark.parametrize("known_before", [True, False])
def test_a_fetch_under_way_brings_nothing_of_an_erased_customer_back(
    stripe: Served, known_before: bool
) -> None:
    home = stripe.world.account()
    customer = customers.create(home, name="Jo")["id"]
    deliver(mark(deliverable(stripe.world)[-1]))
    payment = payments.create(home, 1800, customer=customer)["id"]
    if known_before:
        deliver(mark(deliverable(stripe.world)[-1]))
    for key, subject in list(stripe.world.objects.items()):
        stripe.world.keep(key, marked.marked(subject))
    stripe.world.faults.add(Fault("hold"))
    cause = Cause(SCOPE, BillingChange.Source.REPAIR)
    with ThreadPoolExecutor() as pool:
        asking = apart(pool, lambda: refresh(Subject(SCOPE, "payment_intent", payment), cause))
        assert stripe.world.faults.wait_until_waiting()
        erase(customer, SCOPE, actor="anna", reason="asked")
        stripe.world.faults.release()
        assert asking.result(WAIT)
    assert Customer.objects.get().name == ""
    assert marked.traces_in_database() == []


def test_a_fetched_answer_being_stored_during_an_erasure_leaves_no_trace(stripe: Served) -> None:
    home = stripe.world.account()
    customer = customers.create(home, name="Jo")["id"]
    deliver(mark(deliverable(stripe.world)[-1]))
    payment = payments.create(home, 1800, customer=customer)
    stripe.world.keep(home.key("payment_intent", payment["id"]), marked.marked(payment))
    cause = Cause(SCOPE, BillingChange.Source.REPAIR)
    subject = Subject(SCOPE, "payment_intent", payment["id"])
    with ThreadPoolExecutor() as pool:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("LOCK TABLE billing_paymentintent IN EXCLUSIVE MODE")
            asking = apart(pool, partial(refresh, subject, cause))
            # It was found to be nobody's who was erased, and waits to be stored.
            while not is_waited_for():
                assert not asking.done()
            erasing = partial(erase, customer, SCOPE, actor="anna", reason="asked")
            apart(pool, erasing).result(WAIT)
        assert asking.result(WAIT)
    assert PaymentIntent.objects.get().amount == 1800
    assert marked.traces_in_database() == []


def test_deliveries_during_an_erasure_leave_no_trace(known: None) -> None:
    told = [
        mark(envelope("charge.succeeded", objects.charge(NOW, id=f"ch_{n}", **OWNER), NOW))
        for n in range(25)
    ]
    told += [
        mark(envelope("charge.dispute.created", objects.dispute(NOW, charge=f"ch_{n}"), NOW))
        for n in range(25)
    ]
    with ThreadPoolExecutor(max_workers=6) as pool:
        deliveries = [apart(pool, partial(deliver, event)) for event in told]
        deliveries[10].result(WAIT)
        forget()
        for delivery in deliveries:
            delivery.result(60)
    assert Charge.objects.count() == 25
    assert marked.traces_in_database() == []
