"""After somebody was erased, every request that was made before is still made once."""

import json
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from io import StringIO
from threading import Barrier
from typing import Any

import pytest
from django.core.management import call_command
from django.db import connection
from django.utils import timezone
from pytest_django import Settings
from rest_framework.test import APIClient

from billing.models import IdempotencyKey
from webhooks.models import AuditReason, ErasureRequest, Replay, Scope, Trigger, WebhookEvent
from webhooks.privacy.unmasking import unmask
from webhooks.processing.replay import replay, request_replay
from webhooks.testing import deliver
from webhooks.testing import stripe_objects as objects
from webhooks.testing.api_client import caller, problem
from webhooks.testing.fake_stripe import Fault, Served, World, payments, truth
from webhooks.testing.stripe_events import envelope

# What is asked of Stripe is asked outside transactions only.
pytestmark = pytest.mark.django_db(transaction=True)

NOW = 1_790_000_000
EMAIL = "jane@example.com"


def heard_of(customer_id: str, name: str, email: str = EMAIL, **changes: object) -> None:
    customer = objects.customer(NOW, id=customer_id, name=name, email=email)
    deliver(envelope("customer.created", customer | changes, NOW))


def erase(customer_id: str, *arguments: str) -> str:
    out = StringIO()
    call_command("erase_customer", customer_id, "--reason=ticket 7", *arguments, stdout=out)
    return out.getvalue()


@pytest.fixture
def till() -> APIClient:
    return caller("add_refund", "add_paymentintent", scopes=[Scope.BILLING_WRITE])


@pytest.fixture
def paid(stripe: Served) -> str:
    """A payment of Jane's."""
    account = stripe.world.account()
    payment: str = payments.create(account, 1800, customer="cus_jane")["id"]
    payments.confirm(account, payment)
    return payment


def refund(client: APIClient, payment: str, key: str, amount: int = 500) -> Any:
    body = {"payment_intent": payment, "amount": amount}
    return client.post("/api/v1/refunds", body, headers={"Idempotency-Key": key})


def refunds(world: World) -> int:
    return len([kind for _, _, kind, _ in truth(world) if kind == "refund"])


@pytest.mark.parametrize(
    ("name", "key"),
    [("order-", "order-17"), ("Orders", "orders/17"), ("ref 17", "ref-17"), ("Jo", "none")],
)
def test_erasing_somebody_leaves_another_s_refund_done_once(
    till: APIClient, stripe: Served, paid: str, name: str, key: str
) -> None:
    heard_of("cus_jane", "Jane Doe")
    heard_of("cus_ada", name, "ada@example.com", tax_exempt="none")
    details = {"tax_exempt": "none", "name": name}
    charge = objects.charge(NOW, id="ch_ada", customer="cus_ada") | {"billing_details": details}
    deliver(envelope("charge.succeeded", charge, NOW))
    first = refund(till, paid, key)
    erase("cus_ada")

    again = refund(till, paid, key)
    assert (again.status_code, again.json()) == (201, first.json())
    assert again.headers["Idempotency-Replayed"] == "true"
    assert problem(refund(till, paid, key, 700)) == (422, "idempotency_key_reused")
    assert refunds(stripe.world) == 1


KEYS = ("refund-of-jane@example.com", "jane%40example.com/1", "JANE_DOE-7", "her-third")


@pytest.mark.parametrize("key", KEYS)
def test_a_key_made_of_an_erased_person_s_name_is_hashed_and_blocks(
    till: APIClient, stripe: Served, paid: str, settings: Settings, key: str
) -> None:
    heard_of("cus_jane", "Jane Doe")
    payment = objects.payment_intent(NOW, id=paid, customer="cus_jane")
    deliver(envelope("payment_intent.succeeded", payment, NOW))
    first = refund(till, paid, key)
    erase("cus_jane")
    assert not IdempotencyKey.objects.filter(key=key).exists()

    for _ in range(2):
        again = refund(till, paid, key)
        assert (again.status_code, again.json()["id"]) == (201, first.json()["id"])
        assert again.headers["Idempotency-Replayed"] == "true"
        assert problem(refund(till, paid, key, 700)) == (422, "idempotency_key_reused")
        # A key that was hashed blocks for as long as the former secret is known.
        if settings.SECRET_KEY != "another":
            settings.SECRET_KEY_FALLBACKS = [settings.SECRET_KEY]
            settings.SECRET_KEY = "another"
    assert refunds(stripe.world) == 1
    assert erase("cus_jane") == "nothing is left to erase\n"


