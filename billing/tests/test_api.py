"""Billing state through the API: who may see it, and finding it."""

from datetime import timedelta
from typing import Any

import pytest
from django.db.models import Model
from django.test import Client
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries
from rest_framework.test import APIClient

from billing import models
from billing.tests import builders
from webhooks.models import Scope
from webhooks.privacy.masking import MASK
from webhooks.testing import deliver, sample
from webhooks.testing.api_client import all_pages, caller, problem

pytestmark = pytest.mark.django_db

API = "/api/v1"
KINDS: dict[str, tuple[type[Model], str, str, dict[str, Any]]] = {
    "customers": (models.Customer, "cus_1", "customer.created", builders.customer()),
    "subscriptions": (
        models.Subscription,
        "sub_1",
        "customer.subscription.created",
        builders.subscription(),
    ),
    "invoices": (models.Invoice, "in_1", "invoice.created", builders.invoice()),
    "payment-intents": (
        models.PaymentIntent,
        "pi_1",
        "payment_intent.created",
        builders.payment_intent(),
    ),
    "charges": (models.Charge, "ch_1", "charge.succeeded", builders.charge()),
    "refunds": (models.Refund, "re_1", "refund.created", builders.refund()),
    "disputes": (models.Dispute, "dp_1", "charge.dispute.created", builders.dispute()),
    "checkout-sessions": (
        models.CheckoutSession,
        "cs_1",
        "checkout.session.completed",
        builders.checkout_session(),
    ),
    "payouts": (models.Payout, "po_1", "payout.paid", builders.payout()),
}
CREATED = ("checkout-sessions", "payment-intents", "refunds")


def view(kind: str) -> str:
    return f"view_{KINDS[kind][0]._meta.model_name}"


def add(kind: str) -> str:
    return f"add_{KINDS[kind][0]._meta.model_name}"


def send(kind: str, **where: Any) -> None:
    _, _, event_type, subject = KINDS[kind]
    builders.send(builders.event(event_type, subject, **where))


def reader(kind: str = "customers") -> APIClient:
    return caller(view(kind))


def found_rows(answer: Any) -> list[Any]:
    assert answer.status_code == 200, answer.content
    rows: list[Any] = answer.json()["results"]
    return rows


def found(answer: Any) -> list[str]:
    return [row["provider_id"] for row in found_rows(answer)]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("part", ["", "/{id}"])
def test_reading_takes_the_scope_and_the_permission(kind: str, part: str) -> None:
    send(kind)
    url = f"{API}/{kind}" + part.format(id=KINDS[kind][1])
    others = [view(other) for other in KINDS if other != kind]
    not_reading = set(Scope) - {Scope.BILLING_READ}

    assert caller(view(kind), scopes=[Scope.BILLING_READ]).get(url).status_code == 200
    assert problem(Client().get(url)) == (401, "not_authenticated")
    answer = caller(view(kind), scopes=not_reading).get(url)
    assert problem(answer) == (403, "missing_scope")
    answer = caller(*others, add(kind), scopes=Scope).get(url)
    assert problem(answer) == (403, "permission_denied")


@pytest.mark.parametrize("kind", KINDS)
def test_creating_takes_the_scope_and_the_permission(kind: str) -> None:
    url = f"{API}/{kind}"
    others = [add(other) for other in KINDS if other != kind]
    not_writing = set(Scope) - {Scope.BILLING_WRITE}
    if kind not in CREATED:
        answer = caller(view(kind), add(kind), scopes=Scope).post(url, {})
        assert problem(answer) == (405, "method_not_allowed")
        return
    answer = caller(add(kind), scopes=[Scope.BILLING_WRITE]).post(url, {})
    assert problem(answer) == (400, "idempotency_key_missing")
    assert problem(Client().post(url)) == (401, "not_authenticated")
    answer = caller(add(kind), scopes=not_writing).post(url, {})
    assert problem(answer) == (403, "missing_scope")
    answer = caller(*others, view(kind), scopes=Scope).post(url, {})
    assert problem(answer) == (403, "permission_denied")


@pytest.mark.parametrize("kind", KINDS)
def test_an_object_is_shown_as_its_model_has_it(kind: str) -> None:
    send(kind)
    model, provider_id, _, _ = KINDS[kind]
    shown = reader(kind).get(f"{API}/{kind}/{provider_id}").json()
    row = model._default_manager.get()
    columns = {field.name for field in model._meta.fields} - {"id", "snapshots", "ask_after"}
    assert columns <= shown.keys()
    assert "snapshots" not in shown
    for name in columns & {"status", "currency", "amount", "email", "metadata", "items"}:
        assert shown[name] == getattr(row, name)
    assert shown["created_at"] == "2026-02-02T02:40:00Z"
    shown.pop("entitlements", None)
    assert reader(kind).get(f"{API}/{kind}").json()["results"] == [shown]


