"""What staff see of payloads, and what is on record when they see all of it."""

import json
from typing import Any

import pytest

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
