"""Who may go where: every role, at every address, with every method.

An address that the table does not name fails the test, so that none comes without a decision.
"""

import re
from dataclasses import dataclass
from typing import Any, Final

import pytest
from django.contrib.auth.models import Group, User
from django.test import Client
from django.utils import timezone

from billing.models import MODELS, IdempotencyKey
from payments_project.staff.roles import ROLES
from tests.addresses import routes
from webhooks import tokens
from webhooks.alerts.evaluation import raise_at_once
from webhooks.models import Alert, AuditEntry, Refusal, Replay, Scope, WebhookEvent
from webhooks.monitoring.alert_rules import Finding
from webhooks.testing import deliver, sample
from webhooks.testing.api_client import bearer, issue

pytestmark = pytest.mark.django_db

# Roles: nobody in particular on staff, the three groups, and superusers.
STAFF: Final = "NSOAU"
NO_ONE: Final = ""
READERS: Final = "SOAU"
LETTERS: Final = {"N": "", "S": "Support", "O": "Operator", "A": "Auditor", "U": "superuser"}
STRANGERS: Final = ("anonymous", "not on staff")

IN, LOGIN, DENIED, UNKNOWN, NOT_ALLOWED = "in", "log-in page", "denied", "unknown", "not allowed"


@dataclass(frozen=True)
class Row:
    """Who gets in with GET and with POST, where that is allowed; others of the staff are denied."""

    get: str
    post: str | None
    others: str = DENIED

    def expected(self, letter: str, method: str) -> str:
        """How a member of staff fares."""
        allowed = self.get if method == "get" else self.post
        if allowed is None:
            return NOT_ALLOWED
        return IN if letter in allowed else self.others


def read_only(readers: str) -> dict[str, Row]:
    """The screens on which nothing can be changed by anybody."""
    return {
        "": Row(readers, readers),
        "add/": Row(NO_ONE, NO_ONE),
        "<path:object_id>/": Row(STAFF, STAFF),
        "<path:object_id>/change/": Row(readers, NO_ONE),
        "<path:object_id>/delete/": Row(NO_ONE, NO_ONE),
        "<path:object_id>/history/": Row(readers, readers),
    }


def editable(readers: str, editors: str) -> dict[str, Row]:
    """The screens of what can be changed."""
    return read_only(readers) | {
        "add/": Row(editors, editors),
        "<path:object_id>/change/": Row(readers, editors),
        "<path:object_id>/delete/": Row(editors, editors),
    }


def of_model(label: str, rows: dict[str, Row]) -> dict[str, Row]:
    return {f"admin/{label}/{route}": row for route, row in rows.items()}


EVENT: Final = "admin/webhooks/webhookevent/<path:object_id>"
ADMIN: Final[dict[str, Row]] = {
    "admin/": Row(STAFF, STAFF),
    "admin/search/": Row(STAFF, STAFF),
    "admin/autocomplete/": Row(NO_ONE, None),
    "admin/jsi18n/": Row(STAFF, None),
    "admin/r/<path:content_type_id>/<path:object_id>/": Row(NO_ONE, NO_ONE, UNKNOWN),
    "admin/^(?P<app_label>webhooks|billing|auth)/$": Row(READERS, READERS, UNKNOWN),
    "admin/(?P<url>.*)$": Row(NO_ONE, NO_ONE, UNKNOWN),
    "admin/password_change/": Row(STAFF, STAFF),
    "admin/password_change/done/": Row(STAFF, None),
    "admin/second-factor/": Row(STAFF, STAFF),
    "admin/second-factor/code/": Row(STAFF, STAFF),
    **of_model("webhooks/webhookevent", read_only(READERS)),
    f"{EVENT}/rerun/": Row("SOU", "SOU"),
    f"{EVENT}/ignore/": Row("OU", "OU"),
    f"{EVENT}/raw/": Row("OU", "OU"),
    **of_model("webhooks/alert", read_only(READERS)),
    "admin/webhooks/alert/<path:object_id>/acknowledge/": Row("OU", "OU"),
    "admin/webhooks/alert/<path:object_id>/mute/": Row("OU", "OU"),
    **of_model("webhooks/apitoken", read_only("OAU")),
    **of_model("webhooks/refusal", read_only(READERS)),
    **of_model("webhooks/auditentry", read_only("AU")),
    "admin/webhooks/auditentry/export/": Row("AU", "AU"),
    "admin/billing/customer/<path:object_id>/erase/": Row("OU", "OU"),
    **of_model("billing/idempotencykey", read_only("OU")),
    **of_model("auth/user", editable("AU", "U")),
    "admin/auth/user/<id>/password/": Row("U", "U"),
    **of_model("auth/group", editable("AU", "U")),
    **{
        route: row
        for model in MODELS.values()
        for route, row in of_model(f"billing/{model._meta.model_name}", read_only(READERS)).items()
    },
}
OPEN_ADMIN: Final = {"admin/login/", "admin/logout/"}

