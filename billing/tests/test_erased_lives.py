"""Whoever is erased leaves the rows of each provider's life as they were, less what is personal."""

from collections.abc import Iterable
from typing import Any

import pytest
from django.core.cache import cache
from django.db.models import Model
from django.utils import timezone

from billing.models import MODELS, BillingChange, Customer
from billing.privacy.erasure import erase
from billing.privacy.redaction import is_personal
from billing.privacy.search import scopes_of
from billing.testing.lives import Life
from billing.translators import TRANSLATORS
from webhooks.models import Attempt, Trigger, WebhookEvent
from webhooks.privacy.erasure import request_erasure
from webhooks.processing.replay import replay, request_replay
from webhooks.providers import PROVIDERS
from webhooks.testing.client import post, sign

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.parametrize("life", sorted(TRANSLATORS.keys() - {"stripe"}), indirect=True),
]

Rows = dict[tuple[str, str], dict[str, Any]]


def tell(life: Life) -> None:
    provider, path = PROVIDERS[life.provider], f"/webhooks/{life.provider}"
    for delivery in life.deliveries:
        body = life.write(delivery)
        sent, headers = provider.sent(body, sign(body, endpoint=life.provider))
        assert post(sent, headers, path, media_type=provider.media_types[0]).status_code == 200


def rows() -> Rows:
    """Return what is kept of each object, less what is personal."""
    return {
        (kind, row.provider_id): {
            name: value for name, value in row.facts().items() if not is_personal(kind, name)
        }
        for kind, model in MODELS.items()
        for row in model._default_manager.all()
    }


def differences(before: Rows) -> list[str]:
    """Return what is not as it was before."""
    now = rows()
    return [
        f"{key}: {name} was {before.get(key, {}).get(name)!r}, is {now.get(key, {}).get(name)!r}"
        for key in before.keys() | now.keys()
        for name in before.get(key, {}).keys() | now.get(key, {}).keys()
        if before.get(key, {}).get(name) != now.get(key, {}).get(name)
    ]


def customers(life: Life) -> Iterable[str]:
    return life.rows.get(Customer, {})


def erase_all(life: Life) -> None:
    for customer_id in customers(life):
        [scope] = scopes_of(customer_id)
        erase(customer_id, scope, actor="anna", reason="asked for")


def test_the_rows_stay_and_running_its_events_again_leaves_them(life: Life) -> None:
    tell(life)
    before = rows()

    erase_all(life)

    assert differences(before) == []
    assert not WebhookEvent.objects.exclude(customer_id="").filter(erased_at=None).exists()
    order = request_replay(
        trigger=Trigger.STAFF, actor="anna", reason="", now=timezone.now(), force=True
    )
    replay(WebhookEvent.objects.all(), order)
    assert not WebhookEvent.objects.exclude(status__in=["processed", "ignored"]).exists()
    assert differences(before) == []
    for customer in Customer.objects.all():
        assert (customer.name, customer.email, customer.phone) == ("", "", "")


def test_what_is_told_too_late_makes_the_same_rows(life: Life) -> None:
    tell(life)
    before = rows()
    scopes = {customer_id: scopes_of(customer_id)[0] for customer_id in customers(life)}
    forget()

    for customer_id, scope in scopes.items():
        request_erasure(**scope, customer_id=customer_id, actor="anna", now=timezone.now())
    tell(life)

    assert not WebhookEvent.objects.exclude(status__in=["processed", "ignored"]).exists()
    assert differences(before) == []
    for customer in Customer.objects.all():
        assert (customer.name, customer.email, customer.phone) == ("", "", "")


def forget() -> None:
    """Have nothing of it be known, as if it had never been told."""
    cache.clear()
    every: list[type[Model]] = [*MODELS.values(), BillingChange, Attempt, WebhookEvent]
    for model in every:
        model._default_manager.all().delete()