@pytest.mark.parametrize("how", ["error_before", "error_after", "killed"])
def test_the_key_of_a_request_that_never_ended_goes_and_a_retry_is_safe(
    till: APIClient, stripe: Served, paid: str, how: Any
) -> None:
    heard_of("cus_jane", "Jane Doe")
    key = "refund-jane-doe"
    if how == "killed":
        refund(till, paid, key)
        rows = IdempotencyKey.objects.filter(key=key)
        rows.update(
            state=IdempotencyKey.State.STARTED, locked_until=timezone.now(), response_body=""
        )
    else:
        stripe.world.faults.add(Fault(how, path="/v1/refunds", times=9))
        assert refund(till, paid, key).status_code == 503
        stripe.world.faults.clear()
    made = refunds(stripe.world)
    erase("cus_jane")
    assert not IdempotencyKey.objects.filter(key=key).exists()

    # What Stripe has failed at once, it fails at again for the same key.
    again = refund(till, paid, key)
    assert again.status_code == (503 if how == "error_after" else 201)
    assert refunds(stripe.world) == max(made, 1) == 1
    assert problem(refund(till, paid, key, 700)) == (422, "idempotency_key_reused")


def test_a_request_in_flight_is_left_to_its_end_and_come_back_for(
    till: APIClient, stripe: Served, paid: str
) -> None:
    heard_of("cus_jane", "Jane Doe")
    refund(till, paid, "jane-doe")
    row = IdempotencyKey.objects.get(key="jane-doe")
    later = timezone.now() + timedelta(minutes=1)
    rows = IdempotencyKey.objects.filter(pk=row.pk)
    rows.update(state=IdempotencyKey.State.STARTED, locked_until=later)
    erase("cus_jane")
    assert rows.get().key == "jane-doe"
    assert ErasureRequest.objects.get().finished_at is None

    rows.update(locked_until=timezone.now())
    call_command("erase_customer", "--unfinished", stdout=StringIO())
    assert rows.get().key != "jane-doe"
    assert ErasureRequest.objects.get().finished_at is not None


def test_another_s_answer_keeps_its_words(till: APIClient, stripe: Served) -> None:
    heard_of("cus_jane", "Succeeded", tax_exempt="none")
    body = {"amount": 1800, "currency": "eur", "description": "None"}
    headers = {"Idempotency-Key": "k-1"}
    first = till.post("/api/v1/payment-intents", body, headers=headers)
    erase("cus_jane")
    again = till.post("/api/v1/payment-intents", body, headers=headers)
    assert again.json() == first.json()


def test_another_s_reasons_lose_whole_names_and_addresses_alone() -> None:
    heard_of("cus_jane", "Jane Doe", shipping={"name": "none", "tax_exempt": "none"})
    heard_of("cus_bob", "Bob", "bob@example.com")
    event = WebhookEvent.objects.get(customer_id="cus_bob")
    kept = "none of Jane Doering's at xjane@example.com succeeded"
    lost = "as JANE DOE (jane%40example.com) told Bob"
    for reason in (kept, lost):
        order = request_replay(
            trigger=Trigger.STAFF, actor="anna", reason=reason, now=timezone.now(), force=True
        )
        replay(WebhookEvent.objects.filter(pk=event.pk), order)
        unmask(event, actor="anna", reason=reason, now=timezone.now())
    erase("cus_jane")
    left = "as (erased) ((erased)) told Bob"
    assert set(Replay.objects.values_list("reason", flat=True)) == {kept, left}
    assert {kept, left} <= set(AuditReason.objects.values_list("text", flat=True))


def test_a_dry_run_leaves_every_key(till: APIClient, paid: str) -> None:
    heard_of("cus_jane", "Jane Doe")
    refund(till, paid, "jane-doe")
    before = json.dumps(list(IdempotencyKey.objects.values()), default=str)
    erase("cus_jane", "--dry-run")
    assert json.dumps(list(IdempotencyKey.objects.values()), default=str) == before


@pytest.mark.postgresql
@pytest.mark.parametrize("state", [IdempotencyKey.State.FAILED, IdempotencyKey.State.STARTED])
def test_a_key_that_is_hashed_while_its_request_comes_again_is_worked_at_once(
    till: APIClient, stripe: Served, paid: str, state: str
) -> None:
    heard_of("cus_jane", "Jane Doe")
    refund(till, paid, "jane-doe")
    # A try that was cut short before Stripe was asked.
    IdempotencyKey.objects.filter(scope="stripe").delete()
    lost = {"state": state, "locked_until": None, "response_body": "", "response_status": None}
    IdempotencyKey.objects.update(**lost)
    barrier = Barrier(9)

    def again(number: int) -> str:
        barrier.wait(30)
        try:
            if number == 0:
                return erase("cus_jane")
            return str(refund(till, paid, "jane-doe").status_code)
        finally:
            connection.close()

    with ThreadPoolExecutor(9) as callers:
        said = list(callers.map(again, range(9)))
    assert set(said[1:]) <= {"201", "409"}
    assert refund(till, paid, "jane-doe").status_code == 201
    assert refunds(stripe.world) == 1
    assert IdempotencyKey.objects.exclude(scope="stripe").count() == 1
