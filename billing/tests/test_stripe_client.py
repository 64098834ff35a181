"""Calls to Stripe: each thing is made once, whatever is lost, and nothing secret stays."""

import logging
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from threading import Barrier
from typing import Any

import pytest
from django.db import connection, transaction
from pytest_django import Settings

from billing.exceptions import (
    InTransaction,
    KeyInUse,
    KeyReused,
    ProviderRefused,
    ProviderUnavailable,
)
from billing.models import IdempotencyKey
from billing.stripe_calls import LEASE, LIFETIME
from billing.stripe_client import StripeClient
from billing.tests.stripe_server import SECRET, StripeServer, standing_in
from webhooks.providers.stripe_api import NotConfigured

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
API_KEY = "sk_test_good_for_tests_only"
CALLERS = 64
EMAIL = "jo@example.com"


@pytest.fixture
def stripe(settings: Settings) -> Iterator[StripeServer]:
    """A Stripe that answers, and the settings to reach it."""
    with standing_in() as server:
        settings.STRIPE_API_BASE = server.url
        settings.STRIPE_API_KEY = API_KEY
        yield server


@pytest.fixture
def client() -> StripeClient:
    return StripeClient()


def pay(client: StripeClient, *, amount: int = 1000, **options: Any) -> dict[str, Any]:
    parameters = {"amount": amount, "currency": "eur", "receipt_email": EMAIL}
    return client.create_payment_intent(parameters, **{"now": NOON, **options})


CREATE: list[tuple[str, str]] = [
    ("create_customer", "/v1/customers"),
    ("create_checkout_session", "/v1/checkout/sessions"),
    ("create_payment_intent", "/v1/payment_intents"),
    ("create_refund", "/v1/refunds"),
    ("create_subscription", "/v1/subscriptions"),
    ("create_portal_session", "/v1/billing_portal/sessions"),
]


@pytest.mark.django_db
@pytest.mark.parametrize(("method", "path"), CREATE)
def test_the_same_parameters_make_one_object(
    stripe: StripeServer, client: StripeClient, method: str, path: str
) -> None:
    create: Callable[..., dict[str, Any]] = getattr(client, method)
    first = create({"customer": "cus_1", "metadata": {"a": "1", "b": "2"}}, now=NOON)
    again = create({"metadata": {"b": "2", "a": "1"}, "customer": "cus_1"}, now=NOON)
    other = create({"customer": "cus_2"}, now=NOON)

    assert first == again
    assert first["id"] != other["id"]
    assert type(first["items"]["data"][0]) is dict
    assert [request[:2] for request in stripe.requests] == [("POST", path)] * 3
    assert stripe.keys[0] == stripe.keys[1] != stripe.keys[2]
    assert len(stripe.objects) == 2


@pytest.mark.django_db
def test_what_makes_a_call_another(
    stripe: StripeServer, client: StripeClient, settings: Settings
) -> None:
    pay(client)
    pay(client, amount=1001)
    pay(client, reference="order-1")
    pay(client, reference="order-2")
    pay(client, account="acct_1")
    client.create_refund({"amount": 1000, "currency": "eur", "receipt_email": EMAIL}, now=NOON)
    settings.STRIPE_API_KEY = API_KEY.replace("test", "live", 1)
    pay(client)
    assert len(set(stripe.keys)) == len(stripe.objects) == 7
    assert max(len(key) for key in stripe.keys) <= 255
    scopes = IdempotencyKey.objects.order_by("scope").values_list("scope", flat=True).distinct()
    assert list(scopes) == ["stripe", "stripe:acct_1"]


@pytest.mark.django_db
def test_a_reference_stands_for_one_set_of_parameters(
    stripe: StripeServer, client: StripeClient
) -> None:
    first = pay(client, reference="order-1")
    with pytest.raises(KeyReused):
        pay(client, reference="order-1", amount=2000)
    assert pay(client, reference="order-1") == first
    # Stripe stands by it even when the record is gone.
    IdempotencyKey.objects.all().delete()
    with pytest.raises(KeyReused):
        pay(client, reference="order-1", amount=2000)
    assert len(stripe.objects) == 1


