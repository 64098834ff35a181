"""What billing does not know for certain is in doubt, and whoever decides is told."""

import re
from collections.abc import Callable
from html import unescape
from typing import Any

import pytest
from django.utils import timezone

from billing.entitlements import entitlement, entitlements
from billing.models import (
    MODELS,
    BillingChange,
    Charge,
    Customer,
    Invoice,
    ProviderObject,
    Subscription,
)
from billing.ordering import OrderingReason
from billing.privacy.erasure import erase
from billing.tests import builders
from billing.tests.builders import NOON, event, send
from webhooks.models import Scope, WebhookEvent
from webhooks.testing import browser, deliver, sample
from webhooks.testing.api_client import caller, problem
from webhooks.testing.browser import log_in

Json = dict[str, Any]

pytestmark = pytest.mark.django_db

API = "/api/v1"
EVERYTHING = [f"view_{model._meta.model_name}" for model in MODELS.values()]

NAMED: dict[str, tuple[str, Json, type[ProviderObject], str, Json]] = {
    "a charge, by its dispute": (
        "charge.dispute.created",
        builders.dispute(),
        Charge,
        "charge.succeeded",
        builders.charge(disputed=True),
    ),
    "a charge, by a refund that failed": (
        "refund.failed",
        builders.refund(status="failed"),
        Charge,
        "charge.updated",
        builders.charge(),
    ),
    "an invoice, by its payment": (
        "invoice_payment.paid",
        builders.invoice_payment(),
        Invoice,
        "invoice.paid",
        builders.paid_invoice(),
    ),
}


def items(count: int, *, has_more: bool = False, days: int = 1) -> Json:
    """A list of items, each of a product of its own: `prod_0`, `prod_1` and so on."""
    [one] = builders.subscription()["items"]["data"]
    period = {"current_period_end": int(timezone.now().timestamp()) + days * 86_400}
    data = [
        one | period | {"id": f"si_{n}", "price": one["price"] | {"product": f"prod_{n}"}}
        for n in range(count)
    ]
    return {"object": "list", "data": data, "has_more": has_more}


def tell(count: int, *, has_more: bool = False, days: int = 1, **values: Any) -> Subscription:
    """A subscription to so many products, of which the event may carry some."""
    told = builders.subscription(items=items(count, has_more=has_more, days=days), **values)
    send(event("customer.subscription.updated", told, created=values.get("created", NOON)))
    return Subscription.objects.get(provider_id=told["id"])


def known() -> Customer:
    send(event("customer.created", builders.customer()))
    return Customer.objects.get()


def answer(product: str = "prod_11") -> Any:
    return entitlement(Customer.objects.get(), product, now=timezone.now())


@pytest.mark.parametrize("case", NAMED)
def test_what_others_have_named_is_in_doubt_until_it_is_told(case: str) -> None:
    named_by, namer, model, told_by, told = NAMED[case]
    send(event(named_by, namer))
    [row] = model._default_manager.all()
    assert (row.in_doubt, row.is_only_named) == (True, True)
    assert "nothing has told of it" in row.doubt
    [change] = BillingChange.objects.filter(object_type=row.object_type)
    assert (change.verdict, change.reason) == ("undecidable", OrderingReason.ONLY_NAMED)

    # Named once more, it is no better known.
    send(event(named_by, namer, id="evt_again", created=NOON + 1))
    assert model._default_manager.get().in_doubt

    send(event(told_by, told, created=NOON + 5))
    [row] = model._default_manager.all()
    assert (row.in_doubt, row.is_only_named, row.doubt) == (False, False, "")


def test_what_is_known_is_not_in_doubt_for_being_named() -> None:
    send(event("charge.succeeded", builders.charge()))
    send(event("invoice.paid", builders.paid_invoice()))
    send(event("charge.dispute.created", builders.dispute(), created=NOON + 5))
    send(event("invoice_payment.paid", builders.invoice_payment(), created=NOON + 5))
    assert not Charge.objects.get().in_doubt
    assert not Invoice.objects.get().in_doubt


def test_a_list_that_goes_on_leaves_a_subscription_in_doubt() -> None:
    row = tell(10, has_more=True)
    assert (row.in_doubt, row.abridged, row.is_only_named) == (True, True, False)
    assert "goes on" in row.doubt
    assert BillingChange.objects.get().reason == OrderingReason.ABRIDGED
    row = tell(10, has_more=True, created=NOON + 5, metadata={"a": "b"})
    assert row.in_doubt
    row = tell(3, created=NOON + 9)
    assert (row.in_doubt, row.abridged, len(row.items)) == (False, False, 3)


