"""By what other providers' events are known to be an erased person's."""

import json
from io import StringIO
from typing import Any

import pytest
from django.core.management import call_command
from django.utils import timezone

from webhooks.models import Replay, SuppressedId, Trigger, WebhookEvent
from webhooks.testing.client import deliver

pytestmark = pytest.mark.django_db(transaction=True)

KEY = "1" * 64
PAYMENT, ORDER = "KkAkhdMsgzn59SM8A89WgKwekxLZY", "CAISENgvhpdP05f1DWG9H8yMn4kZY"
CUSTOMER, EMAIL = "RDX9Z4XTIZR7MRZJUXNY9HUK6I", "zoe@quillfeather.example"


@pytest.fixture(autouse=True)
def _endpoints(settings: Any) -> None:
    settings.OURS_SQUARE, settings.OURS_ADYEN, settings.OURS_PADDLE = "whsec_sq", KEY, "whsec_pd"
    address = "https://shop.example.com/webhooks/square"
    settings.WEBHOOK_ENDPOINTS = {
        "square": {
            "provider": "square",
            "secrets_setting": "OURS_SQUARE",
            "notification_url": address,
        },
        "adyen": {"provider": "adyen", "secrets_setting": "OURS_ADYEN"},
        "paddle": {"provider": "paddle", "secrets_setting": "OURS_PADDLE"},
    }


def tell(endpoint: str, event: dict[str, Any]) -> WebhookEvent:
    """Deliver an event; its row."""
    answer = deliver(event, endpoint=endpoint)
    assert answer.status_code == 200, answer.content
    return WebhookEvent.objects.latest("pk")


def square(kind: str, number: int, **subject: Any) -> WebhookEvent:
    event = {
        "merchant_id": "6SSW7HV8K2ST5",
        "type": f"{kind}.updated",
        "event_id": f"13b867cf-db3d-4b1c-90b6-2f32a9d7812{number}",
        "created_at": "2026-01-01T00:00:00Z",
        "data": {"type": kind, "id": subject.get("id", ""), "object": {kind: subject}},
    }
    return tell("square", event)


def erase(customer: str) -> None:
    call_command("erase_customer", customer, "--reason=asked for", stdout=StringIO())


def is_erased(event: WebhookEvent) -> bool:
    event.refresh_from_db()
    return event.erased_at is not None and b"uillfeather" not in bytes(event.body or b"")


def payment(number: int, **more: Any) -> WebhookEvent:
    money = {"amount": 100, "currency": "USD"}
    return square("payment", number, total_money=money, status="COMPLETED", **more)


def test_a_late_event_is_known_by_its_object_alone() -> None:
    payment(1, id=PAYMENT, order_id=ORDER, customer_id=CUSTOMER, buyer_email_address=EMAIL)
    erase(CUSTOMER)

    theirs = payment(2, id=PAYMENT, order_id="03O3USaPaAaFnI6kkwB1JxGgBsUZY", note="Quillfeather")
    others = payment(3, id="hYy9pRFVxpDsO1FB05SunFWUe9JZY", note="for Quillfeather")

    assert is_erased(theirs)
    assert not is_erased(others)


def test_a_refund_is_known_by_the_payment_that_it_names() -> None:
    payment(1, id=PAYMENT, order_id=ORDER, customer_id=CUSTOMER)
    early = square("refund", 2, id="R1_2345678901", payment_id=PAYMENT, reason="Quillfeather")
    erase(CUSTOMER)

    late = square("refund", 3, id="R2_2345678901", payment_id=PAYMENT, reason="Quillfeather")

    assert is_erased(early)
    assert is_erased(late)


def test_a_customer_is_known_wherever_an_event_names_one() -> None:
    payment(1, id=PAYMENT, customer_id=CUSTOMER)
    early = square("booking", 2, id="B1_2345678901", customer_id=CUSTOMER, note="Quillfeather")
    erase(CUSTOMER)

    late = square("booking", 3, id="B2_2345678901", customer_id=CUSTOMER, note="Quillfeather")
    others = square("booking", 4, id="B3_2345678901", customer_id="X1", note="Quillfeather")

    assert early.customer_id == ""
    assert is_erased(early)
    assert is_erased(late)
    assert not is_erased(others)
    assert not SuppressedId.objects.filter(object_id="X1").exists()


def test_what_billing_alone_still_knows_leads_to_further_events() -> None:
    invoice = square(
        "invoice",
        1,
        id="inv:0-ChCHu2mZEabLeeHahQnXDjZQECY",
        status="PAID",
        subscription_id="9ba40961-995a-4a3d-8c53-048c40cafc13-x",
        primary_recipient={"customer_id": CUSTOMER},
    )
    WebhookEvent.objects.filter(pk=invoice.pk).update(body=None)
    erase(CUSTOMER)

    late = square(
        "subscription",
        2,
        id="9ba40961-995a-4a3d-8c53-048c40cafc13-x",
        status="ACTIVE",
        source={"name": "Quillfeather"},
    )

    assert is_erased(late)


def test_what_a_guest_did_is_known_by_the_address() -> None:
    payment(1, id=PAYMENT, customer_id=CUSTOMER, buyer_email_address=EMAIL)
    guest = payment(2, id="hYy9pRFVxpDsO1FB05SunFWUe9JZY", buyer_email_address=EMAIL.upper())
    other = payment(3, id="iYy9pRFVxpDsO1FB05SunFWUe9JZY", buyer_email_address="o@quillfeather.xy")

    erase(CUSTOMER)

    assert is_erased(guest)
    assert not is_erased(other)


def test_reasons_are_looked_through_for_names_at_a_provider_s_own_keys() -> None:
    payment(1, id=PAYMENT, customer_id=CUSTOMER, shipping_address={"locality": "x"})
    square("customer", 2, id=CUSTOMER, company_name="Quillfeather & Daughters")
    asked = Replay.objects.create(
        trigger=Trigger.STAFF,
        actor="anna",
        reason="Quillfeather & Daughters called",
        created_at=timezone.now(),
    )

    erase(CUSTOMER)

    asked.refresh_from_db()
    assert asked.reason == "(erased) called"


@pytest.mark.parametrize("kind", ["customer.created", "customer.updated"])
def test_an_event_about_a_customer_is_the_customer_s(kind: str) -> None:
    data = {"id": "ctm_01hv6y1jedq4p1", "name": "Zoe Quillfeather", "email": EMAIL}
    event = {"event_id": "evt_01hv8x2az2", "event_type": kind, "data": data}
    event["occurred_at"] = timezone.now().isoformat()
    row = tell("paddle", event)

    erase("ctm_01hv6y1jedq4p1")

    assert row.customer_id == "ctm_01hv6y1jedq4p1"
    assert is_erased(row)


def test_who_pays_by_what_is_stored_at_adyen_is_known() -> None:
    more = {"recurring.shopperReference": "shopper-1", "shopperName": "Zoe Quillfeather"}
    item = {
        "pspReference": "7914073381342284",
        "merchantAccountCode": "TestMerchant",
        "merchantReference": "17",
        "amount": {"value": 1130, "currency": "EUR"},
        "eventCode": "AUTHORISATION",
        "success": "true",
        "additionalData": more,
    }
    row = tell("adyen", {"live": "true", "notificationItems": [{"NotificationRequestItem": item}]})
    erase("shopper-1")

    assert is_erased(row)
    left = json.loads(bytes(row.body or b""))["NotificationRequestItem"]
    assert left["additionalData"]["recurring.shopperReference"] == "shopper-1"
    assert left["amount"] == {"value": 1130, "currency": "EUR"}
