"""What is kept of a delivery, once."""

import hashlib
import json
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from threading import Barrier

import pytest
from django.apps import apps
from django.db import connection
from django.test import Client

from webhooks.events import Event
from webhooks.models import Refusal, WebhookEvent
from webhooks.testing import deliver
from webhooks.testing.client import post, sign
from webhooks.testing.plugin import Subscribe
from webhooks.tests.events import make_event


@pytest.mark.django_db
def test_search_fields_are_stored_with_the_exact_bytes() -> None:
    body = b"""{ "type":"invoice.paid", "id":"evt_1",
        "object":"event", "created":1700000000, "livemode":true, "account":"acct_1",
        "api_version":"2025-11-17.clover", "x": "\xc3\xa9",
        "data":{"object":{"object":"shipment","id":"sh_1","customer":"cus_1"}} }"""
    assert post(body, sign(body)).status_code == 200

    row = WebhookEvent.objects.get()
    assert bytes(row.body or b"") == body
    assert row.sha256 == hashlib.sha256(body).hexdigest()
    assert (row.provider, row.endpoint, row.event_id) == ("stripe", "stripe", "evt_1")
    assert (row.type, row.object_type, row.object_id) == ("invoice.paid", "shipment", "sh_1")
    assert (row.customer_id, row.account, row.livemode) == ("cus_1", "acct_1", True)
    assert row.api_version == "2025-11-17.clover"
    assert row.provider_created_at == datetime(2023, 11, 14, 22, 13, 20, tzinfo=UTC)
    assert row.deliveries == 1


@pytest.mark.django_db
def test_repeated_deliveries_are_counted_and_the_first_body_kept() -> None:
    event = make_event()
    for pending in (3, 2, 1):
        deliver(event | {"pending_webhooks": pending})

    row = WebhookEvent.objects.get()
    assert row.deliveries == 3
    assert row.last_received_at > row.received_at
    assert json.loads(bytes(row.body or b""))["pending_webhooks"] == 3


@pytest.mark.django_db
def test_the_sender_of_the_first_delivery_is_kept_in_few_characters() -> None:
    body = json.dumps(make_event()).encode()
    told = {"User-Agent": "Stripe/1.0\x1b[31m\u202e" + "x" * 5000, "X-Request-Id": "r" * 64}
    post(body, sign(body) | told, client=Client(REMOTE_ADDR="198.51.100.1"))
    other = {"User-Agent": "curl/8", "X-Request-Id": "other"}
    post(body, sign(body) | other, client=Client(REMOTE_ADDR="198.51.100.2"))

    row = WebhookEvent.objects.get()
    assert (row.deliveries, row.client, row.request_id) == (2, "198.51.100.1", "r" * 64)
    assert row.user_agent == ("Stripe/1.0?[31m?" + "x" * 200)[:200]


@pytest.mark.postgresql
@pytest.mark.django_db(transaction=True)
def test_simultaneous_deliveries_leave_one_row_and_one_effect(subscribe: Subscribe) -> None:
    effects: list[str] = []

    def note(event: Event) -> None:
        effects.append(event.id)

    subscribe(note)
    senders = 50
    body = json.dumps(make_event()).encode()
    headers = sign(body)
    together = Barrier(senders)

    def send() -> tuple[int, bool]:
        client = Client()
        together.wait()
        try:
            response = post(body, headers, client=client)
            return response.status_code, "idempotent_replay" in response.json()
        finally:
            connection.close()

    with ThreadPoolExecutor(senders) as pool:
        answers = [future.result() for future in [pool.submit(send) for _ in range(senders)]]

    assert sorted(answers) == [(200, False)] + [(200, True)] * (senders - 1)
    assert WebhookEvent.objects.get().deliveries == senders
    assert len(effects) == 1


@pytest.mark.django_db
def test_only_the_body_and_what_it_says_is_stored() -> None:
    body = json.dumps(make_event()).encode()
    marked = {
        name: f"marked {name}" for name in ("Cookie", "Authorization", "User-Agent", "X-Api-Key")
    }
    headers = sign(body)
    for sent in (headers | marked, headers | marked, marked):
        post(body, sent)
    # That much is kept to tell senders apart.
    for row in (WebhookEvent.objects.get(), Refusal.objects.get()):
        assert row.user_agent == marked["User-Agent"]
        type(row)._default_manager.update(user_agent="")

    kept = [str(row) for model in apps.get_models() for row in model._default_manager.values()]
    assert not [row for row in kept if "marked" in row or headers["Stripe-Signature"][-64:] in row]
