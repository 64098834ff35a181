"""The admin's screens of billing objects, through the browser's requests."""

from collections.abc import Iterator
from html import unescape

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from billing.admin.money import money
from billing.admin.values import status
from billing.models import MODELS, Charge, Customer, Invoice, ProviderObject, Subscription
from billing.tests import builders as build
from billing.tests.builders import send
from webhooks.models import WebhookEvent
from webhooks.providers.stripe import DASHBOARD_PATHS
from webhooks.testing import browser, deliver, sample
from webhooks.testing.browser import log_in
from webhooks.testing.stripe_story import story

pytestmark = pytest.mark.django_db


@pytest.fixture
def _told() -> None:
    for event in story(int(timezone.now().timestamp())):
        assert deliver(event).status_code == 200
    for kind, model in MODELS.items():
        if not model._default_manager.exists():
            send(build.event(f"{kind}.created", getattr(build, kind)()))


@pytest.fixture
def admin() -> Client:
    return log_in(is_superuser=True)


def screen(model: type[ProviderObject]) -> str:
    return f"/admin/billing/{model._meta.model_name}/"


def page(row: ProviderObject, part: str = "change") -> str:
    return f"{screen(type(row))}{row.pk}/{part}/"


def text(client: Client, url: str) -> str:
    return unescape(browser.text(client, url)).replace("\N{NO-BREAK SPACE}", " ")


def found(client: Client, model: type[ProviderObject], **query: str) -> set[ProviderObject]:
    answer = client.get(screen(model), query)
    assert answer.status_code == 200
    return set(answer.context["cl"].result_list)


@pytest.mark.usefixtures("_told")
class TestEveryKind:
    def latest(self) -> Iterator[ProviderObject]:
        return (model._default_manager.latest("pk") for model in MODELS.values())

    def test_its_list_and_its_page(self, admin: Client) -> None:
        for row in self.latest():
            assert row.provider_id in text(admin, screen(type(row)))
            shown = text(admin, page(row))
            assert row.provider_id in shown
            assert row.snapshot_event_id in shown
            there = "https://dashboard.stripe.com/test/" in shown
            assert there == bool(DASHBOARD_PATHS.get(row.object_type))

    def test_its_id_finds_it(self, admin: Client) -> None:
        for row in self.latest():
            assert found(admin, type(row), q=row.provider_id) == {row}

    def test_nobody_changes_it(self, admin: Client) -> None:
        for row in self.latest():
            model, deletion = type(row), {"action": "delete_selected", "post": "yes"}
            assert admin.post(page(row), {"provider_id": "x"}).status_code == 403
            assert admin.post(page(row, "delete"), {"post": "yes"}).status_code == 403
            assert admin.post(f"{screen(model)}add/").status_code == 403
            admin.post(screen(model), {**deletion, "_selected_action": [row.pk]})
            assert model._default_manager.get(pk=row.pk).provider_id == row.provider_id

    def test_its_list_never_counts(self, admin: Client) -> None:
        for model in MODELS.values():
            with CaptureQueriesContext(connection) as queries:
                admin.get(screen(model), {"livemode__exact": "0"})

            assert len([q for q in queries if f'"{model._meta.db_table}"' in q["sql"]]) == 1
            assert not [q for q in queries if "COUNT(" in q["sql"]]

    def test_being_staff_is_no_permission(self) -> None:
        client = log_in("view_webhookevent")

        for row in self.latest():
            assert client.get(screen(type(row))).status_code == 403
            assert client.get(page(row)).status_code == 403


@pytest.mark.usefixtures("_told")
class TestCustomer:
    def test_everything_of_theirs_is_in_one_place(self, admin: Client) -> None:
        customer = Customer.objects.get(email="bob@example.org")

        shown = text(admin, page(customer))

        for model in (Subscription, Invoice, Charge):
            for row in customer.related(model):
                assert page(row) in shown
        assert "29.00 USD" in shown
        for event in WebhookEvent.objects.filter(customer_id=customer.provider_id):
            assert event.event_id in shown

    def test_found_by_email(self, admin: Client) -> None:
        customer = Customer.objects.get(email="ada@example.com")

        assert found(admin, Customer, q="Ada@Example.com") == {customer}
        assert found(admin, Subscription, q="ada@example.com") == set(
            customer.related(Subscription)
        )

    def test_their_id_finds_what_is_theirs(self, admin: Client) -> None:
        customer = Customer.objects.get(email="bob@example.org")

        assert found(admin, Invoice, q=customer.provider_id) == set(customer.related(Invoice))


