"""What a payload's page masks is masked wherever staff and programs are shown it."""

import json
import re
from collections.abc import Iterator
from contextlib import suppress
from datetime import timedelta
from html import unescape
from typing import Any, Final

import pytest
from django.contrib.auth.models import Group, Permission, User
from django.core.management import CommandError, call_command
from django.db.models import Model
from django.test import Client
from django.utils import timezone

from billing.idempotency import keys
from billing.idempotency.encryption import encrypt
from billing.models import MODELS, BillingChange, Customer, IdempotencyKey
from tests.addresses import routes
from tests.marked import CARD, EMAIL, PHONE, marked
from webhooks import audit
from webhooks.alerts.evaluation import evaluate
from webhooks.events import Event
from webhooks.exceptions import PermanentFailure
from webhooks.models import Alert, ApiToken, AuditEntry, Refusal, WebhookEvent
from webhooks.privacy.masking import MASK, mask_json
from webhooks.testing import deliver
from webhooks.testing import stripe_objects as objects
from webhooks.testing.api_client import caller, issue
from webhooks.testing.fake_stripe import Served, customers, deliverable
from webhooks.testing.plugin import Subscribe
from webhooks.testing.stripe_events import envelope
from webhooks.testing.stripe_objects import catalog

pytestmark = pytest.mark.django_db

NOW: Final = 1_790_000_000
SECRETS: Final = {
    "api_key": "rk_live_Zq81MARKEDkey000000001",
    "door": "pi_3Zq_secret_MARKEDclient000002",
    "wifi_password": "MARKED-password-03",
    "reset": "https://shop.example/r?to=jo.Zq81marked%40example.com",
    "twice": "https://shop.example/r?to=jo.Zq82marked%2540example.com",
    "contact_email": "jo.Zq83marked@example.com",
    "card": CARD,
    "accessToken": "MARKED-access-token-04",
    "emailaddress": "MARKED at example, 05",
    "header": "Bearer MARKED-bearer-06",
    "jwt": "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJNQVJLIn0.MARKED-07",
    "link": "https://shop.example/reset?token=MARKED-08",
    "encoded": "https://shop.example/?cs=pi_3Zq%5Fsecret%5FMARKED000009",
    "page": "https://invoice.stripe.com/i/acct_1/live_MARKED_10",
    "typed": "https://shop.example/?n=4242+4242%204242.4242",
}
KINDS: Final = {
    "customer.created": objects.customer(NOW),
    "customer.subscription.created": objects.subscription(NOW),
    "invoice.created": objects.invoice(NOW),
    "payment_intent.created": objects.payment_intent(NOW),
    "charge.succeeded": objects.charge(NOW),
    "charge.refund.updated": objects.refund(NOW),
    "charge.dispute.created": objects.dispute(NOW),
    "checkout.session.completed": objects.checkout_session(NOW),
    "payout.paid": objects.payout(NOW),
    "credit_note.created": catalog.credit_note(NOW),
    "payout.updated": catalog.balance_transaction(NOW),
    "payment_method.attached": catalog.payment_method(NOW),
    "setup_intent.created": catalog.setup_intent(NOW),
    "product.created": catalog.product(NOW),
    "price.created": catalog.price(NOW),
    "coupon.created": catalog.coupon(NOW),
    "promotion_code.created": catalog.promotion_code(NOW),
    "customer.discount.created": catalog.discount(NOW),
}
HOLDER: Final = "Zora Zq84holder"
OWN_COLUMNS: Final = {EMAIL, HOLDER, PHONE}
"""What stands in a customer's own columns, for those who may see customers."""

PUBLIC: Final = re.compile(
    r"schema|docs|healthz|readyz|metrics|webhooks/\^|^$|\^api|log|jsi18n|\?P<url>|autocomplete|admin/r/"
)
"""Addresses that show nothing of any row."""

NEVER: Final = re.compile(r"/add/$|/delete/$|/password/$|/code/$|admin/\w+/\w+/\d+/$|/replay$")
"""Those that nobody is answered at, or that lead elsewhere, or only take a POST."""