@pytest.mark.parametrize(
    ("payment", "has_more", "in_doubt"),
    [
        ({"status": "paid"}, True, False),
        ({"status": "open"}, False, False),
        ({"status": "open"}, True, True),
    ],
)
def test_an_invoice_is_in_doubt_where_the_payment_that_counts_may_not_be_carried(
    payment: Json, has_more: bool, in_doubt: bool
) -> None:
    told = builders.invoice_payment(is_default=False) | payment
    payments = {"object": "list", "data": [told], "has_more": has_more}
    send(event("invoice.updated", builders.invoice(payments=payments)))
    assert Invoice.objects.get().in_doubt == in_doubt


def test_an_answer_says_what_it_does_not_know() -> None:
    known()
    tell(10, has_more=True)
    assert (answer("prod_3").allowed, answer("prod_3").in_doubt) == (True, True)
    refused = answer()
    assert (refused.allowed, refused.reason, refused.in_doubt) == (False, "not_subscribed", True)
    assert refused.doubt.startswith("sub_1: a list in it goes on")
    tell(12, created=NOON + 5)
    assert (answer().allowed, answer().in_doubt, answer().doubt) == (True, False, "")


def test_only_a_doubt_that_could_turn_an_answer_makes_it_doubtful() -> None:
    known()
    tell(3, days=2)
    tell(10, has_more=True, id="sub_2")
    assert [answer("prod_1").in_doubt, answer("prod_2").allowed] == [False, True]
    assert answer("prod_11").doubt.startswith("sub_2: ")
    every = entitlements(Customer.objects.get(), now=timezone.now())
    assert {product for product, each in every.items() if each.in_doubt} == {
        f"prod_{n}" for n in range(3, 10)
    }


@pytest.mark.parametrize("status", ["past_due", "active"])
def test_grace_is_in_doubt_while_the_latest_invoice_was_only_named(status: str) -> None:
    known()
    tell(1, status=status)
    send(event("invoice_payment.paid", builders.invoice_payment()))
    expected = "an invoice: it was named by others" if status == "past_due" else ""
    assert answer("prod_0").doubt.split(",")[0] == expected
    send(event("invoice.paid", builders.paid_invoice(), created=NOON + 5))
    assert not answer("prod_0").in_doubt


@pytest.mark.parametrize("kind", ["charges", "invoices", "subscriptions"])
def test_the_api_tells_of_doubts(kind: str) -> None:
    send(event("charge.dispute.created", builders.dispute()))
    send(event("invoice_payment.paid", builders.invoice_payment()))
    tell(10, has_more=True)
    tell(1, id="sub_2", customer="cus_2")
    client = caller(*EVERYTHING)
    [row] = client.get(f"{API}/{kind}?in_doubt=true").json()["results"]
    assert row["in_doubt"]
    assert row["doubt"]
    assert client.get(f"{API}/{kind}/{row['provider_id']}").json()["doubt"] == row["doubt"]
    rest = client.get(f"{API}/{kind}?in_doubt=false").json()["results"]
    assert [each["doubt"] for each in rest] == ([""] if kind == "subscriptions" else [])


def test_the_api_tells_of_doubts_in_entitlements() -> None:
    known()
    tell(10, has_more=True)
    client = caller(*EVERYTHING)
    url = f"{API}/customers/cus_1"
    one = client.get(f"{url}/entitlements?product=prod_11").json()
    assert (one["allowed"], one["in_doubt"]) == (False, True)
    assert one["doubt"].startswith("sub_1: ")
    told = client.get(url).json()
    assert (told["in_doubt"], told["doubt"]) == (False, "")
    assert {each["in_doubt"] for each in told["entitlements"]} == {True}


def test_every_screen_shows_doubts() -> None:
    customer = known()
    subscription = tell(10, has_more=True)
    send(event("charge.succeeded", builders.charge()))
    send(event("invoice_payment.paid", builders.invoice_payment()))
    send(event("refund.created", builders.refund()))
    send(event("refund.failed", builders.refund(status="failed"), created=NOON + 5))
    admin = log_in(is_superuser=True)
    charge, invoice = Charge.objects.get(), Invoice.objects.get()
    pages: dict[str, Callable[[ProviderObject], str]] = {
        "list": lambda row: f"/admin/billing/{row._meta.model_name}/",
        "page": lambda row: f"/admin/billing/{row._meta.model_name}/{row.pk}/change/",
    }
    for row in (subscription, charge, invoice):
        for url in pages.values():
            assert "In doubt" in browser.text(admin, url(row)), url(row)
        assert row.doubt[1:] in _words(browser.text(admin, pages["page"](row)))
    # Where others show them: what they name, what names them, and what they may use.
    [refund] = MODELS["refund"]._default_manager.all()
    assert "ch_1 In doubt" in _words(browser.text(admin, pages["page"](refund)))
    shown = _words(browser.text(admin, pages["page"](customer)))
    assert "sub_1 In doubt" in shown
    assert "In doubt sub_1: a list in it goes on" in shown


