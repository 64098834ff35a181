"""Every call to a provider is told: one line of the log for each, and nothing secret in any."""

import logging
from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from billing.exceptions import ProviderRefused, ProviderUnavailable
from billing.stripe_client import StripeClient
from tests.log import lines
from webhooks.exceptions import ProviderApiRefused, ProviderApiUnavailable
from webhooks.providers import PROVIDERS
from webhooks.testing.fake_stripe import Fault, Served, customers
from webhooks.testing.plugin import API_KEY

pytestmark = pytest.mark.django_db(transaction=True)


def called(operation: str, object_id: str, outcome: str, status: int) -> dict[str, Any]:
    known = {"object_id": object_id} if object_id else {}
    return {"operation": operation, **known, "outcome": outcome, "status": str(status)}


def fetch(object_id: str) -> Any:
    return PROVIDERS["stripe"].fetch("customer", object_id, account="")


def list_events() -> Any:
    since = timezone.now() - timedelta(days=1)
    return [*PROVIDERS["stripe"].list_events(account="", since=since, undelivered_only=False)]


def pay() -> Any:
    return StripeClient().create_payment_intent(
        {"amount": 1, "currency": "eur", "receipt_email": "jo@example.com"}, now=timezone.now()
    )


@pytest.fixture(autouse=True)
def info(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)


@pytest.fixture
def customer(stripe: Served) -> str:
    return str(customers.create(stripe.world.account(), name="Jo Marked")["id"])


def test_each_call_is_a_line(
    stripe: Served, customer: str, caplog: pytest.LogCaptureFixture
) -> None:
    fetch(customer)
    assert fetch("cus_none") is None
    assert fetch("jo@example.com") is None
    listed = list_events()
    paid = pay()
    with suppress(ProviderRefused):
        StripeClient().cancel_subscription("sub_none", {}, now=timezone.now())

    assert [fields for _, fields in lines(caplog, "provider_call")] == [
        {"provider": "stripe", **fields}
        for fields in [
            called("retrieve_customer", customer, "ok", 200),
            called("retrieve_customer", "cus_none", "not_found", 404),
            # What is no provider's id may be anything, and is nobody's to read.
            called("retrieve_customer", "", "not_found", 404),
            called("list_events", "", "ok", 200),
            called("create_payment_intent", paid["id"], "ok", 200),
            called("cancel_subscription", "sub_none", "not_found", 404),
            called("retrieve_subscription", "sub_none", "not_found", 404),
        ]
    ]
    assert listed
    assert len(lines(caplog, "provider_call")) == len(stripe.world.faults.requests)
    for secret in (API_KEY, paid["client_secret"], "jo@example.com", "Jo Marked"):
        assert secret not in caplog.text


@pytest.mark.parametrize(
    ("fault", "outcome", "status"),
    [
        (Fault("error_before", times=9), "failed", "500"),
        (Fault("rate_limit", times=9), "rate_limited", "429"),
        (Fault("refuse", status=402, error={"type": "card_error"}), "refused", "402"),
        (Fault("refuse", status=401), "refused", "401"),
        (Fault("timeout_before", times=9, seconds=0), "no_answer", None),
    ],
    ids=lambda value: value.kind if isinstance(value, Fault) else None,
)
@pytest.mark.parametrize("call", [lambda: fetch("cus_1"), list_events, pay])
def test_a_failure_warns_with_its_outcome(
    stripe: Served,
    caplog: pytest.LogCaptureFixture,
    call: Callable[[], Any],
    fault: Fault,
    outcome: str,
    status: str | None,
) -> None:
    stripe.world.faults.add(fault)
    failures = (ProviderApiUnavailable, ProviderApiRefused, ProviderUnavailable, ProviderRefused)
    with pytest.raises(failures):
        call()

    # One line, however often Stripe's client tried.
    [(level, fields)] = lines(caplog, "provider_call")
    assert level == logging.WARNING
    assert (fields["outcome"], fields.get("status")) == (outcome, status)