FORBIDDEN: Final = {
    "Support": r"auth/|apitoken/|auditentry/|idempotencykey/|/(ignore|raw|erase|acknowledge|mute)/",
    "Operator": r"auth/|auditentry/",
    "Auditor": r"idempotencykey/|/rerun/|/ignore/|/raw/|/erase/|/acknowledge/|/mute/",
}
"""Those that a group is refused at, for want of a permission."""

QUERIES: Final = {"admin": ("q=cus", "o=-1", "q=none"), "api": ("page_size=1", "livemode=false")}
"""What is asked of every list."""

POSTED: Final = {
    "Support": {"webhookevent", "rerun", "replay"},
    "Operator": {"webhookevent", "rerun", "replay", "ignore", "raw", "erase"},
    "Auditor": {"webhookevent", "export"},
}
"""Where each group is answered when it posts."""

OPENING: Final = {*SECRETS} - {"reset", "twice", "contact_email", "emailaddress"}
"""What opens something, and a card's number: kept back from whoever sees payloads unmasked."""


@pytest.fixture
def events(subscribe: Subscribe) -> list[WebhookEvent]:
    """An event of each kind of object, with secrets and personal texts wherever they may be.

    Beside them, what has pages of its own: a token, a refusal, an error, entries of the trail.
    """
    for kind, subject in KINDS.items():
        told = marked(subject)
        told["metadata"] = told.get("metadata", {}) | SECRETS
        if kind == "customer.created":
            told["name"] = HOLDER  # the other name is in free texts as well, which are shown
        told["description"] = f"Call {EMAIL}, {CARD}"
        assert deliver(envelope(kind, told, NOW)).status_code == 200
    assert not WebhookEvent.objects.exclude(status="processed").exists()
    assert {*BillingChange.objects.values_list("object_type", flat=True)} == {*MODELS}

    def quote(told: Event) -> None:
        raise PermanentFailure(f"{told.payload['data']['object']}")

    subscribe(quote)
    # What its key alone tells to be personal is not known in a text.
    quoted = {name: text for name, text in SECRETS.items() if name != "emailaddress"}
    deliver(envelope("test.failed", {"object": "test", "id": "t_1", **quoted}, NOW))
    Client().post("/webhooks/stripe", b"{}", content_type="application/json")
    assert Refusal.objects.exists()
    assert evaluate()
    assert Alert.objects.get().rule == "events_failed"
    till = User.objects.create(username="program")
    issue(till)
    begun = keys.begin(
        f"api:{till.pk}",
        f"for {EMAIL}, {SECRETS['header']}",
        "",
        now=timezone.now(),
        lease=timedelta(0),
        lifetime=timedelta(days=1),
    )
    assert isinstance(begun, keys.Started)
    body = encrypt(json.dumps({"data": SECRETS, "headers": {}}), begun.row_reference)
    assert keys.complete(begun, keys.StoredResponse(201, id="re_1", body=body))
    audit.seal(now=timezone.now())
    return list(WebhookEvent.objects.order_by("pk"))


def leaves(value: Any) -> Iterator[str]:
    """The texts in a JSON value."""
    if isinstance(value, dict):
        value = [*value, *value.values()]
    if isinstance(value, list):
        for each in value:
            yield from leaves(each)
    elif isinstance(value, str):
        yield value


def hidden(events: list[WebhookEvent], *, personal: bool = True) -> set[str]:
    """The texts that the payloads' pages keep back; those that even the unmasked ones do."""
    payloads = [json.loads(bytes(event.body or b"")) for event in events]
    masked = [mask_json(one, MASK, personal=personal) for one in payloads]
    shown = json.dumps(masked, ensure_ascii=False)
    # The shorter ones are in every page, as a part of something else.
    kept = {text for one in payloads for text in leaves(one) if len(text) > 5 and text not in shown}
    assert {EMAIL, HOLDER, PHONE, *SECRETS.values()} <= kept or not personal
    assert {text for name, text in SECRETS.items() if name in OPENING} <= kept
    return kept


