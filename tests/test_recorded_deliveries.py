"""What Stripe has really sent, as far as it is at hand, and the fake has, through the endpoint."""

import json
from typing import Any

import pytest
from django.db.models import Model
from django.test import Client

from billing.models import MODELS, BillingChange
from webhooks.models import WebhookEvent
from webhooks.testing import recordings
from webhooks.testing.client import post, sign

STORIES = recordings.stories()

pytestmark = pytest.mark.django_db


def wrapped_objects() -> list[dict[str, Any]]:
    """Every resource of the current API, in events of three kinds."""
    return [
        {
            "id": f"evt_{name}_{verb}",
            "object": "event",
            "type": f"{prefix}{subject.get('object', name)}.{verb}",
            "created": 1790000000,
            "data": {"object": subject},
        }
        for name, subject in recordings.objects().items()
        for prefix, verb in [("", "created"), ("", "updated"), ("customer.", "deleted")]
    ]


def billing_rows() -> list[Any]:
    models: list[type[Model]] = [*MODELS.values(), BillingChange]
    return [list(model._default_manager.order_by("pk").values()) for model in models]


def deliver_all(events: list[dict[str, Any]]) -> list[dict[str, Any]]:
    client = Client()
    bodies = [json.dumps(event).encode() for event in events]
    answers = [post(body, sign(body), client=client) for body in bodies]
    assert {answer.status_code for answer in answers} == {200}
    return [answer.json() for answer in answers]


def check(events: list[dict[str, Any]]) -> None:
    assert deliver_all(events) == [{"status": "received"}] * len(events)
    before = billing_rows()
    again = deliver_all(events)

    assert again == [{"status": "received", "idempotent_replay": True}] * len(events)
    assert billing_rows() == before
    ended = WebhookEvent.objects.values_list("status", flat=True)
    assert len(ended) == len(events)
    assert set(ended) <= {"processed", "ignored"}
    assert set(WebhookEvent.objects.values_list("deliveries", flat=True)) == {2}


@pytest.mark.parametrize("story", STORIES)
def test_a_recorded_story_is_applied_once(story: str) -> None:
    check(STORIES[story])


def test_every_recorded_event_is_applied_once() -> None:
    check(recordings.single_events())


def test_every_object_of_the_current_api_is_applied_once() -> None:
    check(wrapped_objects())
