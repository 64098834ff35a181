"""Calls to Stripe: each thing is made once, whatever is lost, and nothing secret stays."""

import json
import logging
from collections import Counter
from collections.abc import Callable
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
from billing.stripe_client import StripeClient
from billing.stripe_client.calls import LEASE, LIFETIME
from webhooks.providers.stripe_api import RETRIES, NotConfigured
from webhooks.testing.fake_stripe import Fault, Served, customers, payments, truth

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
CALLERS = 64
EMAIL = "jo@example.com"
SECRET = "pi_1_secret_known_to_none"
DECLINED = {
    "type": "card_error",
    "code": "card_declined",
    "decline_code": "insufficient_funds",
    "message": f"Declined sk_test_0123 {SECRET}",
    "param": "amount",
    "payment_intent": {"client_secret": SECRET},
}


@pytest.fixture
def client() -> StripeClient:
    return StripeClient()


def pay(client: StripeClient, *, amount: int = 1000, **options: Any) -> dict[str, Any]:
    parameters = {"amount": amount, "currency": "eur", "receipt_email": EMAIL}
    return client.create_payment_intent(parameters, **{"now": NOON, **options})


@pytest.fixture
def customer(stripe: Served) -> str:
    """Somebody who pays."""
    return str(customers.create(stripe.world.account())["id"])


@pytest.fixture
def payment(stripe: Served) -> str:
    """What was paid."""
    account = stripe.world.account()
    made: str = payments.create(account, 1000)["id"]
    payments.confirm(account, made)
    return made


@pytest.fixture
def subscription(client: StripeClient, customer: str) -> str:
    """What is paid for again and again."""
    parameters = {"customer": customer, "items": [{"price": "price_1"}]}
    return str(client.create_subscription(parameters, now=NOON)["id"])


def ids(stripe: Served, kind: str = "payment_intent") -> list[str]:
    """The objects of this kind, of any account and mode."""
    return [own_id for _, _, of_kind, own_id in truth(stripe.world) if of_kind == kind]


def keys(stripe: Served) -> list[str | None]:
    """The idempotency keys that came, in their order."""
    return [request.idempotency_key for request in stripe.world.faults.requests]


def backwards(value: Any) -> Any:
    """The same parameters, named in another order."""
    if isinstance(value, dict):
        return {name: backwards(value[name]) for name in reversed(value)}
    return [backwards(each) for each in value] if isinstance(value, list) else value


TAGS = {"metadata": {"a": "1", "b": "2"}}
LINES = [{"price": "price_1", "quantity": 2}]
CREATE: list[tuple[str, str, dict[str, Any], dict[str, Any]]] = [
    ("create_customer", "/v1/customers", {"name": "Jo", **TAGS}, {"name": "Al"}),
    (
        "create_checkout_session",
        "/v1/checkout/sessions",
        {"mode": "payment", "line_items": LINES, **TAGS},
        {"client_reference_id": "8"},
    ),
    (
        "create_payment_intent",
        "/v1/payment_intents",
        {"amount": 1000, "currency": "eur", **TAGS},
        {"amount": 1001},
    ),
    ("create_refund", "/v1/refunds", {"payment_intent": "the payment", "amount": 9}, {"amount": 8}),
    (
        "create_subscription",
        "/v1/subscriptions",
        {"customer": "the customer", "items": LINES, **TAGS},
        {"description": "another"},
    ),
    (
        "create_portal_session",
        "/v1/billing_portal/sessions",
        {"customer": "the customer", "flow_data": {"type": "payment_method_update"}},
        {"locale": "de"},
    ),
]