@pytest.mark.parametrize(
    ("kind", "query", "hit"),
    [
        ("customers", {"email": "jo@example.com"}, True),
        ("customers", {"email": "Jo@example.com"}, False),
        ("customers", {"livemode": "false"}, True),
        ("customers", {"livemode": "true"}, False),
        ("customers", {"account": ""}, True),
        ("customers", {"account": "acct_1"}, False),
        ("customers", {"created_after": "2026-02-02T02:40:00Z"}, True),
        ("customers", {"created_before": "2026-02-02T02:40:00Z"}, False),
        ("subscriptions", {"customer": "cus_1", "status": "active"}, True),
        ("subscriptions", {"customer": "cus_1", "status": "canceled"}, False),
        ("invoices", {"subscription": "sub_1"}, True),
        ("invoices", {"subscription": "sub_2"}, False),
        ("payment-intents", {"customer": "cus_1"}, True),
        ("charges", {"payment_intent": "pi_1"}, True),
        ("charges", {"payment_intent": "pi_2"}, False),
        ("refunds", {"charge": "ch_1"}, True),
        ("disputes", {"charge": "ch_2"}, False),
        ("checkout-sessions", {"customer": "cus_1", "subscription": "sub_1"}, True),
        ("payouts", {"status": "paid"}, True),
    ],
)
def test_objects_are_filtered(kind: str, query: dict[str, str], hit: bool) -> None:
    send(kind)
    assert found(reader(kind).get(f"{API}/{kind}", query)) == ([KINDS[kind][1]] if hit else [])


def test_an_id_means_our_own_account_unless_told_otherwise() -> None:
    send("customers", account="acct_1")
    url = f"{API}/customers/cus_1"
    client = reader()
    assert problem(client.get(url)) == (404, "not_found")
    assert client.get(url, {"account": "acct_1"}).json()["account"] == "acct_1"
    send("customers", id="evt_own")
    assert client.get(url).json()["account"] == ""


def test_an_id_in_both_modes_is_told_apart() -> None:
    send("customers")
    send("customers", livemode=True, id="evt_live")
    url = f"{API}/customers/cus_1"
    client = reader()
    assert problem(client.get(url)) == (409, "ambiguous_id")
    assert client.get(url, {"livemode": "true"}).json()["livemode"] is True
    assert client.get(url, {"livemode": "false"}).json()["livemode"] is False
    assert problem(client.get(url, {"livemode": "1"})) == (400, "invalid_request")
    assert problem(client.get(url, {"mode": "live"})) == (400, "invalid_request")


@pytest.mark.parametrize("provider_id", ["cus_2", "cus_1%00", "c" * 300, "..%2f", "%ff"])
def test_unknown_objects_are_not_found(provider_id: str) -> None:
    send("customers")
    assert problem(reader().get(f"{API}/customers/{provider_id}")) == (404, "not_found")


