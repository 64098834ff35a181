"""What Stripe has really sent, through the endpoint, where some of it lies beside the project."""

import json
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.db.models import Model
from django.test import Client

from billing.models import MODELS, BillingChange
from webhooks.models import WebhookEvent
from webhooks.testing.client import post, sign

RECORDED = Path(settings.BASE_DIR).parent / "shared" / "data" / "stripe"
STORIES = sorted(RECORDED.glob("sequences-*/*.json"))

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.skipif(not STORIES, reason="no recorded events are at hand"),
]


def single_events() -> list[dict[str, Any]]:
    files = sorted(RECORDED.glob("events-*/*.json"))
    return [json.loads(path.read_text()) | {"id": f"evt_{path.stem}"} for path in files]


def wrapped_objects() -> list[dict[str, Any]]:
    """Every resource of the current API, in events of three kinds."""
    resources = json.loads((RECORDED / "objects-2026.json").read_text())["resources"]
    return [
        {
            "id": f"evt_{name}_{verb}",
            "object": "event",
            "type": f"{prefix}{subject.get('object', name)}.{verb}",
            "created": 1790000000,
            "data": {"object": subject},
        }
        for name, subject in resources.items()
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


@pytest.mark.parametrize("story", STORIES, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_a_recorded_story_is_applied_once(story: Path) -> None:
    check(json.loads(story.read_text()))


def test_every_recorded_event_is_applied_once() -> None:
    check(single_events())


def test_every_object_of_the_current_api_is_applied_once() -> None:
    check(wrapped_objects())