API: Final[dict[str, Row]] = {
    "api/v1/^events$": Row(READERS, NO_ONE),
    "api/v1/^events/(?P<event_id>[^/]+)$": Row(READERS, NO_ONE),
    "api/v1/events/<event_id>/attempts": Row(READERS, NO_ONE),
    "api/v1/events/<event_id>/changes": Row(READERS, NO_ONE),
    "api/v1/events/<event_id>/replay": Row(NO_ONE, "SOU"),
    "api/v1/customers/<provider_id>/entitlements": Row(READERS, NO_ONE),
    **{
        f"api/v1/^{path}{rest}": Row(READERS, NO_ONE)
        for path in [
            *("customers", "subscriptions", "invoices", "payment-intents", "charges", "refunds"),
            *("disputes", "checkout-sessions", "payouts", "credit-notes", "balance-transactions"),
            *("payment-methods", "setup-intents", "products", "prices", "coupons"),
            *("promotion-codes", "discounts"),
        ]
        for rest in ("$", "/(?P<provider_id>[^/]+)$")
    },
    # What costs customers money is made by programs, for which no group is meant.
    **{
        f"api/v1/^{path}$": Row(READERS, "U")
        for path in ("checkout-sessions", "payment-intents", "refunds")
    },
}

READ_EVENTS, READ_BILLING = frozenset({Scope.EVENTS_READ}), frozenset({Scope.BILLING_READ})
SCOPES: Final[dict[str, frozenset[Scope]]] = {
    **dict.fromkeys(API, READ_BILLING),
    **{route: READ_EVENTS for route in API if "events" in route},
    # It is at an event's address, and tells what stands in billing objects.
    "api/v1/events/<event_id>/changes": READ_EVENTS | READ_BILLING,
}
"""Per address, the scopes that a token needs to read there."""

PUBLIC: Final = {
    "": "leads to the admin",
    "api/schema/": "the API's description",
    "api/docs/": "pages that show it",
    "^api(?:/|\\Z)": "problem documents for what is not there",
    "healthz": "probes have no account",
    "metrics": "scrapers have a token, where one is set",
    "readyz": "probes have no account",
    r"webhooks/^(?P<endpoint>[\s\S]*?)/?\Z": "providers prove themselves by signatures",
}


@dataclass
class Ground:
    """One object of each kind, for addresses to name."""

    objects: dict[str, Any]

    def url(self, route: str) -> str:
        """An address of a route that names what is there."""
        model = next((name for name in self.objects if f"/{name}/" in route), "")
        if model:
            route = re.sub(r"<(path:object_)?id>", str(self.objects[model].pk), route)
        event, customer = self.objects["webhookevent"], self.objects["customer"]
        for part, value in {
            "<path:content_type_id>": "1",
            "<path:object_id>": "1",
            "(?P<app_label>webhooks|billing|auth)": "webhooks",
            "(?P<url>.*)": "no/such/page",
            "(?P<event_id>[^/]+)": event.event_id,
            "<event_id>": event.event_id,
            "(?P<provider_id>[^/]+)": customer.provider_id,
            "<provider_id>": customer.provider_id,
        }.items():
            route = route.replace(part, value)
        return "/" + route.replace("^", "").replace("$", "")


