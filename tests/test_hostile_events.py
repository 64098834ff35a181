"""Signed events that are odd, broken or malicious, from the door to every screen.

None is an error here: an event ends as processed, ignored or failed, at once and for a reason that
is told, and one that failed leaves nothing half done.
"""

import random
from collections.abc import Iterator
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db.models import Model
from django.test import Client
from django.urls import reverse
from hypothesis import strategies as st

from billing.models import MODELS, BillingChange
from webhooks.models import WebhookEvent
from webhooks.testing import sample, thin_sample
from webhooks.testing.api_client import bearer, issue
from webhooks.testing.client import post, sign
from webhooks.testing.fake_stripe import OLD, World, deliverable, random_story
from webhooks.testing.hostile import SHARP, VALUES, Json, as_body, drawn, spoiled

NOW = 1_790_000_000
TYPES = (
    *("customer.created", "customer.updated", "customer.deleted"),
    *("customer.subscription.created", "customer.subscription.updated"),
    *("invoice.created", "invoice.paid", "invoice.upcoming", "invoice_payment.paid"),
    *("payment_intent.succeeded", "charge.succeeded", "charge.refunded", "charge.dispute.created"),
    *("refund.created", "refund.failed", "checkout.session.completed", "payout.paid"),
)

pytestmark = pytest.mark.django_db


def old_events() -> list[Json]:
    world = World(0, now=NOW)
    random_story(world, random.Random(0), 40)  # noqa: S311
    return deliverable(world, api_version=OLD)


GENUINE = [*(sample(event_type, created=NOW) for event_type in TYPES), *old_events()]

THIN = [
    thin_sample(f"v1.{event_type}", created=NOW, context="org_1/acct_1") for event_type in TYPES
]


def told(payload: Any) -> WebhookEvent | None:
    """The event that a payload became; None for what is refused."""
    body = as_body(payload)
    answer = post(body, sign(body))
    assert answer.status_code == 200 or answer.json()["code"] == "malformed_event"
    return WebhookEvent.objects.order_by("pk").last() if answer.status_code == 200 else None


def assert_settled(event: WebhookEvent) -> None:
    status, error = event.status, event.last_error
    assert status in ("processed", "ignored", "failed"), error
    if status == "failed":
        assert error.startswith("PermanentFailure: ")
        assert "\0" not in error
        # What a thin event has named is in doubt, since nobody can be asked here.
        is_named = "STRIPE_API_KEY is not set" in error
        assert BillingChange.objects.filter(event_id=event.event_id).exists() == is_named


@drawn(data=st.data())
def test_an_odd_event_is_settled_at_once_and_left_nothing_half_done(data: st.DataObject) -> None:
    genuine = data.draw(st.sampled_from(GENUINE))
    for _ in range(data.draw(st.integers(1, 3))):
        fresh = {**genuine, "id": f"evt_{data.draw(st.integers(0, 10**9))}", "created": NOW}
        odd = {"object": data.draw(spoiled(genuine["data"]["object"]))}
        event = told(data.draw(st.just({**fresh, "data": odd}) | spoiled(fresh)))
        if event:
            assert_settled(event)


@drawn(data=st.data())
def test_an_odd_thin_event_is_settled_too(data: st.DataObject) -> None:
    # Of both kinds in one, as well: what names an object, and carries another.
    thin, snapshot = (data.draw(st.sampled_from(events)) for events in (THIN, GENUINE))
    for whole in (thin, {**snapshot, **thin}, {**thin, **snapshot}):
        fresh = {**whole, "id": f"evt_{data.draw(st.integers(0, 10**9))}"}
        event = told(data.draw(spoiled(fresh)))
        if event:
            assert_settled(event)


@drawn(genuine=st.sampled_from(GENUINE), previous=st.lists(VALUES, min_size=2, max_size=5))
def test_odd_previous_attributes_are_settled_too(genuine: Json, previous: list[Any]) -> None:
    subject = genuine["data"]["object"]
    for number, value in enumerate(previous):
        names = random.Random(number).sample(sorted(subject), min(5, len(subject)))  # noqa: S311
        before = dict.fromkeys(names, value) if number else value
        # Of one second, so that they are weighed against one another.
        fresh = {**genuine, "id": f"evt_{number}", "created": NOW, "type": "x.updated"}
        fresh["type"] = genuine["type"].rpartition(".")[0] + ".updated"
        told({**fresh, "data": {"object": subject, "previous_attributes": before}})
    for event in WebhookEvent.objects.all():
        assert_settled(event)
    WebhookEvent.objects.all().delete()


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The way to each part of a value."""
    if path:
        yield path
    inner = value.items() if isinstance(value, dict) else []
    for key, one in enumerate(value) if isinstance(value, list) else inner:
        yield from places(one, (*path, key))


def with_value(whole: Any, path: tuple[Any, ...], value: Any) -> Any:
    if not path:
        return value
    changed = dict(whole) if isinstance(whole, dict) else list(whole)
    changed[path[0]] = with_value(whole[path[0]], path[1:], value)
    return changed


def test_every_screen_shows_what_odd_events_left(admin_client: Client) -> None:
    rng = random.Random(0)  # noqa: S311
    for event_type in TYPES:
        subject = sample(event_type, created=NOW)["data"]["object"]
        for path in places(subject):
            odd = with_value(subject, path, rng.choice(SHARP))
            event = told({**sample(event_type, created=NOW), "data": {"object": odd}})
            if event:
                assert_settled(event)
    for thin in THIN:
        for path in places(thin):
            event = told(with_value(thin, path, rng.choice(SHARP)))
            if event:
                assert_settled(event)
    assert_shown(admin_client)


def assert_shown(staff: Client) -> None:
    """Every page and every answer of the API about what is stored."""
    _, key = issue(User.objects.get(username="admin"))
    program = bearer(key)
    models: list[type[Model]] = [WebhookEvent, *MODELS.values()]
    for model in models:
        screen = f"admin:{model._meta.app_label}_{model._meta.model_name}"
        rows = list(model._default_manager.order_by("-pk")[:4])
        pages = [reverse(f"{screen}_change", args=[row.pk]) for row in rows]
        for page in [reverse(f"{screen}_changelist"), *pages]:
            assert staff.get(page).status_code == 200
    for family in ("events", "customers", "subscriptions", "invoices", "charges", "refunds"):
        assert program.get(f"/api/v1/{family}/").status_code == 200