def test_the_page_of_an_event_shows_doubts() -> None:
    deliver(sample("charge.dispute.created", charge="ch_1"))
    [told] = WebhookEvent.objects.all()
    MODELS["dispute"]._default_manager.update(in_doubt=True)
    page = f"/admin/webhooks/webhookevent/{told.pk}/change/"
    shown = _words(browser.text(log_in(is_superuser=True), page))
    assert "charge ch_1 In doubt" in shown
    # Of what it changed, and of what it is about.
    assert shown.count(f"{told.object_id} In doubt") == 2


def _words(text: str) -> str:
    return " ".join(re.sub("<[^>]*>", " ", unescape(text)).split())


class TestCustomersOfWhomNothingHasTold:
    """Others name them, so something is known."""

    def test_an_answer_tells_what_is_known_and_that_the_rest_is_not(self) -> None:
        tell(3)
        client = caller(*EVERYTHING, scopes=[Scope.BILLING_READ])
        told = client.get(f"{API}/customers/cus_1")
        assert told.status_code == 200
        body = told.json()
        assert (body["provider_id"], body["in_doubt"]) == ("cus_1", True)
        assert "nothing has told of it" in body["doubt"]
        assert (body["name"], body["balance"], body["updated_at"]) == ("", None, None)
        assert [each["product"] for each in body["entitlements"]] == ["prod_0", "prod_1", "prod_2"]
        yes = client.get(f"{API}/customers/cus_1/entitlements?product=prod_1").json()
        no = client.get(f"{API}/customers/cus_1/entitlements?product=prod_9").json()
        assert (yes["allowed"], yes["in_doubt"]) == (True, False)
        assert (no["allowed"], no["in_doubt"]) == (False, True)
        assert no["doubt"].startswith("cus_1: ")
        assert not Customer.objects.exists()

    @pytest.mark.parametrize(
        ("event_type", "subject"),
        [
            ("invoice.paid", builders.paid_invoice()),
            ("charge.succeeded", builders.charge()),
            ("payment_intent.created", builders.payment_intent()),
            ("checkout.session.completed", builders.checkout_session()),
        ],
    )
    def test_whatever_names_one_will_do_for_those_who_may_see_it(
        self, event_type: str, subject: Json
    ) -> None:
        send(event(event_type, subject))
        kind = f"view_{subject['object'].replace('.', '').replace('_', '')}"
        urls = [f"{API}/customers/cus_1", f"{API}/customers/cus_1/entitlements?product=prod_1"]
        for url in urls:
            assert caller("view_customer", "view_subscription", kind).get(url).status_code == 200
            hidden = caller(*(name for name in EVERYTHING if name != kind)).get(url)
            assert problem(hidden) == (404, "not_found")

    def test_one_that_nothing_names_is_not_found(self) -> None:
        tell(1)
        client = caller(*EVERYTHING)
        for customer in ("cus_2", "\x00", "x" * 300):
            for part in ("", "/entitlements?product=prod_1"):
                answer = client.get(f"{API}/customers/{customer}{part}")
                assert problem(answer) == (404, "not_found")
        for where in ("account=acct_1", "livemode=true", "provider=other"):
            assert client.get(f"{API}/customers/cus_1?{where}").status_code == 404
        assert (
            caller("view_customer", "view_subscription").get(f"{API}/customers").json()["results"]
            == []
        )

    def test_one_named_in_both_modes_is_ambiguous(self) -> None:
        told = builders.subscription()
        for livemode in (True, False):
            send(event("customer.subscription.created", told, livemode=livemode))
        client = caller(*EVERYTHING)
        assert problem(client.get(f"{API}/customers/cus_1")) == (409, "ambiguous_id")
        assert client.get(f"{API}/customers/cus_1?livemode=true").json()["livemode"] is True

    def test_an_erased_one_does_not_come_back(self) -> None:
        email = "jo@example.com"
        details = builders.checkout_session(customer_details={"email": email, "name": "Jo"})
        told = sample("checkout.session.completed")
        told["data"]["object"] |= details
        assert deliver(told).status_code == 200
        scope = MODELS["checkout.session"]._default_manager.get().scope
        erase("cus_1", scope, actor="ada", reason="asked")
        shown = caller(*EVERYTHING).get(f"{API}/customers/cus_1")
        assert (shown.status_code, shown.json()["email"]) == (200, "")
        assert "Jo" not in shown.content.decode()
        assert not Customer.objects.exists()