@pytest.fixture
def ground() -> Ground:
    told = sample("test.happened")
    assert deliver(told).status_code == 200
    raise_at_once("refusals", Finding("marked"), now=timezone.now())
    other = User.objects.create(username="other", is_staff=True)
    token, _ = tokens.create(other, name="test", scopes=Scope, actor="test", now=timezone.now())
    objects = {
        str(model._meta.model_name): model._default_manager.create(
            provider="stripe", provider_id="x_1", livemode=False
        )
        for model in MODELS.values()
    }
    return Ground(
        {
            **objects,
            "webhookevent": WebhookEvent.objects.get(event_id=told["id"]),
            "alert": Alert.objects.get(),
            "apitoken": token,
            "idempotencykey": IdempotencyKey.objects.create(
                scope="stripe", key="x", created_at=timezone.now(), expires_at=timezone.now()
            ),
            "refusal": Refusal.objects.create(code="invalid_signature", recorded_at=timezone.now()),
            "auditentry": AuditEntry.objects.latest("sequence"),
            "user": other,
            "group": Group.objects.create(name="other"),
        }
    )


def browser(role: str) -> Client:
    """The browser of somebody in a role."""
    client = Client()
    if role == "anonymous":
        return client
    user = User.objects.create(
        username=f"{role or 'nobody'}'s",
        is_staff=role != "not on staff",
        is_superuser=role == "superuser",
    )
    if role in ROLES:
        user.groups.add(Group.objects.get(name=role))
    client.force_login(user)
    return client


def outcome(answer: Any) -> str:
    """What an answer comes to."""
    status = answer.status_code
    if status == 302 and answer.headers["Location"].startswith("/admin/login/"):
        return LOGIN
    codes = {401: LOGIN, 403: DENIED, 404: UNKNOWN, 405: NOT_ALLOWED}
    assert status < 500, f"{answer.request['REQUEST_METHOD']} {answer.request['PATH_INFO']}"
    return codes.get(status, IN)


def test_every_address_is_in_the_table() -> None:
    there = set(routes())

    assert there == {*ADMIN, *OPEN_ADMIN, *API, *PUBLIC}


# To a superuser every page opens, with all that others' pages ask the database for.
@pytest.mark.parametrize(
    "role",
    [
        *(pytest.param(role, marks=pytest.mark.pages) for role in (*STRANGERS, *ROLES, "")),
        LETTERS["U"],
    ],
)
def test_every_role_at_every_admin_address(ground: Ground, role: str) -> None:
    client = browser(role)
    letter = next((letter for letter, name in LETTERS.items() if name == role), "")
    before = list(User.objects.order_by("pk").values()), Replay.objects.count()
    wrong = []
    for route, row in ADMIN.items():
        url = ground.url(route)
        for method in ("get", "post"):
            expected = LOGIN if role in STRANGERS else row.expected(letter, method)
            got = outcome(getattr(client, method)(url))
            if got != expected:
                wrong.append(f"{method} {url}: {got}, not {expected}")

    assert not wrong, "\n".join(wrong)
    # Empty forms change nothing, whoever sends them.
    assert before == (list(User.objects.order_by("pk").values()), Replay.objects.count())


@pytest.mark.pages
@pytest.mark.parametrize("method", ["head", "put", "delete"])
def test_other_methods_open_nothing(ground: Ground, method: str) -> None:
    stranger, nobody = browser("anonymous"), browser("")
    for route, row in ADMIN.items():
        url = ground.url(route)
        assert outcome(getattr(stranger, method)(url)) == LOGIN, url
        if "N" not in row.get:
            assert outcome(getattr(nobody, method)(url)) != IN, url