@pytest.mark.django_db
def test_the_record_says_what_was_made_and_nothing_more(
    stripe: StripeServer, client: StripeClient, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    made = pay(client)
    stripe.faults = ["402", "400", "500", "401"]
    raised = []
    for number in range(4):
        with pytest.raises((ProviderRefused, ProviderUnavailable)) as caught:
            pay(client, reference=f"order-{number}")
        error = caught.value
        assert (error.__cause__, error.__context__) == (None, None)
        raised += [str(error), repr(error), repr(vars(error))]

    assert made["client_secret"] == SECRET
    row = IdempotencyKey.objects.get(state="completed")
    assert (row.response_id, row.response_status, row.locked_until) == (made["id"], 200, None)
    rows = [repr(values) for values in IdempotencyKey.objects.values()]
    for text in [caplog.text, *rows, *raised, repr(client), *stripe.keys]:
        assert not any(word in text for word in (SECRET, API_KEY, "sk_test", EMAIL))


@pytest.mark.django_db
def test_a_refusal_is_told_and_repeated(stripe: StripeServer, client: StripeClient) -> None:
    stripe.faults = ["402"]
    for _ in range(2):
        with pytest.raises(ProviderRefused) as refused:
            pay(client, reference="order-1")
        error = refused.value
        assert (error.status, error.code, error.param) == (402, "card_declined", "amount")
        assert error.decline_code == "insufficient_funds"
        assert error.message == "Declined [hidden] [hidden]"
    assert pay(client, reference="order-1, second try")["id"]
    assert len(stripe.objects) == 1


@pytest.mark.django_db
@pytest.mark.parametrize("status", ["401", "403"])
def test_a_key_that_is_not_good_enough_is_named(
    stripe: StripeServer, client: StripeClient, status: str
) -> None:
    stripe.faults = [status]
    with pytest.raises(ProviderRefused, match="STRIPE_API_KEY"):
        pay(client)


@pytest.mark.django_db
def test_an_answer_that_was_lost_is_given_again(stripe: StripeServer, client: StripeClient) -> None:
    stripe.faults = ["drop"]  # after the object was made; Stripe's client tries again by itself
    assert pay(client)["id"] == stripe.objects[0]["id"]
    assert len(stripe.objects) == 1


@pytest.mark.django_db
def test_an_answer_that_makes_no_sense_is_asked_for_again(
    stripe: StripeServer, client: StripeClient
) -> None:
    stripe.faults = ["garble"]
    with pytest.raises(ProviderUnavailable, match="indeterminate") as failed:
        pay(client)
    assert SECRET not in str(failed.value)
    assert pay(client)["id"] == stripe.objects[0]["id"]
    assert len(stripe.objects) == 1


@pytest.mark.django_db
def test_a_stripe_that_can_t_be_reached(
    stripe: StripeServer, client: StripeClient, settings: Settings
) -> None:
    settings.STRIPE_API_BASE = "http://127.0.0.1:9"
    with pytest.raises(ProviderUnavailable):
        pay(client)
    settings.STRIPE_API_BASE = stripe.url
    assert pay(client)["id"]


@pytest.mark.django_db
def test_what_stripe_failed_at_is_asked_for_under_the_same_key(
    stripe: StripeServer, client: StripeClient
) -> None:
    stripe.faults = ["500"]
    for _ in range(2):
        with pytest.raises(ProviderUnavailable, match="indeterminate") as failed:
            pay(client)
        assert failed.value.indeterminate
    assert len(set(stripe.keys)) == 1


@pytest.mark.django_db
def test_too_many_calls_are_known_to_have_done_nothing(
    stripe: StripeServer, client: StripeClient
) -> None:
    stripe.faults = ["busy"]
    with pytest.raises(ProviderUnavailable) as busy:
        pay(client)
    assert not busy.value.indeterminate
    assert pay(client)["id"]


@pytest.mark.django_db
def test_stripe_s_own_conflict_is_an_operation_under_way(
    stripe: StripeServer, client: StripeClient
) -> None:
    stripe.faults = ["409"]
    with pytest.raises(KeyInUse):
        pay(client)
    assert IdempotencyKey.objects.get().state == IdempotencyKey.State.FAILED


@pytest.mark.django_db
def test_a_call_given_up_for_lost_is_made_again_under_the_same_key(
    stripe: StripeServer, client: StripeClient
) -> None:
    made = pay(client)
    # As it is after a crash between Stripe's answer and its record; tests/test_stripe_crash.py
    # has the real one.
    IdempotencyKey.objects.update(state="started", response_id="", locked_until=NOON + LEASE)
    assert pay(client, now=NOON + LEASE) == made
    row = IdempotencyKey.objects.get()
    assert (row.state, row.response_id, row.attempts) == ("completed", made["id"], 2)


@pytest.mark.django_db
def test_a_second_object_does_not_go_unnoticed(
    stripe: StripeServer, client: StripeClient, caplog: pytest.LogCaptureFixture
) -> None:
    made = pay(client)["id"]
    IdempotencyKey.objects.update(response_id="pi_0")  # as if the key led to another account now
    assert pay(client)["id"] == made
    assert f"Stripe made {made} where pi_0 was made before" in caplog.text


@pytest.mark.django_db
def test_after_its_lifetime_a_call_is_on_record_anew(
    stripe: StripeServer, client: StripeClient
) -> None:
    pay(client)
    pay(client, now=NOON + LIFETIME - timedelta(seconds=1))
    assert IdempotencyKey.objects.get().attempts == 1
    pay(client, now=NOON + LIFETIME)
    row = IdempotencyKey.objects.get()
    assert (row.attempts, row.created_at) == (2, NOON + LIFETIME)


@pytest.mark.django_db(transaction=True)
def test_nothing_is_asked_inside_a_transaction(stripe: StripeServer, client: StripeClient) -> None:
    with transaction.atomic():
        with pytest.raises(InTransaction):
            pay(client)
        with pytest.raises(InTransaction):
            client.cancel_subscription("sub_1", {}, now=NOON)
    assert stripe.requests == []


@pytest.mark.django_db
def test_nothing_is_recorded_without_a_key_to_call_with(
    client: StripeClient, settings: Settings
) -> None:
    settings.STRIPE_API_KEY = ""
    with pytest.raises(NotConfigured):
        pay(client)
    assert not IdempotencyKey.objects.exists()


@pytest.mark.django_db
def test_a_change_is_made_once_per_reference(stripe: StripeServer, client: StripeClient) -> None:
    subscription = client.create_subscription({"customer": "cus_1"}, now=NOON)["id"]

    def change(price: str, reference: str) -> None:
        client.change_subscription(
            subscription, {"items": [{"price": price}]}, reference=reference, now=NOON
        )

    change("large", "up")
    change("small", "down")
    change("large", "up again")
    change("large", "up again")
    assert [path for _, path, _, _ in stripe.requests[1:]] == [
        f"/v1/subscriptions/{subscription}"
    ] * 4
    assert len(set(stripe.keys[1:])) == 3
    for missing in (("", "up"), (subscription, "")):
        with pytest.raises(ValueError, match="a change needs"):
            client.change_subscription(missing[0], {}, reference=missing[1], now=NOON)


@pytest.mark.django_db
def test_a_subscription_can_be_canceled_again(stripe: StripeServer, client: StripeClient) -> None:
    subscription = client.create_subscription({"customer": "cus_1"}, now=NOON)["id"]
    for _ in range(2):
        canceled = client.cancel_subscription(subscription, {"prorate": True}, now=NOON)
        assert (canceled["id"], canceled["status"]) == (subscription, "canceled")
    with pytest.raises(ProviderRefused) as missing:
        client.cancel_subscription("sub_unknown", {}, now=NOON)
    assert missing.value.code == "resource_missing"
    with pytest.raises(ValueError, match="needed"):
        client.cancel_subscription("", {}, now=NOON)


@pytest.mark.django_db
@pytest.mark.parametrize("status", [400, 402])
def test_a_cancellation_that_is_refused(
    stripe: StripeServer, client: StripeClient, status: int
) -> None:
    subscription = client.create_subscription({"customer": "cus_1"}, now=NOON)["id"]
    stripe.faults = [str(status)]
    with pytest.raises(ProviderRefused) as refused:
        client.cancel_subscription(subscription, {}, now=NOON)
    assert refused.value.status == status
    assert stripe.objects[0]["status"] == "active"


@pytest.mark.postgresql
@pytest.mark.django_db(transaction=True)
def test_many_identical_calls_at_once_make_one_object(
    stripe: StripeServer, client: StripeClient
) -> None:
    barrier = Barrier(CALLERS)

    def call(_: int) -> str:
        try:
            barrier.wait(30)
            return str(pay(client)["id"])
        finally:
            connection.close()

    with ThreadPoolExecutor(CALLERS) as callers:
        ids = set(callers.map(call, range(CALLERS)))
    assert ids == {stripe.objects[0]["id"]}
    assert len(stripe.objects) == 1
    assert len(set(stripe.keys)) == 1
    row = IdempotencyKey.objects.get()
    assert (row.state, row.attempts) == ("completed", 1)


@pytest.mark.postgresql
@pytest.mark.django_db(transaction=True)
def test_a_call_waits_for_an_identical_one(stripe: StripeServer, client: StripeClient) -> None:
    stripe.faults = ["hang"]

    def call() -> str:
        try:
            return str(pay(client)["id"])
        finally:
            connection.close()

    with ThreadPoolExecutor(2) as callers:
        first = callers.submit(call)
        assert stripe.reached.wait(30)
        second = callers.submit(call)
        with suppress(TimeoutError):
            second.result(0.3)
        assert not second.done()
        stripe.go_on.set()
        assert first.result(30) == second.result(30)
    assert len(stripe.objects) == 1