def addresses(events: list[WebhookEvent]) -> set[str]:
    """Every address, with each object and event that it can name; lists with queries, too."""
    shown: tuple[type[Model], ...] = (
        *(Alert, ApiToken, AuditEntry, IdempotencyKey, Refusal, User, Group),
        *MODELS.values(),
    )
    rows: dict[str, list[Any]] = {
        str(model._meta.model_name): list(model._default_manager.all()) for model in shown
    }
    rows["webhookevent"] = events
    found = set()
    for route in routes():
        if PUBLIC.search(route):
            continue
        path = "/" + re.sub(r"\(\?P<app_label>(\w+)[^)]*\)", r"\1", route)
        path = path.replace("^", "").replace("$", "")
        name = next((name for name in rows if f"/{name}/" in path), "")
        plural = re.search(r"api/v1/([a-z-]+)s/", path)
        ids = [
            row.provider_id
            for kind, model in MODELS.items()
            if plural and re.sub("[_.]", "-", kind) == plural[1]
            for row in model._default_manager.all()
        ]
        for row in rows.get(name) or [None]:
            for event in events:
                for provider_id in ids or ["x"]:
                    url = re.sub(r"<(path:object_)?id>", str(row.pk if row else 1), path)
                    url = re.sub(r"\(\?P<event_id>[^)]*\)|<event_id>", event.event_id, url)
                    url = re.sub(r"\(\?P<provider_id>[^)]*\)|<provider_id>", provider_id, url)
                    found.add(url.replace("entitlements", "entitlements?product=prod_1"))
    lists = {url for url in found if re.fullmatch(r"/admin/\w+/\w+/|/api/v1/[\w-]+", url)}
    asked = {f"{url}?{query}" for url in lists for query in QUERIES[url.split("/")[1]]}
    return found | {url for url in asked if "/admin/auth/" not in url}


def somebody(*, sees_customers: bool) -> Client:
    """Somebody on the staff who may see everything, or everything but customers."""
    user = User.objects.create(username="anna", is_staff=True)
    seen = Permission.objects.filter(codename__startswith="view_").exclude(
        codename="view_raw_payload"
    )
    user.user_permissions.set(
        seen if sees_customers else seen.exclude(codename=f"view_{Customer._meta.model_name}")
    )
    client = Client()
    client.force_login(user)
    return client


def member(role: str) -> Client:
    """Somebody of a group of the staff's."""
    user = User.objects.create(username="anna", is_staff=True)
    user.groups.set(Group.objects.filter(name=role))
    client = Client()
    client.force_login(user)
    return client


def leaks(page: bytes, kept: set[str], where: str) -> list[str]:
    """Which texts something shows that it must not."""
    told = unescape(page.decode())
    # As it has them, and as JSON has them.
    told += told.encode().decode("unicode_escape", errors="ignore") if "\\u" in told else ""
    return [f"{where}: {text}" for text in kept if text in told]


def read(client: Client, urls: set[str], kept: set[str]) -> tuple[list[str], set[str]]:
    """What leaks at some addresses, and at which of them nothing is shown."""
    found, unseen = [], set()
    for url in sorted(urls):
        answer = client.get(url)
        assert answer.status_code < 500, url
        if answer.status_code != 200:
            unseen.add(url)
        found += leaks(answer.getvalue(), kept, url)
    return found, unseen


def test_nobody_who_may_not_see_customers_is_shown_what_payloads_hide(
    events: list[WebhookEvent],
) -> None:
    client = somebody(sees_customers=False)

    found, unseen = read(client, addresses(events), hidden(events))

    assert found == []
    assert unseen


@pytest.mark.pages
@pytest.mark.parametrize("role", FORBIDDEN)
def test_each_group_is_shown_customers_own_columns_alone(
    events: list[WebhookEvent], role: str
) -> None:
    client, urls = member(role), addresses(events)
    customer = Customer.objects.get()
    page = client.get(f"/admin/billing/customer/{customer.pk}/change/").content.decode()

    # An event, what it changed, and an object's history have them nowhere.
    about_events = {url for url in urls if "event" in url}

    found, unseen = read(client, urls - about_events, hidden(events) - OWN_COLUMNS)
    found_there, unseen_there = read(client, about_events, hidden(events))

    assert EMAIL in page
    assert found + found_there == []
    refused = {url for url in urls if NEVER.search(url) or re.search(FORBIDDEN[role], url)}
    assert unseen | unseen_there == refused
    assert HOLDER not in client.get(f"/api/v1/events/{events[0].event_id}/changes").content.decode()