@pytest.mark.django_db
@pytest.mark.parametrize(("method", "path", "wanted", "change"), CREATE)
def test_the_same_parameters_make_one_object(
    stripe: Served,
    client: StripeClient,
    customer: str,
    payment: str,
    method: str,
    path: str,
    wanted: dict[str, Any],
    change: dict[str, Any],
) -> None:
    create: Callable[..., dict[str, Any]] = getattr(client, method)
    there = {"the customer": customer, "the payment": payment}
    parameters = {
        name: there.get(value, value) if isinstance(value, str) else value
        for name, value in wanted.items()
    }
    before = set(truth(stripe.world))
    first = create(parameters, now=NOON)
    again = create(backwards(parameters), now=NOON)
    other = create(parameters | change, now=NOON)

    assert first == again
    assert json.loads(json.dumps(first)) == first
    made = [key[3] for key in set(truth(stripe.world)) - before if key[2] == first["object"]]
    assert sorted(made) == sorted([first["id"], other["id"]])
    requests = stripe.world.faults.requests
    assert [(request.method, request.path) for request in requests] == [("POST", path)] * 3
    assert keys(stripe)[0] == keys(stripe)[1] != keys(stripe)[2]
    assert requests[0].body == requests[1].body


@pytest.mark.django_db
def test_parameters_reference_account_and_mode_make_calls_different(
    stripe: Served, client: StripeClient, settings: Settings
) -> None:
    pay(client)
    pay(client, amount=1001)
    pay(client, reference="order-1")
    pay(client, reference="order-2")
    pay(client, account="acct_1")
    with pytest.raises(ProviderRefused, match="unknown parameter"):
        client.create_refund({"amount": 1000, "currency": "eur", "receipt_email": EMAIL}, now=NOON)
    settings.STRIPE_API_KEY = "sk_live_known_to_all"
    pay(client)
    whose = Counter(key[:2] for key in truth(stripe.world) if key[2] == "payment_intent")
    assert whose == {("", False): 4, ("acct_1", False): 1, ("", True): 1}
    assert len(set(keys(stripe))) == 7
    assert max(len(key or "") for key in keys(stripe)) <= 255
    scopes = IdempotencyKey.objects.order_by("scope").values_list("scope", flat=True).distinct()
    assert list(scopes) == ["stripe", "stripe:acct_1"]


@pytest.mark.django_db
def test_a_reference_stands_for_one_set_of_parameters(stripe: Served, client: StripeClient) -> None:
    first = pay(client, reference="order-1")
    with pytest.raises(KeyReused):
        pay(client, reference="order-1", amount=2000)
    assert pay(client, reference="order-1") == first
    # Stripe stands by it even when the record is gone.
    IdempotencyKey.objects.all().delete()
    with pytest.raises(KeyReused):
        pay(client, reference="order-1", amount=2000)
    assert len(ids(stripe)) == 1


