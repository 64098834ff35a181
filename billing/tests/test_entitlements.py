"""May this customer use that product now? In every state, at every moment that matters."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.core import checks
from django.test import Client
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries, Settings

from billing.entitlements import Entitlement, entitlement, entitlements
from billing.entitlements import EntitlementReason as Reason
from billing.models import Customer, Invoice, Subscription
from billing.statuses import SubscriptionStatus
from billing.tests import builders
from billing.tests.builders import NOON, event, moment, send

pytestmark = pytest.mark.django_db

START = datetime(2026, 4, 3, 12, tzinfo=UTC)
END = datetime(2026, 5, 3, 12, tzinfo=UTC)
GRACE = timedelta(days=7)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)

BASE: dict[str, Any] = {"provider": "stripe", "livemode": True}


def item(product: str = "prod_1", end: datetime | None = None) -> dict[str, Any]:
    return {
        "id": f"si_{product}",
        "price_id": f"price_{product}",
        "product_id": product,
        "quantity": 1,
        "unit_amount": 900,
        "interval": "month",
        "current_period_end": end.isoformat() if end else None,
    }


@pytest.fixture
def customer() -> Customer:
    return Customer.objects.create(**BASE, provider_id="cus_1")


def subscribe(status: str = "active", id: str = "sub_1", **values: Any) -> Subscription:  # noqa: A002
    return Subscription.objects.create(
        **BASE
        | {
            "provider_id": id,
            "customer_id": "cus_1",
            "status": status,
            "items": [item()],
            "current_period_start": START,
            "current_period_end": END,
        }
        | values
    )


def bill(status: str, created: datetime, due: datetime | None = None, **values: Any) -> Invoice:
    return Invoice.objects.create(
        **BASE
        | {
            "provider_id": f"in_{status}_{created:%Y%m%d}",
            "customer_id": "cus_1",
            "subscription_id": "sub_1",
            "status": status,
            "created_at": created,
            "due_at": due,
        }
        | values
    )


TRIAL: dict[str, Any] = {"trial_start": START, "trial_end": END}
AT_END: dict[str, Any] = {"cancel_at_period_end": True}
SOON: dict[str, Any] = {"cancel_at": END - 5 * DAY}
LATER: dict[str, Any] = {"cancel_at": END + 2 * DAY}
GRACE_END = START + GRACE
YES, NO = True, False

Row = tuple[str, dict[str, Any], datetime, bool, Reason, datetime | None, str]
TABLE: list[Row] = [
    ("trialing", TRIAL, END - HOUR, YES, Reason.TRIALING, END, "trialing until 3 May 2026"),
    ("trialing", TRIAL, END, YES, Reason.RENEWAL_DUE, END + GRACE, "within grace until 10 May"),
    ("trialing", TRIAL, END + GRACE, NO, Reason.STALE, END + GRACE, "look for missing events"),
    ("trialing", TRIAL | AT_END, END - HOUR, YES, Reason.ENDING, END, "then canceled"),
    ("trialing", TRIAL | AT_END, END, NO, Reason.CANCELED, END, "was to be canceled on 3 May 2026"),
    ("trialing", {}, END - HOUR, YES, Reason.TRIALING, END, "trialing until 3 May 2026"),
    ("active", {}, START, YES, Reason.ACTIVE, END, "active until 3 May 2026"),
    ("active", {}, END - HOUR, YES, Reason.ACTIVE, END, "active until 3 May 2026"),
    ("active", {}, END, YES, Reason.RENEWAL_DUE, END + GRACE, "nothing heard since"),
    ("active", {}, END + GRACE - HOUR, YES, Reason.RENEWAL_DUE, END + GRACE, "until 10 May 2026"),
    ("active", {}, END + GRACE, NO, Reason.STALE, END + GRACE, "look for missing events"),
    ("active", AT_END, END - HOUR, YES, Reason.ENDING, END, "active until 3 May 2026, then cancel"),
    ("active", AT_END, END, NO, Reason.CANCELED, END, "was to be canceled on 3 May 2026"),
    ("active", SOON, START, YES, Reason.ENDING, END - 5 * DAY, "active until 28 April 2026"),
    ("active", SOON, END - 5 * DAY, NO, Reason.CANCELED, END - 5 * DAY, "on 28 April 2026"),
    ("active", LATER, START, YES, Reason.ACTIVE, END, "active until 3 May 2026"),
    ("active", LATER, END + HOUR, YES, Reason.RENEWAL_DUE, END + 2 * DAY, "grace until 5 May 2026"),
    ("active", LATER, END + 2 * DAY, NO, Reason.CANCELED, END + 2 * DAY, "on 5 May 2026"),
    ("active", {"current_period_end": None}, END, YES, Reason.ACTIVE, None, "active"),
    ("past_due", {}, START, YES, Reason.IN_GRACE, GRACE_END, "within grace until 10 April 2026"),
    ("past_due", {}, GRACE_END - HOUR, YES, Reason.IN_GRACE, GRACE_END, "within grace"),
    ("past_due", {}, GRACE_END, NO, Reason.PAST_DUE, GRACE_END, "grace ended on 10 April 2026"),
    ("past_due", {"cancel_at": START + DAY}, START, YES, Reason.IN_GRACE, START + DAY, "4 April"),
    ("past_due", {"cancel_at": START + DAY}, START + DAY, NO, Reason.CANCELED, START + DAY, "was"),
    ("past_due", {"current_period_start": None}, START, NO, Reason.PAST_DUE, None, "not known"),
    ("unpaid", {}, START, NO, Reason.UNPAID, None, "unpaid"),
    ("paused", {}, START, NO, Reason.PAUSED, None, "paused"),
    ("incomplete", {}, START, NO, Reason.INCOMPLETE, None, "incomplete"),
    ("incomplete_expired", {}, START, NO, Reason.INCOMPLETE_EXPIRED, None, "incomplete, expired"),
    ("canceled", {"ended_at": END}, END + DAY, NO, Reason.CANCELED, END, "canceled on 3 May 2026"),
    (
        *("canceled", {"ended_at": START + DAY}, START + 2 * DAY),
        *(NO, Reason.CANCELED, START + DAY, "canceled on 4 April 2026, in a period until 3 May"),
    ),
    ("canceled", {}, START, NO, Reason.CANCELED, None, "canceled"),
    ("active", {"deleted": True}, START, NO, Reason.CANCELED, None, "canceled"),
    ("teleported", {}, START, NO, Reason.UNKNOWN_STATUS, None, "teleported"),
    ("", {}, START, NO, Reason.UNKNOWN_STATUS, None, "none"),
]


@pytest.mark.parametrize(("status", "values", "now", "allowed", "reason", "until", "said"), TABLE)
@pytest.mark.parametrize("product", ["prod_1", None])
def test_one_subscription_decides_by_its_status(
    customer: Customer,
    product: str | None,
    status: str,
    values: dict[str, Any],
    now: datetime,
    allowed: bool,
    reason: Reason,
    until: datetime | None,
    said: str,
) -> None:
    subscribe(status, **values)

    answer = entitlement(customer, product, now=now)

    assert (answer.allowed, answer.reason, answer.until) == (allowed, reason, until)
    assert answer.subscription_id == "sub_1"
    assert said in answer.explanation


def test_every_status_is_tried() -> None:
    assert {row[0] for row in TABLE} >= set(SubscriptionStatus)


@pytest.mark.parametrize(("days", "allowed"), [(0, False), (1, True), (30, True)])
def test_the_grace_period_follows_its_setting(
    customer: Customer, settings: Settings, days: int, allowed: bool
) -> None:
    settings.BILLING_GRACE_DAYS = days
    subscribe("past_due")

    assert entitlement(customer, now=START + HOUR).allowed is allowed


class TestNobodyElses:
    def test_without_a_subscription_there_is_no_access(self, customer: Customer) -> None:
        assert entitlement(customer, "prod_1", now=START) == Entitlement(
            False, Reason.NOT_SUBSCRIBED, explanation="no subscription to prod_1"
        )
        assert entitlement(customer, now=START).explanation == "never subscribed"
        assert entitlements(customer, now=START) == {}

    def test_a_deleted_customer_has_no_access(self, customer: Customer) -> None:
        subscribe()
        customer.deleted = True

        answer = entitlement(customer, "prod_1", now=START)
        assert (answer.allowed, answer.reason) == (False, Reason.CUSTOMER_DELETED)
        assert entitlements(customer, now=START) == {"prod_1": answer}

    @pytest.mark.parametrize(
        "other",
        [{"livemode": False}, {"account": "acct_1"}, {"provider": "x"}, {"customer_id": "cus_2"}],
    )
    def test_subscriptions_of_other_modes_accounts_or_customers_do_not_count(
        self, customer: Customer, other: dict[str, Any]
    ) -> None:
        subscribe(**other)

        assert entitlement(customer, now=START).reason is Reason.NOT_SUBSCRIBED


class TestGraceOfThePastDue:
    @pytest.mark.parametrize(
        ("bills", "since"),
        [
            ([("open", START)], START),
            ([("paid", START - 30 * DAY), ("open", START)], START),
            ([("open", START - 60 * DAY), ("paid", START - 30 * DAY), ("open", START)], START),
            ([("open", START - 30 * DAY), ("open", START)], START - 30 * DAY),
            ([("uncollectible", START - 30 * DAY), ("open", START)], START - 30 * DAY),
            ([("open", START - 30 * DAY), ("void", START)], START - 30 * DAY),
            ([("paid", START), ("open", START + 5 * DAY)], START + 5 * DAY),
            ([("draft", START + DAY)], START),
            ([("paid", START)], START),
        ],
    )
    def test_it_counts_from_the_first_bill_left_unpaid(
        self, customer: Customer, bills: list[tuple[str, datetime]], since: datetime
    ) -> None:
        subscribe("past_due")
        for status, created in bills:
            bill(status, created)

        assert entitlement(customer, now=START).until == since + GRACE

    def test_a_bill_to_be_paid_by_transfer_is_late_when_its_due_date_has_passed(
        self, customer: Customer
    ) -> None:
        subscribe("past_due")
        bill("open", START, due=START + 14 * DAY)

        assert entitlement(customer, now=START + 20 * DAY).allowed
        assert not entitlement(customer, now=START + 21 * DAY).allowed

    def test_bills_of_others_do_not_count(self, customer: Customer) -> None:
        subscribe("past_due")
        bill("open", START - 30 * DAY, subscription_id="sub_2")
        bill("open", START - 60 * DAY, livemode=False)

        assert entitlement(customer, now=START).until == START + GRACE


class TestSeveral:
    @pytest.mark.parametrize("turned", [False, True])
    @pytest.mark.parametrize(
        ("best", "other"),
        [
            ({"status": "active"}, {"status": "canceled", "ended_at": START}),
            ({"status": "active"}, {"status": "trialing", "trial_end": END - DAY}),
            ({"current_period_end": END + DAY}, {"current_period_end": END}),
            ({"current_period_end": None}, {"current_period_end": END}),
            ({"status": "past_due"}, {"status": "unpaid"}),
            ({"status": "active"}, {"status": "past_due"}),
            ({"status": "unpaid"}, {"status": "canceled", "ended_at": START}),
            ({"status": "paused"}, {"status": "incomplete_expired"}),
            (
                {"status": "canceled", "ended_at": START},
                {"status": "canceled", "ended_at": START - DAY},
            ),
            (
                {"status": "unpaid", "created_at": START},
                {"status": "incomplete", "created_at": START - DAY},
            ),
            ({"status": "unpaid", "created_at": START}, {"status": "incomplete"}),
        ],
    )
    def test_the_best_subscription_decides(
        self, customer: Customer, best: dict[str, Any], other: dict[str, Any], turned: bool
    ) -> None:
        rows: list[Callable[[], Subscription]] = [
            lambda: subscribe(id="sub_best", **best),
            lambda: subscribe(id="sub_other", **other),
        ]
        for make in reversed(rows) if turned else rows:
            make()

        assert entitlement(customer, "prod_1", now=START + HOUR).subscription_id == "sub_best"

    def test_each_product_is_decided_separately(self, customer: Customer) -> None:
        subscribe(id="sub_1", items=[item("prod_1"), item("prod_2")])
        subscribe("unpaid", id="sub_2", items=[item("prod_3")])

        answers = entitlements(customer, now=START)

        assert {product: answer.allowed for product, answer in answers.items()} == {
            "prod_1": True,
            "prod_2": True,
            "prod_3": False,
        }
        for product, answer in answers.items():
            assert entitlement(customer, product, now=START) == answer
        assert entitlement(customer, "prod_4", now=START).reason is Reason.NOT_SUBSCRIBED
        assert entitlement(customer, now=START).allowed

    def test_items_with_periods_of_their_own(self, customer: Customer) -> None:
        year = START + 365 * DAY
        subscribe(items=[item("prod_1", END), item("prod_2", year)])

        answers = entitlements(customer, now=START)
        assert (answers["prod_1"].until, answers["prod_2"].until) == (END, year)
        assert entitlement(customer, now=START).until == year

    def test_the_number_of_queries_does_not_grow(
        self, customer: Customer, django_assert_num_queries: DjangoAssertNumQueries
    ) -> None:
        for n in range(20):
            subscribe(id=f"sub_{n}", items=[item(f"prod_{n}")])
        with django_assert_num_queries(1):
            assert len(entitlements(customer, now=START)) == 20

        for n in range(20, 30):
            subscribe("past_due", id=f"sub_{n}", items=[item(f"prod_{n}")])
            bill("open", START, provider_id=f"in_{n}", subscription_id=f"sub_{n}")
        with django_assert_num_queries(2):
            assert len(entitlements(customer, now=START)) == 30
        with django_assert_num_queries(2):
            entitlement(customer, "prod_25", now=START)


@pytest.mark.parametrize("shape", [builders.subscription, builders.old_subscription])
def test_entitlements_follow_from_events(shape: Callable[..., dict[str, Any]]) -> None:
    send(event("customer.created", builders.customer()))
    send(event("customer.subscription.created", shape()))

    answer = entitlement(Customer.objects.get(), "prod_1", now=moment(NOON + 1))
    assert (answer.allowed, answer.until) == (True, moment(NOON + 2_592_000))


class TestOnTheCustomersPage:
    def shown(self, client: Client, customer: Customer) -> str:
        return client.get(f"/admin/billing/customer/{customer.pk}/change/").content.decode()

    def test_each_product_is_shown_with_its_reason(
        self, admin_client: Client, customer: Customer
    ) -> None:
        day = timezone.now().astimezone(UTC)
        subscribe(items=[item("prod_on")], current_period_end=day + DAY)
        subscribe("past_due", id="sub_2", items=[item("prod_off")])

        page = self.shown(admin_client, customer)

        assert "May use" in page
        assert f"Active until {day + DAY:%-d %B %Y}" in page
        assert "Past due since 3 April 2026, grace ended on 10 April 2026" in page
        assert "prod_on" in page
        assert "prod_off" in page

    def test_what_a_doubtful_subscription_could_turn_is_marked(
        self, admin_client: Client, customer: Customer, settings: Any
    ) -> None:
        settings.STRIPE_API_KEY = "rk_live_known_to_all"
        subscribe()
        subscribe("canceled", id="sub_2", items=[item("prod_2")])
        subscribe("canceled", id="sub_3", items=[item("prod_3")], in_doubt=True)

        page = self.shown(admin_client, customer)
        cells = [cell for cell in page.split("<td") if "In doubt" in cell]
        # Three refusals that each subscription could turn, and where it is listed.
        assert len(cells) == 4
        assert all("sub_3" in cell for cell in cells)
        assert "reconcile_billing" not in page

        sub = Subscription.objects.get(provider_id="sub_3")
        page = admin_client.get(f"/admin/billing/subscription/{sub.pk}/change/").content.decode()
        assert "reconcile_billing --type subscription --id sub_3 --repair" in page
        assert "In doubt" in admin_client.get("/admin/billing/subscription/").content.decode()

    def test_a_customer_without_subscriptions_is_shown(
        self, admin_client: Client, customer: Customer
    ) -> None:
        assert "Never subscribed" in self.shown(admin_client, customer)

    def test_provider_text_is_escaped(self, admin_client: Client, customer: Customer) -> None:
        subscribe("<b>odd", items=[item("<i>prod")])

        page = self.shown(admin_client, customer)
        assert "<b>odd" not in page
        assert "<i>prod" not in page
        assert "&lt;b&gt;odd" in page


@pytest.mark.parametrize(("days", "found"), [(-1, {"billing.E001"}), (0, set()), (7, set())])
def test_a_grace_below_zero_is_an_error(settings: Settings, days: int, found: set[str]) -> None:
    settings.BILLING_GRACE_DAYS = days

    assert {problem.id for problem in checks.run_checks(tags=["billing"])} == found
