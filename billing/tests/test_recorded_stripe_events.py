"""Events that Stripe has really sent, where somebody has put some beside the project."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.utils import timezone

from billing.models import MODELS, BillingChange
from billing.tests.builders import everything, send
from billing.translators import stripe
from webhooks.events import Event
from webhooks.providers.stripe import StripeProvider
from webhooks.signals import matches

RECORDED = Path(settings.BASE_DIR).parent / "shared" / "data" / "stripe"
STORIES = sorted(RECORDED.glob("sequences-*/*.json"))
SAMPLES = RECORDED / "objects-2026.json"
SINGLE = sorted(RECORDED.glob("events-*/*.json"))

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.skipif(not STORIES, reason="no recorded events are at hand"),
]


def delivered(payloads: list[dict[str, Any]]) -> Iterator[Event]:
    """The events as they come out of the proof of their deliveries."""
    provider, now = StripeProvider(), timezone.now()
    for payload in payloads:
        body = json.dumps(payload).encode()
        headers = provider.sign(body, secret="whsec_recorded", now=now)
        yield from provider.verify(body, headers, secrets=["whsec_recorded"], now=now)


def forget() -> None:
    """Ids repeat from one story to the next."""
    BillingChange.objects.all().delete()
    for model in MODELS.values():
        model._default_manager.all().delete()


def followed(events: list[Event]) -> list[Event]:
    return [event for event in events if matches(event.type, stripe.EVENT_TYPES)]


def test_a_recorded_story_told_twice_is_told_once(subtests: pytest.Subtests) -> None:
    for path in STORIES:
        with subtests.test(path.stem):
            forget()
            events = followed(list(delivered(json.loads(path.read_text()))))
            assert all(stripe.translate(event) for event in events)
            for event in events:
                send(event)
            before = everything()
            for event in reversed(events):
                send(event)
            for event in events:
                send(event)
            assert everything() == before


def test_every_recorded_event_is_understood() -> None:
    payloads = [json.loads(path.read_text()) | {"id": f"evt_{path.stem}"} for path in SINGLE]
    for event in followed(list(delivered(payloads))):
        assert send(event)
        assert send(event) == []


@pytest.mark.parametrize("kind", MODELS)
def test_a_sample_of_the_current_shape_is_understood(kind: str) -> None:
    sample = json.loads(SAMPLES.read_text())["resources"][kind]
    payload = {"id": "evt_1", "type": "any.updated", "data": {"object": sample}}
    [event] = delivered([payload])
    assert send(event)
    assert MODELS[kind]._default_manager.get().provider_id == sample["id"]
