"""Every provider's events, from its endpoint to the handlers and to the clean-up."""

import base64
import json
from datetime import timedelta
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from django.core import checks
from django.utils import timezone

from webhooks.events import Event
from webhooks.models import WebhookEvent
from webhooks.privacy.retention import cleanup
from webhooks.processing.sweep import sweep
from webhooks.providers import PROVIDERS, refusing_old
from webhooks.testing.client import post
from webhooks.testing.plugin import Subscribe
from webhooks.testing.provider_samples import SAMPLES, as_sample, sample_of
from webhooks.testing.signing_authority import Published, our_paypal
from webhooks.tests.provider_cases import CASES, TRIED

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _endpoints(settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, provider in TRIED.items():
        monkeypatch.setitem(PROVIDERS, name, provider)
    settings.WEBHOOK_ENDPOINTS = {
        name: {
            "provider": name,
            "secrets_setting": f"{name.upper()}_WEBHOOK_SECRET",
            **case.options,
        }
        for name, case in CASES.items()
    }
    for name, case in CASES.items():
        setattr(settings, f"{name.upper()}_WEBHOOK_SECRET", f"{case.other},{case.secret}")


def send(name: str, body: bytes = b"", secret: str = "") -> Any:
    case = CASES[name]
    body = body or case.body
    provider = PROVIDERS[name]
    proof = provider.sign(
        body, secret=secret or case.secret, now=timezone.now(), options=case.options
    )
    sent, headers = provider.sent(body, proof)
    return post(sent, headers, f"/webhooks/{name}", media_type=provider.media_types[0])


def told(name: str, response: Any) -> Any:
    """Return what the sender is told, in our words where it insists on its own."""
    own = PROVIDERS[name].accepted
    if own and response.status_code == 200:
        assert (response.content.decode(), response["Content-Type"].partition(";")[0]) == (
            own,
            "text/plain",
        )
        return {"status": "received"}
    return response.json()


@pytest.mark.parametrize("name", CASES)
def test_an_event_is_recorded_once_and_a_forged_one_never(name: str) -> None:
    case = CASES[name]

    assert told(name, send(name)) == {"status": "received"}
    assert (
        told(name, send(name)).items() <= {"status": "received", "idempotent_replay": True}.items()
    )
    forged = send(name, secret=case.stranger)

    assert (forged.status_code, forged.json()["code"]) == (400, "invalid_signature")
    rows = WebhookEvent.objects.filter(provider=name, endpoint=name)
    assert rows.count() == case.events
    assert {row.deliveries for row in rows} == {2}


@pytest.mark.parametrize("name", sorted(SAMPLES))
def test_samples_are_new_each_time_and_made_now(name: str) -> None:
    now = timezone.now()
    for _ in range(2):
        body = as_sample(name, sample_of(name, now=now))
        assert told(name, send(name, body)) == {"status": "received"}
    made = WebhookEvent.objects.filter(provider=name).values_list("provider_created_at", flat=True)
    assert all(abs(at - now) < timedelta(seconds=1) for at in made if at)


def test_each_of_several_events_is_handled_by_itself_now_and_later(subscribe: Subscribe) -> None:
    seen: list[tuple[str, str]] = []

    def handler(event: Event) -> None:
        seen.append((event.id, event.payload["links"]["payment"]))
        if event.is_first_attempt:
            raise LookupError("not yet")

    subscribe(handler, "payments.*", provider="gocardless")
    send("gocardless")
    assert len(list(sweep(clock=lambda: timezone.now() + timedelta(hours=1)))) == 2

    assert sorted(seen) == [("EV000001", "PM000001")] * 2 + [("EV000002", "PM000002")] * 2
    assert set(WebhookEvent.objects.values_list("status", flat=True)) == {"processed"}


@pytest.mark.parametrize(
    ("kind", "links", "about"),
    [
        ("subscriptions", {"payment": "PM1", "subscription": "SB1", "mandate": "MD1"}, "SB1"),
        ("payments", {"payment": "PM1", "refund": "RF1", "payout": "PO1"}, "PM1"),
        ("refunds", {"payment": "PM1", "refund": "RF1"}, "RF1"),
        ("customers", {"customer": "CU1"}, "CU1"),
        ("", {"customer": "CU1"}, ""),
    ],
)
def test_gocardless_events_are_about_the_link_of_their_type(
    kind: str, links: dict[str, str], about: str
) -> None:
    event = {"id": "EV1", "resource_type": kind, "action": "created", "links": links}
    assert send("gocardless", json.dumps({"events": [event]}).encode()).status_code == 200
    assert WebhookEvent.objects.get().object_id == about


def test_what_stays_valid_for_ever_is_known_for_ever() -> None:
    for name in CASES:
        send(name)
    WebhookEvent.objects.update(received_at=timezone.now() - timedelta(days=3650))

    cleanup(
        payloads_older_than=timedelta(days=90),
        rows_older_than=timedelta(days=400),
        rows_of=refusing_old(),
        actor="cron",
        now=timezone.now(),
    )

    assert set(WebhookEvent.objects.values_list("provider", flat=True)) == CASES.keys() - set(
        refusing_old()
    )
    assert not WebhookEvent.objects.replayable().exists()
    assert send("razorpay").json()["idempotent_replay"]
    assert send("stripe").json() == {"status": "received"}


def test_a_public_key_proves_what_its_private_key_signed(settings: Any) -> None:
    private = Ed25519PrivateKey.generate()
    own = settings.WEBHOOK_ENDPOINTS["standard"]
    shown = base64.b64encode(private.public_key().public_bytes_raw()).decode()
    own["public_key"] = f"whpk_{shown}"
    settings.STANDARD_WEBHOOK_SECRET = ""
    another = Ed25519PrivateKey.generate()

    def signed_by(key: Ed25519PrivateKey) -> str:
        return f"whsk_{base64.b64encode(key.private_bytes_raw()).decode()}"

    assert send("standard", secret=signed_by(another)).json()["code"] == "invalid_signature"
    assert send("standard").json()["code"] == "invalid_signature"
    assert send("standard", secret=signed_by(private)).json() == {"status": "received"}


def test_what_is_public_proves_nothing_at_providers_without_public_keys(settings: Any) -> None:
    known_to_all = "FLWPUBK-known-to-every-visitor"
    for option in ("public_key", "webhook_id"):
        settings.WEBHOOK_ENDPOINTS["flutterwave"][option] = known_to_all
    assert send("flutterwave", secret=known_to_all).json()["code"] == "invalid_signature"


def test_what_can_not_be_proven_now_is_to_be_sent_again(monkeypatch: pytest.MonkeyPatch) -> None:
    published = Published({})
    published.is_down = True
    monkeypatch.setitem(PROVIDERS, "paypal", our_paypal(published))

    refused = send("paypal")

    assert (refused.status_code, refused.json()["code"]) == (503, "proof_unavailable")
    assert not WebhookEvent.objects.exists()


def test_where_an_option_proves_a_secret_does_not(settings: Any) -> None:
    settings.WEBHOOK_ENDPOINTS["paypal"]["webhook_id"] = f"{CASES['paypal'].other}, 1NEW"
    settings.PAYPAL_WEBHOOK_SECRET = CASES["paypal"].secret
    assert send("paypal").json()["code"] == "invalid_signature"
    assert send("paypal", secret="1NEW").json() == {"status": "received"}

    del settings.WEBHOOK_ENDPOINTS["paypal"]["webhook_id"]
    named = {each.id: each.msg for each in checks.run_checks(tags=["webhooks"])}
    assert "PAYPAL_WEBHOOK_ID is not set" in named["webhooks.E015"]
    assert "webhooks.E001" not in named
    assert send("paypal").json()["code"] == "endpoint_not_configured"


def test_what_an_endpoint_lacks_is_named_and_the_others_go_on(
    settings: Any, caplog: pytest.LogCaptureFixture
) -> None:
    del settings.WEBHOOK_ENDPOINTS["square"]["notification_url"]
    settings.STANDARD_WEBHOOK_SECRET = "whsec_not base64"

    named = {each.id: each.msg for each in checks.run_checks(tags=["webhooks"])}
    assert "SQUARE_NOTIFICATION_URL is not set" in named["webhooks.E015"]
    assert "STANDARD_WEBHOOK_SECRET holds what is no secret" in named["webhooks.E016"]
    assert send("square").json()["code"] == "endpoint_not_configured"
    assert "notification_url" in caplog.text
    assert send("paddle").json() == {"status": "received"}