@pytest.mark.pages
@pytest.mark.parametrize("role", FORBIDDEN)
def test_what_is_posted_is_answered_with_nothing_hidden(
    events: list[WebhookEvent], role: str
) -> None:
    client, customer = member(role), Customer.objects.get()
    kept, opening = hidden(events), hidden(events, personal=False)
    asked = {"reason": "asked for"}
    posts: list[tuple[str, dict[str, Any]]] = [
        ("/admin/webhooks/webhookevent/", {"action": name, "_selected_action": [event.pk]})
        for name in ("rerun_selected", "ignore_selected")
        for event in events
    ]
    for event in events:
        start = f"/admin/webhooks/webhookevent/{event.pk}"
        acts = ("rerun", "ignore", "raw")
        posts += [(f"{start}/{act}/", data) for act in acts for data in ({}, asked)]
        posts.append((f"/api/v1/events/{event.event_id}/replay", asked))
    posts.append((f"/admin/billing/customer/{customer.pk}/erase/", {"customer_id": "x"} | asked))
    posts.append(("/admin/webhooks/auditentry/export/", {}))
    answered, raw = set(), b""
    for url, data in posts:
        how = {"content_type": "application/json"} if "/api/" in url else {"follow": True}
        answer = client.post(url, data, **how)
        assert answer.status_code in (200, 202, 403), url
        if answer.status_code != 403:
            answered.add(url.strip("/").split("/")[-1])
        page = answer.getvalue()
        # Who may see payloads unmasked is shown the person, and no secret.
        is_raw = url.endswith("/raw/") and "reason" in data
        raw += page if is_raw else b""
        assert leaks(page, opening if is_raw else kept - OWN_COLUMNS, url) == []

    assert (EMAIL.encode() in raw) is (role == "Operator")
    assert answered == POSTED[role]


def test_a_program_is_shown_nothing_hidden(events: list[WebhookEvent]) -> None:
    seen: tuple[type[Model], ...] = (WebhookEvent, BillingChange, *MODELS.values())
    names = [model._meta.model_name for model in seen if model is not Customer]
    program = caller(*(f"view_{name}" for name in names))
    urls = {url for url in addresses(events) if url.startswith("/api/")}

    found, unseen = read(program, urls, hidden(events))

    assert found == []
    assert unseen


def test_commands_print_nothing_hidden(
    stripe: Served, events: list[WebhookEvent], capfd: pytest.CaptureFixture[str]
) -> None:
    home = stripe.world.account()
    made = customers.create(home, name=HOLDER, email=EMAIL, metadata=SECRETS)
    deliver(deliverable(stripe.world)[-1])
    customers.update(home, made["id"], metadata=SECRETS | {"wifi_password": "MARKED-other-11"})
    # What a provider's word should be may be anything once somebody has written it.
    Customer.objects.filter(provider_id=made["id"]).update(currency=EMAIL)
    for command in (
        ["reconcile_billing"],
        ["process_events"],
        ["replay_events", "--reason=x"],
        ["replay_events", "--reason=x", "--status=failed"],
        ["release_event", events[-1].event_id, "--reason=x"],
        ["erase_customer", made["id"], "--reason=x", "--dry-run"],
        ["erase_customer", made["id"], "--reason=x"],
        ["cleanup_events"],
        ["audit", "verify"],
        ["audit", "status"],
        ["api_token", "list"],
    ):
        with suppress(CommandError) as _:
            call_command(*command)
    said = "".join(capfd.readouterr())

    assert made["id"] in said
    assert leaks(said.encode(), hidden(events) | {"MARKED-other-11"}, "commands") == []


@pytest.mark.parametrize(
    ("screen", "column"),
    [
        *(("billing/checkoutsession", name) for name in ("customer_email", "client_reference_id")),
        *(("billing/paymentintent", name) for name in ("description", "error_message")),
        ("billing/charge", "failure_message"),
        ("billing/charge", "card_last4"),
        ("billing/customer", "phone"),
        ("webhooks/webhookevent", "body"),
    ],
)
@pytest.mark.parametrize("lookup", ["", "__exact", "__startswith", "__isnull"])
def test_no_list_tells_masked_values_by_what_it_finds(
    screen: str, column: str, lookup: str
) -> None:
    address = f"/admin/{screen}/?{column}{lookup}=1"

    assert somebody(sees_customers=True).get(address).status_code == 400