@pytest.mark.usefixtures("_told")
def test_a_page_shows_the_changes_over_time(admin: Client) -> None:
    customer = Customer.objects.get(email="bob@example.org")

    shown = text(admin, page(customer.related(Subscription).get()))

    assert "active → past_due" in shown
    assert "past_due → active" in shown


@pytest.mark.usefixtures("_told")
def test_an_object_links_to_what_it_names(admin: Client) -> None:
    charge = Charge.objects.latest("pk")
    customer = charge.follow(Customer)

    assert customer
    assert page(customer) in text(admin, page(charge))


@pytest.mark.usefixtures("_told")
def test_lists_are_filtered_by_status_and_mode(admin: Client) -> None:
    canceled = set(Subscription.objects.filter(status="canceled"))

    assert canceled
    assert found(admin, Subscription, status="canceled") == canceled
    assert found(admin, Subscription, status="active", livemode__exact="1") == set()


@pytest.mark.usefixtures("_told")
def test_a_list_can_be_filtered_by_what_is_unknown(admin: Client) -> None:
    unknown = set(Customer.objects.filter(delinquent=None))

    # As the filter of Django's own admin asks, which offers it for a yes or no that may be missing.
    assert found(admin, Customer, delinquent__isnull="True") == unknown


@pytest.mark.usefixtures("_told")
class TestEventPage:
    def paid(self) -> tuple[Invoice, str]:
        event = WebhookEvent.objects.filter(type="invoice.paid").latest("pk")
        invoice = Invoice.objects.get(provider_id=event.object_id)
        return invoice, f"/admin/webhooks/webhookevent/{event.pk}/change/"

    def test_it_shows_what_the_event_changed(self, admin: Client) -> None:
        invoice, url = self.paid()

        shown = text(admin, url)

        assert page(invoice) in shown
        customer = invoice.follow(Customer)
        assert customer
        assert page(customer) in shown
        assert "open → paid" in shown
        assert "0.00 USD → 29.00 USD" in shown

    def test_only_to_those_who_may_see_it(self) -> None:
        _, url = self.paid()

        assert "open → paid" not in text(log_in("view_webhookevent"), url)


def test_a_hostile_object_is_escaped(admin: Client) -> None:
    deliver(
        sample(
            "customer.created",
            created=0,
            name="<script>alert(1)</script>",
            email="<script>alert(2)</script>@x",
            metadata={"<script>alert(3)</script>": "<script>alert(4)</script>"},
        )
    )
    customer = Customer.objects.get()
    event = WebhookEvent.objects.get()

    for url in (
        screen(Customer),
        page(customer),
        f"/admin/webhooks/webhookevent/{event.pk}/change/",
    ):
        shown = admin.get(url).content.decode()
        assert "<script>alert" not in shown
        # An event's page shows nobody's address.
        assert ("&lt;script&gt;alert(2)" in shown) is ("webhookevent" not in url)


@pytest.mark.parametrize(
    ("amount", "currency", "shown"),
    [
        (2900, "usd", "29.00 USD"),
        (123_456_789, "eur", "1,234,567.89 EUR"),
        (-5, "usd", "-0.05 USD"),
        (0, "gbp", "0.00 GBP"),
        (2900, "jpy", "2,900 JPY"),
        (1, "XTR", "1 XTR"),
        (12_345, "kwd", "12.345 KWD"),
        (2900, "isk", "29.00 ISK"),
        (None, "usd", "\N{EN DASH}"),
        (2900, "", "2,900 minor units"),
        (0, "", "0"),
        (9_223_372_036_854_775_807, "usd", "92,233,720,368,547,758.07 USD"),
    ],
)
def test_money_is_formatted_by_currency(amount: int | None, currency: str, shown: str) -> None:
    assert money(amount, currency).replace("\N{NO-BREAK SPACE}", " ") == shown


def test_an_unknown_status_is_shown() -> None:
    assert "teleported away" in status("teleported_away")
    assert "&lt;b&gt;" in status("<b>")


def test_a_doubt_that_nobody_can_settle_says_what_is_in_the_way(admin: Client) -> None:
    rows = [
        Charge.objects.create(provider=provider, provider_id="7", livemode=True, in_doubt=True)
        for provider in ("adyen", "square")
    ]

    told = [text(admin, page(row)) for row in rows]

    assert "adyen can't be asked for its objects." in told[0]
    assert "SQUARE_API_KEY is not set." in told[1]
    assert not any("reconcile_billing" in each for each in told)