def test_pages_go_through_everything_once(
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    models.Subscription.objects.bulk_create(
        models.Subscription(
            provider="stripe", provider_id=f"sub_{number}", livemode=False, customer_id="cus_1"
        )
        for number in range(250)
    )
    client = reader("subscriptions")
    rows = all_pages(client, f"{API}/subscriptions?customer=cus_1")
    assert [row["provider_id"] for row in rows] == [f"sub_{n}" for n in reversed(range(250))]
    with django_assert_num_queries(4):
        client.get(f"{API}/subscriptions?page_size=100")


def subscribe(number: int, status: str = "active", **where: Any) -> None:
    now = timezone.now()
    models.Subscription.objects.create(
        provider="stripe",
        livemode=False,
        provider_id=f"sub_{number}",
        customer_id="cus_1",
        status=status,
        created_at=now,
        current_period_start=now,
        current_period_end=now + timedelta(days=9),
        items=[{"product_id": f"prod_{number}", "current_period_end": None}],
        **where,
    )


def test_a_customer_tells_what_may_be_used() -> None:
    send("customers")
    subscribe(1)
    subscribe(2, "canceled")
    client = caller("view_customer", "view_subscription")
    shown = client.get(f"{API}/customers/cus_1").json()
    one, two = sorted(shown["entitlements"], key=lambda answer: str(answer["product"]))
    end = models.Subscription.objects.get(provider_id="sub_1").current_period_end
    assert end
    assert one == {
        "product": "prod_1",
        "allowed": True,
        "reason": "active",
        "until": end.isoformat().replace("+00:00", "Z"),
        "subscription": "sub_1",
        "explanation": one["explanation"],
        "in_doubt": False,
        "doubt": "",
    }
    assert one["explanation"].startswith("active until ")
    assert (two["product"], two["allowed"], two["reason"]) == ("prod_2", False, "canceled")
    assert reader().get(f"{API}/customers/cus_1").json()["entitlements"] is None
    assert "entitlements" not in found_rows(client.get(f"{API}/customers"))[0]


def test_one_product_can_be_asked_about() -> None:
    send("customers")
    subscribe(1)
    client = caller("view_customer", "view_subscription")
    url = f"{API}/customers/cus_1/entitlements"
    rows = client.get(f"{API}/customers/cus_1").json()["entitlements"]
    assert [client.get(url, {"product": "prod_1"}).json()] == rows
    assert client.get(url, {"product": "prod_9"}).json() == {
        "product": "prod_9",
        "allowed": False,
        "reason": "not_subscribed",
        "until": None,
        "subscription": "",
        "explanation": "no subscription to prod_9",
        "in_doubt": False,
        "doubt": "",
    }
    for query in ({}, {"product": ""}, {"product": "prod_1", "price": "price_1"}):
        assert problem(client.get(url, query)) == (400, "invalid_request")
    nobody = f"{API}/customers/cus_9/entitlements"
    assert problem(client.get(nobody, {"product": "prod_1"})) == (404, "not_found")
    elsewhere = {"product": "prod_1", "account": "acct_1"}
    assert problem(client.get(url, elsewhere)) == (404, "not_found")
    send("customers", livemode=True, id="evt_live")
    assert problem(client.get(url, {"product": "prod_1"})) == (409, "ambiguous_id")
    answer = client.get(url, {"product": "prod_1", "livemode": "true"}).json()
    assert (answer["allowed"], answer["reason"]) == (False, "not_subscribed")


def test_asking_about_a_product_takes_the_scope_and_both_permissions() -> None:
    send("customers")
    url = f"{API}/customers/cus_1/entitlements?product=prod_1"
    both = ("view_customer", "view_subscription")
    assert caller(*both, scopes=[Scope.BILLING_READ]).get(url).status_code == 200
    not_reading = set(Scope) - {Scope.BILLING_READ}
    assert problem(Client().get(url)) == (401, "not_authenticated")
    assert problem(caller(*both, scopes=not_reading).get(url)) == (403, "missing_scope")
    for one in both:
        assert problem(caller(one).get(url)) == (403, "permission_denied")


def test_the_number_of_queries_does_not_grow_with_the_page(
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    send("customers")
    client = caller("view_customer", "view_subscription")
    client.get(f"{API}/customers/cus_1")  # when the token was last used is noted
    for numbers in (range(1, 2), range(2, 50)):
        for number in numbers:
            subscribe(number, "past_due")
        for what in ("cus_1", "cus_1/entitlements?product=prod_1"):
            with django_assert_num_queries(6):
                client.get(f"{API}/customers/{what}")


def test_an_event_tells_what_it_changed() -> None:
    told = sample("customer.created") | {"data": {"object": builders.customer()}}
    deliver(told)
    url = f"{API}/events/{told['id']}/changes"
    reading = ("view_billingchange", "view_customer")
    (change,) = caller(*reading).get(url).json()["results"]
    assert (change["object_type"], change["provider_id"]) == ("customer", "cus_1")
    assert (change["verdict"], change["event_id"]) == ("applied", told["id"])
    assert change["fields"]["email"][-1] == MASK
    assert problem(caller("view_webhookevent").get(url)) == (403, "permission_denied")
    for scope in Scope:
        answer = caller(*reading, scopes=[scope]).get(url)
        assert problem(answer) == (403, "missing_scope"), scope
    both = [Scope.EVENTS_READ, Scope.BILLING_READ]
    assert caller(*reading, scopes=both).get(url).status_code == 200
    assert problem(caller("view_billingchange").get(f"{API}/events/evt_0/changes"))[0] == 404


def test_changes_are_told_of_objects_that_may_be_seen() -> None:
    told = sample("customer.created") | {"data": {"object": builders.customer()}}
    deliver(told)
    url = f"{API}/events/{told['id']}/changes"
    others = [view(kind) for kind in KINDS if kind != "customers"]

    assert caller("view_billingchange", *others).get(url).json()["results"] == []


def test_lists_can_be_narrowed_to_a_provider() -> None:
    for provider in ("square", "adyen"):
        models.Charge.objects.create(provider=provider, provider_id=f"7 {provider}", livemode=True)

    answer = reader("charges").get("/api/v1/charges", {"provider": "square"})

    assert found(answer) == ["7 square"]
