"""Pages show nothing of a model to those who lack the permission for it, whosever page it is."""

from dataclasses import dataclass
from datetime import UTC, datetime
from html import unescape
from typing import Any, Final

import pytest
from django.contrib.auth.models import Group, Permission, User
from django.core.cache import cache
from django.db.models import Model
from django.test import Client
from django.utils import timezone

from billing.admin.values import REFERENCES
from billing.models import MODELS, BillingChange, Customer, IdempotencyKey, ProviderObject
from webhooks import tokens
from webhooks.alerts.evaluation import raise_at_once
from webhooks.models import Alert, ApiToken, AuditEntry, Refusal, Scope, WebhookEvent
from webhooks.monitoring.alert_rules import Finding
from webhooks.testing import deliver, sample

pytestmark = pytest.mark.django_db

EMAIL: Final = "marked@example.com"
NOTE: Final = "your permissions do not cover them"
SCREENS: Final[tuple[type[Model], ...]] = (
    *MODELS.values(),
    *(IdempotencyKey, WebhookEvent, Alert, Refusal, ApiToken, AuditEntry, User, Group),
)
EVERY: Final[tuple[type[Model], ...]] = (*SCREENS, BillingChange)


def screen(model: type[Model]) -> str:
    return f"/admin/{model._meta.app_label}/{model._meta.model_name}/"


def marks(model: type[Model]) -> set[str]:
    """The texts that tell of rows of a model, and stand in no other model's row."""
    if issubclass(model, ProviderObject):
        return {f"{1960 + list(MODELS).index(model.object_type)}-01-01", changed(model)}
    return {
        BillingChange: {changed(one) for one in MODELS.values()},
        WebhookEvent: {"marked error", "Failed events", "events not sealed yet"},
        Alert: {"marked alert", "Open alerts", "A secret proves nothing any more"},
        Refusal: {"marked-endpoint", "Refused within the hour"},
        Group: {"Marked group", "user-group relationship"},
    }.get(model, set())


def changed(model: type[ProviderObject]) -> str:
    return f"changed-{model.object_type}"


@dataclass
class Ground:
    """A row of every model, each of which names the others that it can."""

    rows: dict[type[Model], Any]

    @property
    def pages(self) -> list[str]:
        """The address of every page that shows rows."""
        lists = [screen(model) for model in SCREENS]
        objects = [f"{screen(model)}{row.pk}/change/" for model, row in self.rows.items()]
        return [
            *("/admin/", "/admin/webhooks/", "/admin/billing/", "/admin/auth/"),
            *("/admin/search/?s=e", "/admin/search/?s=e&extended=1"),
            *lists,
            # A search and the counts of filters in one: each page is asked for by many a test.
            *(f"{one}?q=customer_1&_facets=True" for one in lists),
            *objects,
            f"{screen(Customer)}{self.rows[Customer].pk}/erase/",
            f"{screen(WebhookEvent)}{self.rows[WebhookEvent].pk}/rerun/",
            f"{screen(User)}{self.rows[User].pk}/delete/",
        ]

    @property
    def searches(self) -> list[str]:
        """The address of each list of what is found by the customer's email address."""
        return [f"{screen(model)}?q={EMAIL}" for model in SCREENS]


@pytest.fixture(autouse=True)
def _nothing_cached() -> None:
    # Unfold remembers a search for screens for five minutes, by the user's key.
    cache.clear()


@pytest.fixture
def ground() -> Ground:
    told = sample("customer.created", id="customer_1", email=EMAIL)
    assert deliver(told).status_code == 200
    Customer.objects.all().delete()
    BillingChange.objects.all().delete()
    WebhookEvent.objects.update(status=WebhookEvent.Status.FAILED, last_error="marked error")
    event = WebhookEvent.objects.get()
    group = Group.objects.create(name="Marked group")
    # Of no staff: those who may delete accounts come to its page.
    person = User.objects.create(username="carl")
    person.groups.add(group)
    now = timezone.now()
    token, _ = tokens.create(
        User.objects.create(username="berta", is_staff=True),
        name="marked-token",
        scopes=Scope,
        actor="tests",
        now=now,
    )
    refusal = Refusal.objects.create(
        code="invalid_signature", endpoint="marked-endpoint", recorded_at=now
    )
    raise_at_once("secret_unproven", Finding("marked alert"), now=now)
    return Ground(
        {
            **{model: billed(model, event) for model in MODELS.values()},
            IdempotencyKey: IdempotencyKey.objects.create(
                scope="stripe", key="x", response_id="refund_1", created_at=now, expires_at=now
            ),
            WebhookEvent: event,
            Alert: Alert.objects.get(),
            Refusal: refusal,
            ApiToken: token,
            AuditEntry: AuditEntry.objects.latest("sequence"),
            User: person,
            Group: group,
        }
    )


def billed(model: type[ProviderObject], event: WebhookEvent) -> ProviderObject:
    scope = {"provider": "stripe", "account": "", "livemode": event.livemode}
    names = {field.name for field in model._meta.concrete_fields}
    row: ProviderObject = model._default_manager.create(
        provider_id=f"{model.object_type}_1",
        created_at=datetime(1960 + list(MODELS).index(model.object_type), 1, 1, tzinfo=UTC),
        snapshot_event_id=event.event_id,
        **{name: f"{REFERENCES[name].object_type}_1" for name in names & REFERENCES.keys()},
        **({"email": EMAIL} if model is Customer else {}),
        **scope,
    )
    BillingChange.objects.create(
        event_id=event.event_id,
        event_type="change.made",
        object_type=model.object_type,
        provider_id=row.provider_id,
        verdict=BillingChange.Verdict.APPLIED,
        reason="first",
        fields={"metadata": ["", changed(model)]},
        **scope,
    )
    return row


