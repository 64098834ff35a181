"""What a payload's page masks is masked wherever staff and programs are shown it."""

import json
import re
from collections.abc import Iterator
from typing import Any, Final

import pytest
from django.contrib.auth.models import Permission, User
from django.test import Client

from billing.models import MODELS, BillingChange, Customer
from tests.addresses import routes
from tests.marked import CARD, EMAIL, PHONE, marked
from webhooks.models import WebhookEvent
from webhooks.privacy.masking import MASK, mask_json
from webhooks.testing import deliver
from webhooks.testing import stripe_objects as objects
from webhooks.testing.stripe_events import envelope

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
}
HOLDER: Final = "Zora Zq84holder"
OWN_COLUMNS: Final = {EMAIL, HOLDER, PHONE}
"""What stands in a customer's own columns, for those who may see customers."""

PUBLIC: Final = re.compile(r"schema|docs|healthz|readyz|metrics|webhooks/\^|^$|\^api|log|jsi18n")
"""Addresses that show nothing of any row."""


@pytest.fixture
def events() -> list[WebhookEvent]:
    """An event of each kind of object, with secrets and personal texts wherever they may be."""
    for kind, subject in KINDS.items():
        told = marked(subject)
        told["metadata"] = told.get("metadata", {}) | SECRETS
        if kind == "customer.created":
            told["name"] = HOLDER  # the other name is in free texts as well, which are shown
        told["description"] = f"Call {EMAIL}, {CARD}"
        assert deliver(envelope(kind, told, NOW)).status_code == 200
    assert not WebhookEvent.objects.exclude(status="processed").exists()
    assert {*BillingChange.objects.values_list("object_type", flat=True)} == {*MODELS}
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


def hidden(events: list[WebhookEvent]) -> set[str]:
    """The texts that the payloads' pages keep back."""
    payloads = [json.loads(bytes(event.body or b"")) for event in events]
    shown = json.dumps([mask_json(one, MASK) for one in payloads], ensure_ascii=False)
    # The shorter ones are in every page, as a part of something else.
    kept = {text for one in payloads for text in leaves(one) if len(text) > 5 and text not in shown}
    assert {EMAIL, HOLDER, PHONE, *SECRETS.values()} <= kept
    return kept


def addresses(events: list[WebhookEvent]) -> set[str]:
    """Every address, with each object and event that it can name."""
    rows: dict[str, list[Any]] = {name: [] for name in ("webhookevent", "user", "group")}
    rows["webhookevent"] = events
    rows |= {str(m._meta.model_name): list(m._default_manager.all()) for m in MODELS.values()}
    found = set()
    for route in routes():
        if PUBLIC.search(route):
            continue
        path = "/" + route.replace("^", "").replace("$", "")
        name = next((name for name in rows if f"/{name}/" in path), "")
        plural = re.search(r"api/v1/([a-z-]+)s/", path)
        ids = [
            row.provider_id
            for kind, model in MODELS.items()
            if plural and kind.replace("_", "-") == plural[1]
            for row in model._default_manager.all()
        ]
        for row in rows.get(name) or [None]:
            for event in events:
                for provider_id in ids or ["x"]:
                    url = re.sub(r"<(path:object_)?id>", str(row.pk if row else 1), path)
                    url = re.sub(r"\(\?P<event_id>[^)]*\)|<event_id>", event.event_id, url)
                    url = re.sub(r"\(\?P<provider_id>[^)]*\)|<provider_id>", provider_id, url)
                    found.add(url)
    return found


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


def leaks(client: Client, urls: set[str], kept: set[str]) -> list[str]:
    """Which texts an address shows that it must not."""
    found = []
    shown = 0
    for url in sorted(urls):
        answer = client.get(url)
        assert answer.status_code < 500, url
        shown += answer.status_code == 200
        page = answer.content.decode()
        # As the page has it, and as JSON has it.
        page += page.encode().decode("unicode_escape", errors="ignore") if "\\u" in page else ""
        found += [f"{url}: {text}" for text in kept if text in page]
    assert shown > len(urls) / 3
    return found


def test_nobody_who_may_not_see_customers_is_shown_what_payloads_hide(
    events: list[WebhookEvent],
) -> None:
    client = somebody(sees_customers=False)

    assert leaks(client, addresses(events), hidden(events)) == []


def test_who_may_see_customers_is_shown_their_own_columns_alone(
    events: list[WebhookEvent],
) -> None:
    client = somebody(sees_customers=True)
    customer = Customer.objects.get()
    page = client.get(f"/admin/billing/customer/{customer.pk}/change/").content.decode()

    assert EMAIL in page
    assert leaks(client, addresses(events), hidden(events) - OWN_COLUMNS) == []
    # An event, what it changed, and an object's history have them nowhere.
    about_events = {url for url in addresses(events) if "event" in url}
    assert leaks(client, about_events, hidden(events)) == []
    assert HOLDER not in client.get(f"/api/v1/events/{events[0].event_id}/changes").content.decode()


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
