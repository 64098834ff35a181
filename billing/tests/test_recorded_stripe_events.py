"""Events that Stripe has really sent, as far as they are at hand, and the fake's."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from django.utils import timezone

from billing.models import MODELS, BillingChange
from billing.tests.builders import everything, send
from billing.translators import stripe
from webhooks.events import Event
from webhooks.providers.stripe import StripeProvider
from webhooks.signals import matches
from webhooks.testing import recordings

pytestmark = pytest.mark.django_db


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
    for name, story in recordings.stories().items():
        with subtests.test(name):
            forget()
            events = followed(list(delivered(story)))
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
    for event in followed(list(delivered(recordings.single_events()))):
        assert send(event)
        assert send(event) == []


@pytest.mark.parametrize("kind", MODELS)
def test_a_sample_of_the_current_shape_is_understood(kind: str) -> None:
    sample = recordings.objects()[kind]
    payload = {"id": "evt_1", "type": "any.updated", "data": {"object": sample}}
    [event] = delivered([payload])
    assert send(event)
    assert MODELS[kind]._default_manager.get().provider_id == sample["id"]
