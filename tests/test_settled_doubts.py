"""Stripe is asked for what is in doubt: for lists to their end, and never for ever."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone
from pytest_django import Settings

from billing import tasks
from billing.entitlements import entitlement
from billing.fetching import rate_limit
from billing.fetching.doubts import to_settle
from billing.fetching.drift import compare_all
from billing.models import BillingChange, Charge, Customer, Invoice, Refund, Subscription
from tests.delivering import deliver
from webhooks.providers import stripe_lists
from webhooks.testing import sample
from webhooks.testing.fake_stripe import (
    OLD,
    Account,
    Fault,
    Served,
    catalog,
    customers,
    deliverable,
    disputes,
    invoices,
    payments,
    refunds,
    subscriptions,
)
from webhooks.testing.fake_stripe.invoice_objects import invoice_payment

pytestmark = pytest.mark.django_db

DAY = timedelta(days=1)


def asked(stripe: Served, part: str = "") -> list[str]:
    """The paths of the requests that came in."""
    return [one.path for one in stripe.world.faults.requests if part in one.path]


def subscribed(account: Account, count: int) -> dict[str, Any]:
    """A subscription of so many items, each of another product."""
    customer = customers.create(account)
    prices = [(f"price_{n}", 1) for n in range(count)]
    for price, _ in prices:
        catalog.price(account, price)
    return subscriptions.create(account, customer["id"], prices)


@pytest.mark.parametrize(
    ("count", "account"), [(10, ""), (12, "acct_theirs"), (100, ""), (130, "")]
)
def test_items_are_fetched_to_their_end(stripe: Served, count: int, account: str) -> None:
    told = subscribed(stripe.world.account(account), count)
    for payload in deliverable(stripe.world):
        assert deliver(payload).status == "processed"
    row = Subscription.objects.get(provider_id=told["id"])
    ours = [item["id"] for item in row.items]
    assert ours == [item["id"] for item in told["items"]["data"]]
    assert (row.in_doubt, row.abridged) == (False, False)
    last = told["items"]["data"][-1]["price"]["product"]
    found = entitlement(Customer.objects.get(), last, now=timezone.now())
    assert (found.allowed, found.in_doubt) == (True, False)
    if count == 10:
        assert asked(stripe) == []
    else:
        # One page for each hundred, and no more for the other events of the same second.
        pages = -(-(count - 10) // 100)
        assert len(asked(stripe, "subscription_items")) == pages * len(asked(stripe, told["id"]))


def test_items_are_waited_for_when_a_page_does_not_come(stripe: Served) -> None:
    subscribed(stripe.world.account(), 12)
    [payload] = [
        one for one in deliverable(stripe.world) if one["type"] == "customer.subscription.created"
    ]
    stripe.world.faults.add(Fault("error_before", path="/v1/subscription_items"))
    assert deliver(payload).status == "pending"
    assert not Subscription.objects.exists()


def test_each_page_counts_as_a_call(
    stripe: Served, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.STRIPE_FETCH_PER_SECOND = 1
    monkeypatch.setattr(rate_limit, "PATIENCE_SECONDS", 0)
    subscribed(stripe.world.account("acct_limited"), 12)
    payload = next(one for one in deliverable(stripe.world) if "subscription.c" in one["type"])
    waiting = deliver(payload)
    assert waiting.status == "pending"
    assert "More than 1 calls a second are wanted" in waiting.last_error
    assert asked(stripe, "subscription_items") == []


def test_a_list_without_end_is_asked_for_once(
    stripe: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    # As if Stripe let a subscription have more than can be stored.
    monkeypatch.setattr(stripe_lists, "MOST", 20)
    told = subscribed(stripe.world.account(), 30)
    payload = next(one for one in deliverable(stripe.world) if "subscription.c" in one["type"])
    assert deliver(payload).status == "processed"
    row = Subscription.objects.get()
    assert (len(row.items), row.in_doubt, row.abridged) == (20, True, True)
    assert len(asked(stripe, told["id"])) == 1
    # Nor by beat, until the doubt is twice as old.
    tasks.settle_doubts()
    assert len(asked(stripe, told["id"])) == 1


def refunded(account: Account, count: int) -> dict[str, Any]:
    """The last event, in the old shape, of a charge with so many refunds."""
    intent = payments.confirm(account, payments.create(account, 9000)["id"])
    for _ in range(count):
        refunds.create(account, intent["latest_charge"], 10)
    return [
        one
        for one in deliverable(account.world, api_version=OLD)
        if one["type"] == "charge.refunded"
    ][-1]


@pytest.mark.parametrize("count", [10, 11, 130])
def test_refunds_are_fetched_to_their_end(stripe: Served, count: int) -> None:
    assert deliver(refunded(stripe.world.account(), count)).status == "processed"
    row = Charge.objects.get()
    assert (row.in_doubt, row.amount_refunded) == (False, 10 * count)
    assert Refund.objects.filter(charge_id=row.provider_id, in_doubt=False).count() == count
    pages = -(-(count - 10) // 100)
    assert len(asked(stripe)) == (1 + pages if pages else 0)


def test_refunds_that_go_on_leave_a_charge_in_doubt(stripe: Served, settings: Settings) -> None:
    told = refunded(stripe.world.account(), 12)
    settings.STRIPE_FETCH = "never"
    deliver(told)
    row = Charge.objects.get()
    assert (row.in_doubt, Refund.objects.count()) == (True, 10)
    assert "goes on" in row.doubt
    assert BillingChange.objects.get(object_type="charge").reason == "abridged"
    # An event of a shape that has no refunds in it tells no more of them.
    later = {**told, "id": "evt_later", "type": "charge.updated", "created": told["created"] + 99}
    later["data"] = {"object": {**told["data"]["object"], "metadata": {"a": "b"}}}
    del later["data"]["object"]["refunds"]
    deliver(later)
    row = Charge.objects.get()
    assert (row.in_doubt, row.metadata) == (True, {"a": "b"})
    [found] = compare_all(to_settle(now=timezone.now()), repair=True)
    assert found.mended
    assert (Charge.objects.get().in_doubt, Refund.objects.count()) == (False, 12)


def test_refunds_without_end_leave_a_charge_in_doubt(
    stripe: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stripe_lists, "MOST", 20)
    deliver(refunded(stripe.world.account(), 30))
    row = Charge.objects.get()
    assert (row.in_doubt, Refund.objects.count(), len(asked(stripe))) == (True, 20, 2)


@pytest.mark.parametrize("is_asked", [True, False])
def test_the_payment_that_counts_is_found_beyond_the_first_page(
    stripe: Served, settings: Settings, is_asked: bool
) -> None:
    account = stripe.world.account()
    bill = invoices.create(account, customers.create(account)["id"], 900)
    bill = invoices.finalize(account, bill["id"])
    # The newest come first, so the one that pays is on page two.
    for number in range(11):
        link = invoice_payment(account, bill, f"pi_other_{number}")
        account.create(link | {"is_default": False})
    bill = invoices.pay(account, bill["id"])
    links = [*account.all("invoice_payment", invoice=bill["id"])][::-1]
    payload = next(one for one in deliverable(stripe.world) if one["type"] == "invoice.paid")
    carried = {"object": "list", "data": links[:10], "has_more": True}
    payload["data"]["object"]["payments"] = carried
    settings.STRIPE_FETCH = "undecidable" if is_asked else "never"
    assert deliver(payload).status == "processed"
    row = Invoice.objects.get()
    assert (row.in_doubt, row.abridged) == (not is_asked, not is_asked)
    if is_asked:
        assert row.payment_intent_id == links[-1]["payment"]["payment_intent"]
        assert len(asked(stripe, "invoice_payments")) == 1


def test_what_was_only_named_is_fetched(stripe: Served) -> None:
    account = stripe.world.account()
    intent = payments.confirm(account, payments.create(account, 900)["id"])
    disputes.create(account, intent["latest_charge"])
    for payload in deliverable(stripe.world):
        if payload["type"] == "charge.dispute.created":
            assert deliver(payload).status == "processed"
    row = Charge.objects.get()
    assert (row.status, row.amount, row.disputed, row.in_doubt) == ("succeeded", 900, True, False)
    assert len(asked(stripe)) == 1


def test_what_stripe_has_not_is_asked_for_ever_more_seldom(stripe: Served) -> None:
    told = sample("invoice_payment.paid", invoice="in_nowhere")
    assert deliver(told).status == "processed"
    assert (Invoice.objects.get().in_doubt, len(asked(stripe))) == (True, 1)
    began = moment = timezone.now()
    while moment < began + 365 * DAY and len(asked(stripe)) < 30:
        [found] = compare_all(to_settle(now=moment), repair=True, clock=lambda: moment)  # noqa: B023
        assert found.gone
        assert not [*compare_all(to_settle(now=moment), repair=True)]
        moment = Invoice.objects.get().ask_after or moment
    assert 10 < len(asked(stripe)) < 30
    # Named anew, it may be there by now.
    before = len(asked(stripe))
    deliver(sample("invoice_payment.paid", invoice="in_nowhere"))
    assert len(asked(stripe)) == before + 1