@pytest.mark.django_db
def test_the_record_says_what_was_made_and_nothing_more(
    stripe: Served, client: StripeClient, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    made = pay(client)
    raised = []
    for number, status in enumerate((402, 400, 500, 401)):
        stripe.world.faults.add(Fault("refuse", status=status, error=DECLINED))
        with pytest.raises((ProviderRefused, ProviderUnavailable)) as caught:
            pay(client, reference=f"order-{number}")
        error = caught.value
        assert (error.__cause__, error.__context__) == (None, None)
        raised += [str(error), repr(error), repr(vars(error))]

    assert "_secret_" in made["client_secret"]
    row = IdempotencyKey.objects.get(state="completed")
    assert (row.response_id, row.response_status, row.locked_until) == (made["id"], 200, None)
    rows = [repr(values) for values in IdempotencyKey.objects.values()]
    for text in [caplog.text, *rows, *raised, repr(client), *map(str, keys(stripe))]:
        secrets = (SECRET, made["client_secret"], "sk_test", EMAIL)
        assert not any(word in text for word in secrets)


@pytest.mark.django_db
def test_a_refusal_is_stored_and_repeated(stripe: Served, client: StripeClient) -> None:
    stripe.world.faults.add(Fault("refuse", status=402, error=DECLINED))
    for _ in range(2):
        with pytest.raises(ProviderRefused) as refused:
            pay(client, reference="order-1")
        error = refused.value
        assert (error.status, error.code, error.param) == (402, "card_declined", "amount")
        assert error.decline_code == "insufficient_funds"
        assert error.message == "Declined [hidden] [hidden]"
    assert pay(client, reference="order-1, second try")["id"]
    assert len(ids(stripe)) == 1


@pytest.mark.django_db
@pytest.mark.parametrize("status", [401, 403])
def test_a_refused_api_key_is_named(stripe: Served, client: StripeClient, status: int) -> None:
    stripe.world.faults.add(Fault("error_before", status=status))
    with pytest.raises(ProviderRefused, match="STRIPE_API_KEY"):
        pay(client)


@pytest.mark.django_db
def test_a_lost_response_is_given_again(stripe: Served, client: StripeClient) -> None:
    stripe.world.faults.add(Fault("drop_after"))  # and Stripe's client tries again by itself
    assert pay(client)["id"] == ids(stripe)[0]
    assert len(ids(stripe)) == 1


@pytest.mark.django_db
def test_a_garbled_response_is_asked_for_again(stripe: Served, client: StripeClient) -> None:
    stripe.world.faults.add(Fault("garble_after"))
    with pytest.raises(ProviderUnavailable, match="indeterminate") as failed:
        pay(client)
    assert "_secret_" not in str(failed.value)
    assert pay(client)["id"] == ids(stripe)[0]
    assert len(ids(stripe)) == 1


@pytest.mark.django_db
def test_an_unreachable_stripe_is_reported(
    stripe: Served, client: StripeClient, settings: Settings
) -> None:
    settings.STRIPE_API_BASE = "http://127.0.0.1:9"
    with pytest.raises(ProviderUnavailable):
        pay(client)
    settings.STRIPE_API_BASE = stripe.url
    assert pay(client)["id"]


@pytest.mark.django_db
def test_a_call_that_failed_at_stripe_is_repeated_under_the_same_key(
    stripe: Served, client: StripeClient
) -> None:
    stripe.world.faults.add(Fault("error_after"))
    for _ in range(2):
        with pytest.raises(ProviderUnavailable, match="indeterminate") as failed:
            pay(client)
        assert failed.value.indeterminate
    assert len(set(keys(stripe))) == 1


@pytest.mark.django_db
def test_a_rate_limited_call_is_known_to_have_done_nothing(
    stripe: Served, client: StripeClient
) -> None:
    stripe.world.faults.add(Fault("rate_limit"))
    with pytest.raises(ProviderUnavailable) as busy:
        pay(client)
    assert not busy.value.indeterminate
    assert pay(client)["id"]


@pytest.mark.django_db
def test_a_conflict_at_stripe_means_the_operation_is_under_way(
    stripe: Served, client: StripeClient
) -> None:
    stripe.world.faults.add(Fault("key_in_use", times=RETRIES + 1))
    with pytest.raises(KeyInUse):
        pay(client)
    assert IdempotencyKey.objects.get().state == IdempotencyKey.State.FAILED


@pytest.mark.django_db
def test_a_lost_call_is_repeated_under_the_same_key(stripe: Served, client: StripeClient) -> None:
    made = pay(client)
    # As it is after a crash between Stripe's answer and its record: the real one is in
    # tests/test_killed_stripe_calls.py.
    IdempotencyKey.objects.update(state="started", response_id="", locked_until=NOON + LEASE)
    assert pay(client, now=NOON + LEASE) == made
    row = IdempotencyKey.objects.get()
    assert (row.state, row.response_id, row.attempts) == ("completed", made["id"], 2)


@pytest.mark.django_db
def test_a_second_object_does_not_go_unnoticed(
    stripe: Served, client: StripeClient, caplog: pytest.LogCaptureFixture
) -> None:
    made = pay(client)["id"]
    IdempotencyKey.objects.update(response_id="pi_0")  # as if the key led to another account now
    assert pay(client)["id"] == made
    assert f"Stripe made {made} where pi_0 was made before" in caplog.text


@pytest.mark.django_db
def test_after_its_lifetime_a_call_is_on_record_anew(stripe: Served, client: StripeClient) -> None:
    pay(client)
    pay(client, now=NOON + LIFETIME - timedelta(seconds=1))
    assert IdempotencyKey.objects.get().attempts == 1
    pay(client, now=NOON + LIFETIME)
    row = IdempotencyKey.objects.get()
    assert (row.attempts, row.created_at) == (2, NOON + LIFETIME)


@pytest.mark.django_db(transaction=True)
def test_nothing_is_asked_inside_a_transaction(stripe: Served, client: StripeClient) -> None:
    with transaction.atomic():
        with pytest.raises(InTransaction):
            pay(client)
        with pytest.raises(InTransaction):
            client.cancel_subscription("sub_1", {}, now=NOON)
    assert stripe.world.faults.requests == []


@pytest.mark.django_db
def test_nothing_is_recorded_without_a_key_to_call_with(
    client: StripeClient, settings: Settings
) -> None:
    settings.STRIPE_API_KEY = ""
    with pytest.raises(NotConfigured):
        pay(client)
    assert not IdempotencyKey.objects.exists()


@pytest.mark.django_db
def test_a_change_is_made_once_per_reference(
    stripe: Served, client: StripeClient, subscription: str
) -> None:
    def change(price: str, reference: str) -> None:
        client.change_subscription(
            subscription, {"items": [{"price": price}]}, reference=reference, now=NOON
        )

    change("large", "up")
    change("small", "down")
    change("large", "up again")
    change("large", "up again")
    paths = [request.path for request in stripe.world.faults.requests[1:]]
    assert paths == [f"/v1/subscriptions/{subscription}"] * 4
    assert len(set(keys(stripe)[1:])) == 3
    for missing in (("", "up"), (subscription, "")):
        with pytest.raises(ValueError, match="a change needs"):
            client.change_subscription(missing[0], {}, reference=missing[1], now=NOON)


@pytest.mark.django_db
def test_a_subscription_can_be_canceled_again(client: StripeClient, subscription: str) -> None:
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
def test_a_refused_cancellation_is_reported(
    stripe: Served, client: StripeClient, subscription: str, status: int
) -> None:
    stripe.world.faults.add(Fault("refuse", "DELETE", status=status))
    with pytest.raises(ProviderRefused) as refused:
        client.cancel_subscription(subscription, {}, now=NOON)
    assert refused.value.status == status
    account = stripe.world.account()
    assert account.get("subscription", subscription)["status"] == "active"


@pytest.mark.postgresql
@pytest.mark.django_db(transaction=True)
def test_many_identical_calls_at_once_make_one_object(stripe: Served, client: StripeClient) -> None:
    barrier = Barrier(CALLERS)

    def call(_: int) -> str:
        try:
            barrier.wait(30)
            return str(pay(client)["id"])
        finally:
            connection.close()

    with ThreadPoolExecutor(CALLERS) as callers:
        made = set(callers.map(call, range(CALLERS)))
    assert made == set(ids(stripe))
    assert len(ids(stripe)) == 1
    assert len(set(keys(stripe))) == 1
    row = IdempotencyKey.objects.get()
    assert (row.state, row.attempts) == ("completed", 1)


@pytest.mark.postgresql
@pytest.mark.django_db(transaction=True)
def test_a_call_waits_for_an_identical_one(stripe: Served, client: StripeClient) -> None:
    faults = stripe.world.faults
    faults.add(Fault("timeout_after"))

    def call() -> str:
        try:
            return str(pay(client)["id"])
        finally:
            connection.close()

    with ThreadPoolExecutor(2) as callers:
        first = callers.submit(call)
        assert faults.wait_until_waiting(seconds=30)
        second = callers.submit(call)
        with suppress(TimeoutError):
            second.result(0.3)
        assert not second.done()
        faults.release()
        assert first.result(30) == second.result(30)
    assert len(ids(stripe)) == 1
