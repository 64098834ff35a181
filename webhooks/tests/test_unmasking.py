"""What staff see of payloads, and what is on record when they see all of it."""

import json
from typing import Any

import pytest
from pytest_django import Settings

from webhooks.models import AuditEntry, WebhookEvent
from webhooks.privacy.masking import MASK
from webhooks.testing import deliver
from webhooks.testing.browser import log_in
from webhooks.testing.plugin import Subscribe
from webhooks.tests.events import make_event

pytestmark = pytest.mark.django_db

PERSON = {
    "object": "customer",
    "id": "cus_1",
    "name": "Jane Marked",
    "email": "jane@marked.example",
    "phone": "+49 30 901820",
    "address": {"line1": "Marked Street 1", "postal_code": "10115", "country": "DE"},
    "metadata": {"note": "card 4242 4242 4242 4242"},
}
CARD = "4242 4242"
OPENING = {
    "api_key": "OPENS1",
    "apiKey": "OPENS2",
    "accessToken": "OPENS3",
    "wifi_password": "OPENS4",
    "client_secret": "OPENS5",
    "reset": "https://shop.example/reset?token=OPENS6",
    "page": "https://invoice.stripe.com/i/acct_1/OPENS7",
    "receipt_url": "https://shop.example/receipts/OPENS8?token=x",
    "header": "Bearer OPENS9-0123456",
    "encoded": "https://shop.example/?cs=pi_3Zq%5Fsecret%5FOPENS10",
    "jwt": "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJNQVJLIn0.OPENS11",
}
MARKED = ["Jane Marked", "jane@marked.example", "901820", "Marked Street", "10115", CARD]


@pytest.fixture
def event() -> WebhookEvent:
    told = make_event(data={"object": PERSON})
    assert deliver(told).status_code == 200
    return WebhookEvent.objects.get(event_id=told["id"])


def views_on_record() -> list[AuditEntry]:
    return list(AuditEntry.objects.filter(action=AuditEntry.Action.PAYLOAD_VIEWED))


def url(event: WebhookEvent, part: str) -> str:
    return f"/admin/webhooks/webhookevent/{event.pk}/{part}/"


def text(answer: Any) -> str:
    assert answer.status_code == 200
    shown: str = answer.content.decode()
    return shown


def test_a_payload_is_masked_at_first_even_with_the_permission(event: WebhookEvent) -> None:
    client = log_in("view_webhookevent", "view_raw_payload")

    shown = text(client.get(url(event, "change"))) + text(client.get(url(event, "raw")))

    assert not [marked for marked in MARKED if marked in shown]
    assert MASK in shown
    assert "cus_1" in shown
    assert not views_on_record()


def test_unmasking_takes_a_reason_and_is_recorded(event: WebhookEvent) -> None:
    client = log_in("view_webhookevent", "view_raw_payload")

    answer = client.post(url(event, "raw"), {"reason": "asked by jane@marked.example"})

    shown = text(answer)
    assert [marked for marked in MARKED if marked not in shown] == [CARD]
    assert "no-store" in answer.headers["Cache-Control"]
    [entry] = views_on_record()
    assert entry.actor == "anna"
    assert entry.subject == f"webhooks.webhookevent:{event.pk}"
    assert entry.details["event"] == event.event_id
    assert entry.reason.text == "asked by jane@marked.example"
    assert "jane" not in str(entry.details)


@pytest.mark.parametrize("is_json", [True, False])
def test_what_opens_something_stays_hidden_even_then(is_json: bool) -> None:
    client = log_in("view_webhookevent", "view_raw_payload")
    told = make_event(data={"object": PERSON | {"metadata": OPENING}})
    deliver(told)
    event = WebhookEvent.objects.get(event_id=told["id"])
    if not is_json:
        WebhookEvent.objects.update(body=json.dumps(told).encode() + b"}")

    shown = text(client.post(url(event, "raw"), {"reason": "asked"}))

    assert ("jane@marked.example" in shown) is is_json
    assert ("accessToken" in shown) is is_json
    assert "OPENS" not in shown


def test_a_secret_of_the_settings_is_in_no_payload(settings: Settings) -> None:
    settings.METRICS_TOKEN = "known to the settings alone"
    client = log_in("view_webhookevent", "view_raw_payload")
    told = make_event(data={"object": PERSON | {"description": settings.METRICS_TOKEN}})
    deliver(told)
    event = WebhookEvent.objects.get(event_id=told["id"])

    shown = text(client.get(url(event, "change")))
    shown += text(client.post(url(event, "raw"), {"reason": "asked"}))

    assert "cus_1" in shown
    assert settings.METRICS_TOKEN not in shown


def test_without_a_reason_nothing_is_shown(event: WebhookEvent) -> None:
    client = log_in("view_webhookevent", "view_raw_payload")

    shown = text(client.post(url(event, "raw"), {"reason": " "}))

    assert not [marked for marked in MARKED if marked in shown]
    assert not views_on_record()


def test_unmasking_needs_the_raw_payload_permission(event: WebhookEvent) -> None:
    client = log_in("view_webhookevent")

    assert client.post(url(event, "raw"), {"reason": "curious"}).status_code == 403
    assert url(event, "raw") not in text(client.get(url(event, "change")))
    assert not views_on_record()


def test_unmasking_needs_the_permission_to_see_events(event: WebhookEvent) -> None:
    client = log_in("view_raw_payload")

    assert client.get(url(event, "raw")).status_code == 403
    assert client.post(url(event, "raw"), {"reason": "curious"}).status_code == 403
    assert not views_on_record()


def test_nothing_is_recorded_when_there_is_no_payload(event: WebhookEvent) -> None:
    client = log_in("view_webhookevent", "view_raw_payload")
    WebhookEvent.objects.update(body=None)

    answer = client.post(url(event, "raw"), {"reason": "asked"}, follow=True)

    assert "The payload has been cleaned up" in text(answer)
    assert not views_on_record()


def test_an_error_does_not_show_customer_data(subscribe: Subscribe) -> None:
    def tells(told: Any) -> None:
        raise LookupError(json.dumps(told.payload["data"]["object"]))

    subscribe(tells)
    told = make_event(data={"object": PERSON})
    deliver(told)
    event = WebhookEvent.objects.get(event_id=told["id"])
    attempt = event.attempt_set.get()

    kept = f"{event.last_error} {attempt.error} {attempt.handlers}"
    assert "LookupError" in kept
    assert "4242 4242" not in kept
    assert "jane@marked.example" not in kept


@pytest.mark.parametrize(
    "secret", ["4242 4242 4242 4242", "pi_3Zq_secret_OPENSclient01", "jane.doe@marked.example"]
)
def test_an_error_that_is_cut_ends_in_no_part_of_what_is_masked(
    subscribe: Subscribe, secret: str
) -> None:
    def tells(told: Any) -> None:
        # Masks are shorter than what they mask, so that more comes into the first characters.
        start = f"{'x' * 190}@example.com " * 40
        cut = told.payload["data"]["object"]["cut"]
        raise ValueError(f"{start[: 8000 - len('ValueError: ') - cut]} {secret} end")

    subscribe(tells)
    for cut in range(4, len(secret)):
        told = make_event(data={"object": {"object": "test", "id": "t_1", "cut": cut}})
        deliver(told)
        event = WebhookEvent.objects.get(event_id=told["id"])
        attempt = event.attempt_set.get()
        for kept in (event.last_error, *(handler["error"] for handler in attempt.handlers)):
            assert kept.split()[-1] in (MASK, "end", "4242]"), kept
