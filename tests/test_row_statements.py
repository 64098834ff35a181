"""Rows that are written and read without the ORM's statements, compared with what the ORM does."""

import random
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import connection, models, transaction
from django.db.transaction import TransactionManagementError
from django.utils import timezone

from billing.models import MODELS, BillingChange
from webhooks import row_statements
from webhooks.models import Attempt, WebhookEvent
from webhooks.testing import deliver, sample

pytestmark = pytest.mark.django_db

KEPT = [*MODELS.values(), BillingChange]


def filled(model: type[models.Model], seed: int) -> models.Model:
    """A row with something in every column, some of it null where null may be."""
    chance = random.Random(seed)  # noqa: S311
    return model(
        **{
            field.attname: _value(field, chance)
            for field in model._meta.concrete_fields
            if not field.primary_key
        }
    )


def _value(field: Any, chance: random.Random) -> Any:
    if field.null and chance.random() < 0.3:
        return None
    match field:
        case models.JSONField():
            return {"a": [1, "é\\", None, {"b": True}]}
        case models.BooleanField():
            return chance.random() < 0.5
        case models.DateTimeField():
            return datetime(2026, 1, 2, tzinfo=UTC) + timedelta(
                microseconds=chance.randrange(10**12)
            )
        case models.IntegerField():
            return chance.randrange(10**4)
    return f"'é%s {chance.randrange(10**6)}"


def values(row: models.Model) -> dict[str, Any]:
    return {field.attname: getattr(row, field.attname) for field in row._meta.concrete_fields}


@pytest.mark.parametrize("model", KEPT, ids=lambda model: model.__name__)
def test_what_is_inserted_is_what_the_orm_reads(model: type[models.Model]) -> None:
    for seed in range(5):
        row = filled(model, seed)

        row_statements.insert(row)

        assert values(model._default_manager.get(pk=row.pk)) == values(row)


@pytest.mark.parametrize("model", KEPT, ids=lambda model: model.__name__)
def test_a_locked_row_is_what_the_orm_reads(model: type[models.Model]) -> None:
    row, other = (filled(model, seed) for seed in (1, 2))
    model._default_manager.bulk_create([other, row])

    found = row_statements.locked(model, {"pk": row.pk})

    assert found is not None
    assert values(found) == values(model._default_manager.get(pk=row.pk))
    assert found._state.adding is False
    assert row_statements.locked(model, {"pk": row.pk + other.pk}) is None


@pytest.mark.parametrize("model", KEPT, ids=lambda model: model.__name__)
def test_an_update_writes_the_named_fields_and_no_others(model: type[models.Model]) -> None:
    before, row, other = (filled(model, seed) for seed in (1, 2, 3))
    model._default_manager.bulk_create([before, other])
    *named, unnamed = [f.name for f in model._meta.concrete_fields if not f.primary_key]
    row.pk = before.pk

    row_statements.update(row, named)

    expected = values(row) | {unnamed: getattr(before, unnamed)}
    assert values(model._default_manager.get(pk=row.pk)) == expected
    assert values(model._default_manager.get(pk=other.pk)) == values(other)


def test_some_fields_are_read_and_the_rest_when_they_are_asked_for() -> None:
    deliver(sample("test.happened"))

    event = row_statements.locked(
        WebhookEvent, {"status": WebhookEvent.Status.IGNORED}, ("attempts",)
    )

    assert event is not None
    assert event.get_deferred_fields() >= {"body", "type"}
    assert event.attempts == 1
    assert event.type == "test.happened"


def test_a_foreign_key_is_written_and_read_by_its_key() -> None:
    deliver(sample("test.happened"))
    event = WebhookEvent.objects.get()
    attempt = Attempt(event=event, number=9, started_at=timezone.now(), duration_ms=0.5)

    row_statements.insert(attempt)

    found = row_statements.locked(Attempt, {"event": event.pk, "number": 9})
    assert found is not None
    assert (found.event, found.duration_ms) == (event, 0.5)


@pytest.mark.django_db(transaction=True)
def test_nothing_is_locked_outside_a_transaction() -> None:
    with pytest.raises(TransactionManagementError):
        row_statements.locked(WebhookEvent, {"pk": 1})


@pytest.mark.postgresql
@pytest.mark.django_db(transaction=True)
def test_others_wait_for_a_locked_row() -> None:
    deliver(sample("test.happened"))
    with transaction.atomic():
        row_statements.locked(WebhookEvent, {"event_id": WebhookEvent.objects.get().event_id})
        with connection.copy().temporary_connection() as other:
            other.execute("SELECT id FROM webhooks_webhookevent FOR UPDATE SKIP LOCKED")
            assert other.fetchall() == []
