"""Alarms: a burst of refusals, and every delivery failing at once."""

import json
import logging
import time
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.core.cache import cache
from django.db import DatabaseError, connection
from django.utils import timezone
from pytest_django import Settings

from webhooks import audit
from webhooks.exceptions import (
    InvalidSignature,
    MalformedEvent,
    MalformedSignature,
    MissingSignature,
    PayloadTooLarge,
    Rejected,
    SourceNotAllowed,
    StaleSignature,
    StorageUnavailable,
    UnsupportedMediaType,
)
from webhooks.guards.admission import IncomingDelivery
from webhooks.guards.published_sources import PUBLISHED
from webhooks.intake import alarms, refusals
from webhooks.models import AuditEntry, AuditHead, WebhookEvent
from webhooks.providers import PROVIDERS
from webhooks.providers.stripe import StripeProvider
from webhooks.signals import alarm_raised
from webhooks.testing.client import post, sign
from webhooks.tests.events import make_event

pytestmark = pytest.mark.django_db

NOW = timezone.now()
BURST, UNPROVEN = 20, 5
BURST_SECONDS, SILENCE, COOL_DOWN = 60, 600, 1800
STRIPE, STRANGER = PUBLISHED["stripe"].networks[0], "9.9.9.9"
SIGNED = {"Stripe-Signature": "t=1,v1=0"}
UNREAD = (SourceNotAllowed, UnsupportedMediaType, PayloadTooLarge, MissingSignature)
"""Refused before a body is read."""

Told = list[tuple[str, str]]


@pytest.fixture(autouse=True)
def policy(settings: Settings) -> None:
    """Few are many here."""
    settings.WEBHOOK_ALARMS = {
        "burst": BURST,
        "burst_seconds": BURST_SECONDS,
        "unproven": UNPROVEN,
        "silence_seconds": SILENCE,
        "cool_down": COOL_DOWN,
    }
    cache.clear()


@pytest.fixture
def told() -> Iterator[Told]:
    """The alarms that were raised, by kind and endpoint."""
    told: Told = []

    def receiver(*, kind: str, endpoint: str, **_: Any) -> None:
        told.append((kind, endpoint))

    alarm_raised.connect(receiver)
    yield told
    alarm_raised.disconnect(receiver)


def at(seconds: float) -> datetime:
    return NOW + timedelta(seconds=seconds)


def delivery_of(refusal: type[Rejected], client: str) -> IncomingDelivery:
    """A delivery that is refused so."""
    signature = {} if refusal is MissingSignature else {"HTTP_STRIPE_SIGNATURE": "t=1,v1=0"}
    delivery = IncomingDelivery({"REMOTE_ADDR": client, **signature})
    delivery.body = None if refusal in UNREAD else b"{}"
    return delivery


def refuse(
    times: int,
    refusal: type[Rejected] = InvalidSignature,
    *,
    start: float = 0,
    every: float = 1,
    slug: str = "stripe",
    client: str = STRANGER,
) -> None:
    """Refuse so many deliveries; the first so many seconds from now, and one each so often."""
    for number in range(times):
        delivery = delivery_of(refusal, client)
        refused = refusals.refuse(refusal(), delivery, slug, now=at(start + number * every))
        refused.put_on_record()


def prove(seconds: float) -> None:
    """Take a genuine delivery in, in another process."""
    body = json.dumps(make_event()).encode()
    assert post(body, sign(body)).status_code == 200
    WebhookEvent.objects.update(received_at=at(seconds))
    alarms.reset()


def test_an_alarm_is_on_record_once(told: Told) -> None:
    refuse(2 * UNPROVEN, StaleSignature)

    assert told == [("nothing_proven", "stripe")]
    entry = AuditEntry.objects.get(action=AuditEntry.Action.ALARM)
    assert (entry.subject, entry.actor) == ("endpoint:stripe", "system")
    assert entry.details == {
        "kind": "nothing_proven",
        "refused": UNPROVEN,
        "seconds": SILENCE,
        "codes": ["stale_signature"],
    }


def test_an_alarm_is_heard_though_it_can_not_be_put_on_record(
    told: Told, caplog: pytest.LogCaptureFixture
) -> None:
    audit.record(AuditEntry.Action.COMMAND, actor="ada", subject="any", now=NOW)
    AuditHead.objects.all().delete()
    refuse(UNPROVEN)

    assert told == [("nothing_proven", "stripe")]
    assert "could not be put on record" in caplog.text


def test_every_delivery_failing_looks_like_a_changed_secret(
    told: Told, caplog: pytest.LogCaptureFixture
) -> None:
    refuse(UNPROVEN - 1, every=60)
    assert told == []
    refuse(1, start=300)

    assert told == [("nothing_proven", "stripe")]
    [line] = [record for record in caplog.records if record.name == "webhooks.alarms"]
    assert line.levelno == logging.ERROR
    assert "STRIPE_WEBHOOK_SECRET" in line.getMessage()
    assert "changed" in line.getMessage()


