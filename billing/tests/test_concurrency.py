"""Many events at once about the same objects."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import pytest
from django.db import IntegrityError, connection, transaction

from billing.models import BillingChange, Charge, Refund
from billing.tests import builders as build
from billing.tests.builders import NOON, event, send
from webhooks.events import Event

EVENTS = 40
REFUNDS = 4


@contextmanager
def own_connection() -> Iterator[None]:
    try:
        yield
    finally:
        connection.close()


def told(number: int) -> Event:
    """A charge and its refunds, in a different order each time."""
    refunds = [build.refund(id=f"re_{(number + n) % REFUNDS}") for n in range(REFUNDS)]
    return event(
        "charge.refunded",
        build.charge(amount_refunded=number, refunds={"data": refunds}),
        id=f"evt_{number}",
        created=NOON + number % 3,
    )


def deliver(number: int) -> None:
    with own_connection():
        try:
            with transaction.atomic():
                send(told(number))
        except IntegrityError:
            # Whoever loses the race to tell of an object first is run again, as handlers are.
            with transaction.atomic():
                send(told(number))


def deliver_of_its_own_charge(number: int) -> None:
    refunds = [build.refund(id=f"re_{(number + n) % REFUNDS}") for n in range(REFUNDS)]
    charge = build.charge(id=f"ch_{number}", refunds={"data": refunds})
    with own_connection(), transaction.atomic():
        send(event("charge.refunded", charge, id=f"evt_{number}"))


@pytest.mark.postgresql
@pytest.mark.django_db(transaction=True)
def test_events_that_name_the_same_objects_in_other_orders_never_wait_in_a_circle() -> None:
    deliver_of_its_own_charge(EVENTS)
    with ThreadPoolExecutor(max_workers=8) as workers:
        list(workers.map(deliver_of_its_own_charge, range(EVENTS)))
    assert Charge.objects.count() == EVENTS + 1
    assert Refund.objects.count() == REFUNDS


@pytest.mark.postgresql
@pytest.mark.django_db(transaction=True)
def test_events_about_the_same_objects_wait_for_each_other() -> None:
    with ThreadPoolExecutor(max_workers=8) as workers:
        list(workers.map(deliver, range(EVENTS)))
    assert Charge.objects.count() == 1
    assert Refund.objects.count() == REFUNDS
    assert BillingChange.objects.count() == EVENTS * (1 + REFUNDS)