def log_in_without(model: type[Model] | None) -> Client:
    """A member of staff who may do everything, but for seeing one model."""
    user = User.objects.create(username="anna", is_staff=True)
    permissions = Permission.objects.all()
    if model is not None:
        opts = model._meta
        permissions = permissions.exclude(
            content_type__app_label=opts.app_label, codename=f"view_{opts.model_name}"
        )
    user.user_permissions.set(permissions)
    client = Client()
    client.force_login(user)
    return client


def shown(client: Client, pages: list[str]) -> dict[str, str]:
    """The text of each page that opens."""
    answers = {page: client.get(page) for page in pages}
    assert {one.status_code for one in answers.values()} <= {200, 302, 403, 404}
    return {
        page: unescape(answer.content.decode())
        for page, answer in answers.items()
        if answer.status_code == 200
    }


# Those who may change an account or a group see it by that, on its own screen. Without customers
# or events, most queries differ: what is asked for then is asked of both databases.
@pytest.mark.parametrize(
    "model",
    [
        pytest.param(one, marks=() if one in (Customer, WebhookEvent) else pytest.mark.pages)
        for one in EVERY
        if one not in (User, Group)
    ],
)
def test_nothing_is_shown_of_what_may_not_be_seen(ground: Ground, model: type[Model]) -> None:
    # Other models' rows are found by what the pages' own search finds them by.
    searches = ground.searches if model is Customer else []
    found = shown(log_in_without(model), [*ground.pages, *searches])

    assert len(found) > len(SCREENS)
    told = {*marks(model), screen(model)}
    wrong = [f"{page}: {mark}" for page, text in found.items() for mark in told if mark in text]
    assert not wrong, "\n".join(wrong)


@pytest.mark.pages
def test_nothing_is_shown_of_groups_on_the_screens_of_accounts(ground: Ground) -> None:
    own = screen(Group)
    found = shown(log_in_without(Group), [one for one in ground.pages if own not in one])

    assert f"{screen(User)}{ground.rows[User].pk}/change/" in found
    told = marks(Group)
    assert not [(page, mark) for page, text in found.items() for mark in told if mark in text]


def test_everything_is_shown_to_those_who_may_see_it(ground: Ground) -> None:
    pages = [*ground.pages, *ground.searches]
    found = shown(log_in_without(None), pages)

    assert set(found) == set(pages)
    for model in EVERY:
        elsewhere = "\n".join(text for page, text in found.items() if screen(model) not in page)
        # Of a customer, say, others show the changes and the id, which is theirs as well.
        assert any(mark in elsewhere for mark in {*marks(model), screen(model)}), model
    assert not [page for page, text in found.items() if NOTE in text]


@pytest.mark.parametrize(
    ("hidden", "page"),
    [
        *((model, WebhookEvent) for model in MODELS.values()),
        (BillingChange, WebhookEvent),
        *((model, Customer) for model in MODELS.values() if "customer_id" in dir(model)),
        (BillingChange, Customer),
        (WebhookEvent, Customer),
    ],
)
def test_a_note_says_that_something_is_left_out(
    ground: Ground, hidden: type[Model], page: type[Model]
) -> None:
    client = log_in_without(hidden)
    url = f"{screen(page)}{ground.rows[page].pk}/change/"

    (with_rows,) = shown(client, [url]).values()
    BillingChange.objects.all().delete()
    if hidden is not BillingChange:
        hidden._default_manager.all().delete()
    (without,) = shown(client, [url]).values()

    # Whether or not there is something: the note must not tell.
    assert with_rows.count(NOTE) == without.count(NOTE) == 1


@pytest.mark.parametrize("hidden", [Refusal, WebhookEvent])
def test_the_dashboard_says_that_something_is_left_out(ground: Ground, hidden: type[Model]) -> None:
    (text,) = shown(log_in_without(hidden), ["/admin/"]).values()

    assert text.count(NOTE) == 1


def test_nothing_is_left_out_of_the_trails_page_for_auditors() -> None:
    user = User.objects.create(username="anna", is_staff=True)
    user.groups.add(Group.objects.get(name="Auditor"))
    client = Client()
    client.force_login(user)

    (text,) = shown(client, [screen(AuditEntry)]).values()

    assert NOTE not in text
    for rows in ("Events", "Attempts", "Replays", "Erasure requests", "Suppressed ids"):
        assert f"{rows} not sealed yet" in text


def test_an_email_finds_nothing_for_those_who_may_not_see_customers(ground: Ground) -> None:
    pages = [f"{screen(model)}?q={EMAIL}" for model in MODELS.values() if model is not Customer]
    client = log_in_without(Customer)

    for page in pages:
        answer = client.get(page)
        assert not list(answer.context["cl"].result_list), page
        assert "email" not in str(answer.context["cl"].search_help_text)


@pytest.mark.parametrize(
    ("listed", "hidden", "lookup"),
    [
        (User, Group, "groups__id__exact"),
        (User, Group, "groups"),
        (User, ApiToken, "api_tokens__id__exact"),
        (Group, User, "user__id__exact"),
    ],
)
def test_an_address_asks_for_no_relation_that_may_not_be_seen(
    ground: Ground, listed: type[Model], hidden: type[Model], lookup: str
) -> None:
    url = f"{screen(listed)}?{lookup}={ground.rows[hidden].pk}"

    assert log_in_without(hidden).get(url).status_code == 400