REMEDIES = {
    SourceNotAllowed: "ALLOWED_WEBHOOK_IPS",
    StaleSignature: "STRIPE_TOLERANCE_SECONDS",
    MalformedEvent: "which client sends what",
    UnsupportedMediaType: "which client sends what",
    PayloadTooLarge: "WEBHOOK_MAX_BODY_BYTES",
    MissingSignature: "changes Stripe-Signature",
    MalformedSignature: "changes Stripe-Signature",
}


@pytest.mark.parametrize("refusal", REMEDIES)
def test_all_that_the_provider_delivers_being_refused_is_an_alarm_whatever_the_reason(
    told: Told, caplog: pytest.LogCaptureFixture, refusal: type[Rejected]
) -> None:
    refuse(UNPROVEN, refusal, client=STRIPE)

    assert told == [("nothing_proven", "stripe")]
    [message] = [one.getMessage() for one in caplog.records if one.name == "webhooks.alarms"]
    assert f"({refusal.code})" in message
    remedies = {"STRIPE_WEBHOOK_SECRET", *REMEDIES.values()}
    assert {each for each in remedies if each in message} == {REMEDIES[refusal]}


def test_the_providers_deliveries_from_outside_an_allow_list_are_an_alarm(
    told: Told, settings: Settings
) -> None:
    settings.ALLOWED_WEBHOOK_IPS = "203.0.113.0/24"
    for _ in range(UNPROVEN):
        body = json.dumps(make_event()).encode()
        assert post(body, sign(body)).status_code == 403

    assert told == [("nothing_proven", "stripe")]


