"""Each provider's life of a customer ends in the same rows, in whatever order it is told."""

import random
from collections.abc import Iterable, Sequence
from typing import Final

import pytest
from django.core.cache import cache
from django.db import transaction
from django.utils import timezone

from billing.models import MODELS, ProviderObject
from billing.ordering import FactMap
from billing.testing.lives import LIVES, Life
from billing.translators import TRANSLATORS
from webhooks.models import WebhookEvent
from webhooks.providers import PROVIDERS
from webhooks.testing.client import post, sign
from webhooks.testing.provider_samples import as_sample, sample_of

pytestmark = pytest.mark.django_db

DRAWN: Final = 6
"""How many orders of arrival are drawn for each life."""

Stored = dict[tuple[type[ProviderObject], str], tuple[FactMap, bool]]


# Stripe's are in `tests`: it tells of objects in more ways than one life can show.
every_life = pytest.mark.parametrize("life", sorted(TRANSLATORS.keys() - {"stripe"}), indirect=True)


def tell(life: Life, order: Iterable[int]) -> None:
    provider, path = PROVIDERS[life.provider], f"/webhooks/{life.provider}"
    for place in order:
        body = life.write(life.deliveries[place])
        sent, headers = provider.sent(body, sign(body, endpoint=life.provider))
        answer = post(sent, headers, path, media_type=provider.media_types[0])
        assert answer.status_code == 200, answer.content


def stored() -> Stored:
    return {
        (model, row.provider_id): (row.facts(), row.in_doubt)
        for model in MODELS.values()
        for row in model._default_manager.all()
    }


def ends(life: Life, order: Sequence[int]) -> Stored:
    """Return what is stored after deliveries in this order; nothing of it stays."""
    cache.clear()
    with transaction.atomic():
        tell(life, order)
        # An event that billing does not take is ignored; none may fail.
        assert not WebhookEvent.objects.exclude(status__in=["processed", "ignored"]).exists()
        found = stored()
        transaction.set_rollback(True)
    return found


@every_life
def test_a_life_ends_in_its_rows(life: Life) -> None:
    tell(life, range(len(life.deliveries)))

    rows = {
        model: {
            row.provider_id: {name: getattr(row, name) for name in expected}
            for row in model._default_manager.all()
            if (expected := life.rows.get(model, {}).get(row.provider_id, {})) is not None
        }
        for model in MODELS.values()
        if model._default_manager.exists()
    }
    assert rows == {model: dict(ids) for model, ids in life.rows.items()}
    doubted = {key[1] for key, (_, in_doubt) in stored().items() if in_doubt}
    assert doubted <= life.may_doubt


@every_life
def test_every_order_and_a_second_telling_end_in_the_same_rows(life: Life) -> None:
    places = range(len(life.deliveries))
    drawn = random.Random(life.provider)  # noqa: S311
    orders = [[*reversed(places)], *(drawn.sample(places, len(places)) for _ in range(DRAWN))]
    told = ends(life, places)

    for order in orders:
        found = ends(life, [*order, *drawn.sample(places, len(places))])
        assert found.keys() == told.keys(), order
        for (model, provider_id), (facts, in_doubt) in found.items():
            if in_doubt:
                assert provider_id in life.may_doubt, (model, provider_id, order)
            else:
                assert facts == told[model, provider_id][0], (model, provider_id, order)


@pytest.mark.parametrize("life", sorted(LIVES), indirect=True)
def test_the_kits_sample_becomes_billing_state(life: Life) -> None:
    name = life.provider
    provider, body = PROVIDERS[name], as_sample(name, sample_of(name, now=timezone.now()))
    sent, headers = provider.sent(body, sign(body, endpoint=name))

    answer = post(sent, headers, f"/webhooks/{name}", media_type=provider.media_types[0])

    assert answer.status_code == 200
    assert set(WebhookEvent.objects.values_list("status", flat=True)) == {"processed"}
    assert stored()