def test_a_forged_post_is_refused_everywhere(ground: Ground) -> None:
    client = browser("superuser")
    client.handler.enforce_csrf_checks = True
    for route in [*ADMIN, *OPEN_ADMIN]:
        url = ground.url(route)
        assert outcome(client.post(url)) == DENIED, url


@pytest.mark.parametrize("role", [*STRANGERS, *LETTERS.values()])
def test_every_role_at_every_api_address(ground: Ground, role: str) -> None:
    client = browser(role)
    letter = next((letter for letter, name in LETTERS.items() if name == role), "")
    wrong = []
    for route, row in API.items():
        url = ground.url(route)
        for method in ("get", "post"):
            got = outcome(client.generic(method.upper(), url, "{}", "application/json"))
            expected = {LOGIN} if role == "anonymous" else {DENIED, NOT_ALLOWED}
            if letter and row.expected(letter, method) == IN:
                expected = {IN}
            if got not in expected:
                wrong.append(f"{method} {url}: {got}, not {expected}")

    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("lacking", Scope)
def test_a_token_reads_only_where_it_has_every_scope(ground: Ground, lacking: Scope) -> None:
    superuser = User.objects.create(username="anna", is_superuser=True)
    for scopes in ({lacking}, set(Scope) - {lacking}):
        _, key = issue(superuser, scopes)
        for route, needed in SCOPES.items():
            got = outcome(bearer(key).get(ground.url(route)))
            # There is nothing to be read where events are processed again.
            refused = {DENIED} if not needed <= scopes else {IN, UNKNOWN, NOT_ALLOWED}
            if API[route].get == NO_ONE:
                refused = {DENIED, NOT_ALLOWED}
            assert got in refused, f"{route} with {sorted(scopes)}: {got}"


ACTS: Final = {
    ("rerun_selected", 1): "SOU",
    ("rerun_selected", 2): "OU",
    ("ignore_selected", 1): "OU",
}


@pytest.mark.parametrize(("act", "count"), ACTS)
@pytest.mark.parametrize("letter", LETTERS)
def test_only_roles_with_the_permission_act_on_ticked_events(
    letter: str, act: str, count: int
) -> None:
    events = [sample("test.happened") for _ in range(count)]
    for event in events:
        deliver(event)
    WebhookEvent.objects.update(status=WebhookEvent.Status.FAILED)
    pks = list(WebhookEvent.objects.values_list("pk", flat=True))

    browser(LETTERS[letter]).post(
        "/admin/webhooks/webhookevent/",
        {"action": act, "_selected_action": pks, "reason": "asked", "force": "on"},
    )

    is_done = letter in ACTS[act, count]
    assert Replay.objects.exists() is is_done
    failed = WebhookEvent.objects.filter(status=WebhookEvent.Status.FAILED)
    assert failed.count() == (0 if is_done else count)
    if act == "rerun_selected" and is_done:
        assert Replay.objects.get().force is (letter in "OU")


@pytest.mark.parametrize("letter", LETTERS)
def test_only_roles_with_the_permission_revoke_tokens(ground: Ground, letter: str) -> None:
    token = ground.objects["apitoken"]

    browser(LETTERS[letter]).post(
        "/admin/webhooks/apitoken/", {"action": "revoke_selected", "_selected_action": [token.pk]}
    )

    token.refresh_from_db()
    assert (token.revoked_at is not None) is (letter in "OU")


def test_the_groups_have_what_the_roles_say() -> None:
    for role, permissions in ROLES.items():
        held = Group.objects.get(name=role).permissions.values_list(
            "content_type__app_label", "codename"
        )
        assert {f"{app}.{codename}" for app, codename in held} == permissions


def test_auditors_change_nothing() -> None:
    verbs = {name.partition(".")[2].partition("_")[0] for name in ROLES["Auditor"]}

    assert verbs == {"view", "export"}