def test_a_proxy_that_strips_the_signature_header_is_an_alarm(
    told: Told, settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    settings.TRUSTED_PROXY_COUNT = 1
    for _ in range(UNPROVEN):
        stripped = {"X-Forwarded-For": f"{STRANGER}, {STRIPE}"}
        assert post(b"{}", stripped).json()["code"] == "missing_signature"

    assert told == [("nothing_proven", "stripe")]
    assert "a proxy strips" in caplog.text


@pytest.mark.parametrize("refusal", [StaleSignature, MalformedEvent])
def test_what_the_secret_has_signed_counts_from_anywhere(
    told: Told, refusal: type[Rejected]
) -> None:
    refuse(UNPROVEN, refusal)

    assert told == [("nothing_proven", "stripe")]


@pytest.mark.parametrize("refusal", [*UNREAD, MalformedSignature])
def test_a_stranger_without_a_signature_to_check_raises_no_more_than_a_burst(
    told: Told, refusal: type[Rejected]
) -> None:
    refuse(BURST, refusal)

    assert told == [("burst", "stripe")]


def test_a_stranger_outside_an_allow_list_raises_no_more_than_a_burst(
    told: Told, settings: Settings
) -> None:
    settings.ALLOWED_WEBHOOK_IPS = "stripe"
    settings.TRUSTED_PROXY_COUNT = 1
    settings.WEBHOOK_RATE_LIMIT = 0
    for _ in range(BURST):
        # The stranger claims to be Stripe, in front of what the proxy says.
        forged = {"X-Forwarded-For": f"{STRIPE}, {STRANGER}", **SIGNED}
        assert post(b"{}", forged).status_code == 403

    assert told == [("burst", "stripe")]


def test_a_stranger_whose_bodies_end_early_raises_none(told: Told) -> None:
    for number in range(UNPROVEN):
        delivery = delivery_of(MalformedEvent, STRANGER)
        delivery.body = None
        refusals.refuse(MalformedEvent(), delivery, "stripe", now=at(number)).put_on_record()

    assert told == []


class UnlistedProvider(StripeProvider):
    """A provider that does not say where it delivers from."""

    name = "unlisted"


def test_of_a_provider_without_a_list_all_that_is_signed_and_shut_out_counts(
    told: Told, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(PROVIDERS, "unlisted", UnlistedProvider())
    settings.WEBHOOK_ENDPOINTS = {
        "unlisted": {"provider": "unlisted", "secrets_setting": "STRIPE_WEBHOOK_SECRET"}
    }
    settings.ALLOWED_WEBHOOK_IPS = "203.0.113.0/24"
    settings.TRUSTED_PROXY_COUNT = 1
    for headers in ({}, SIGNED):
        assert told == []
        for _ in range(UNPROVEN):
            from_afar = {"X-Forwarded-For": STRANGER, **headers}
            assert post(b"{}", from_afar, "/webhooks/unlisted").status_code == 403

    assert told == [("nothing_proven", "unlisted")]


def test_slow_failures_raise_no_alarm(told: Told) -> None:
    refuse(10 * UNPROVEN, every=SILENCE / 2)

    assert told == []


def test_unsigned_deliveries_do_not_count_as_a_changed_secret(told: Told) -> None:
    refuse(2 * UNPROVEN, MissingSignature)

    assert told == []


def test_many_refusals_raise_a_burst_alarm(told: Told, caplog: pytest.LogCaptureFixture) -> None:
    refuse(BURST - 1, MissingSignature)
    assert told == []
    refuse(1, MissingSignature, start=BURST_SECONDS - 1)

    assert told == [("burst", "stripe")]
    assert f"{BURST} deliveries to the endpoint 'stripe' were refused" in caplog.text


def test_the_same_number_in_a_longer_time_raises_none(told: Told) -> None:
    refuse(3 * BURST, MissingSignature, every=BURST_SECONDS / (BURST - 2))

    assert told == []


def test_forgeries_among_genuine_deliveries_are_only_a_burst(told: Told) -> None:
    alarms.prove("stripe", now=NOW)
    for minute in range(10):
        refuse(BURST, start=60 * minute)
        alarms.prove("stripe", now=at(60 * minute + 30))

    assert told == [("burst", "stripe")]


def test_genuine_deliveries_to_other_processes_count(told: Told) -> None:
    prove(-SILENCE / 2)
    refuse(UNPROVEN)
    assert told == []

    # None has come since.
    refuse(UNPROVEN, start=SILENCE / 2 + 1)
    assert told == [("nothing_proven", "stripe")]


def test_a_proven_delivery_that_could_not_be_stored_shows_that_the_secret_fits(told: Told) -> None:
    proven = delivery_of(StorageUnavailable, STRIPE)
    refusals.refuse(StorageUnavailable(), proven, "stripe", now=NOW)
    refuse(UNPROVEN)

    assert told == []


def test_an_alarm_is_repeated_only_after_a_while(
    told: Told, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    # A cache that goes by our clock, and not by Redis's own.
    settings.CACHES = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}
    refuse(10 * UNPROVEN, every=10)
    assert told == [("nothing_proven", "stripe")]

    later = time.time() + COOL_DOWN + 1
    monkeypatch.setattr("time.time", lambda: later)
    refuse(UNPROVEN, start=COOL_DOWN + 100)
    assert told == [("nothing_proven", "stripe")] * 2


def test_processes_that_share_a_cache_raise_it_once(told: Told) -> None:
    refuse(UNPROVEN)
    alarms.reset()  # as another process, which has raised nothing
    refuse(UNPROVEN)

    assert told == [("nothing_proven", "stripe")]


def test_each_endpoint_is_watched_separately(told: Told, settings: Settings) -> None:
    settings.WEBHOOK_ENDPOINTS = settings.WEBHOOK_ENDPOINTS | {
        "other": settings.WEBHOOK_ENDPOINTS["stripe"]
    }
    alarms.prove("other", now=NOW)
    refuse(UNPROVEN - 1)
    refuse(UNPROVEN - 1, slug="other")
    assert told == []
    refuse(1, slug="other")
    assert told == []
    refuse(1)

    assert told == [("nothing_proven", "stripe")]


def test_unknown_endpoints_are_counted_as_one(told: Told, caplog: pytest.LogCaptureFixture) -> None:
    for number in range(BURST):
        refuse(1, MissingSignature, slug=f"nobody{number}")

    assert told == [("burst", "")]
    assert "endpoints that there are not" in caplog.text


@pytest.mark.django_db(transaction=True)
def test_a_database_that_cannot_tell_raises_no_alarm_and_is_asked_again(told: Told) -> None:
    def away(*_: object) -> Any:
        raise DatabaseError("away")

    with connection.execute_wrapper(away):
        refuse(UNPROVEN)
    assert told == []
    refuse(UNPROVEN, start=SILENCE + 10)

    assert told == [("nothing_proven", "stripe")]


def test_receivers_hear_how_many_were_refused_and_in_what_time() -> None:
    heard: list[dict[str, Any]] = []

    def receiver(*, sender: object, signal: object, **told: Any) -> None:
        heard.append(told)

    alarm_raised.connect(receiver)
    refuse(BURST, MissingSignature)
    alarm_raised.disconnect(receiver)

    assert f"{BURST} deliveries" in heard[0].pop("message")
    burst = {"kind": "burst", "count": BURST, "seconds": BURST_SECONDS}
    assert heard == [burst | {"endpoint": "stripe"}]


def test_a_failing_alarm_receiver_does_not_fail_the_request() -> None:
    def broken(**_: Any) -> None:
        raise LookupError

    alarm_raised.connect(broken)
    try:
        for _ in range(UNPROVEN):
            assert post(b"{}", sign(b"other")).status_code == 400
    finally:
        alarm_raised.disconnect(broken)
