"""Nothing passes for genuine because SQL hid seals and entries for a while, and put them back."""

from datetime import timedelta

import pytest
from django.core.management import call_command
from django.utils import timezone

from webhooks import audit
from webhooks.intake import refusals
from webhooks.models import Refusal, Seal, WebhookEvent
from webhooks.testing.audit_trail import alter, execute, found, hidden
from webhooks.tests.test_altered_rows import clean_up, old_events

pytestmark = pytest.mark.django_db

TABLE = "webhooks.webhookevent"


@pytest.mark.parametrize("days", [0, 3])
def test_what_is_sealed_anew_while_its_seal_is_hidden_is_named(days: int) -> None:
    event, _ = old_events(100, 100, sealed=timedelta(days=days))
    old_events(0)
    alter(event, "customer_id")
    before = found()
    with hidden(TABLE):
        assert audit.seal(now=timezone.now())

    assert before
    assert set(before) <= set(found())
    # Nor is it cleaned away with both seals there.
    clean_up()
    assert WebhookEvent.objects.get(pk=event.pk).body is not None


def test_a_row_that_is_sealed_anew_while_its_seal_leaves_it_out_is_named() -> None:
    event, _ = old_events(0, 0)
    seal = Seal.objects.get(table=TABLE)
    alter(event, "customer_id")
    before = found()
    update = "UPDATE webhooks_seal SET ids = %s, macs = %s WHERE id = %s"
    execute(update, seal.ids[8:], seal.macs[32:], seal.pk)
    audit.seal(now=timezone.now())
    execute(update, seal.ids, seal.macs, seal.pk)

    assert before
    assert set(before) <= set(found())


def test_what_is_deleted_while_its_seal_is_hidden_is_named() -> None:
    event, _ = old_events(1, 1, sealed=timedelta(days=3))
    long_ago = timezone.now() - timedelta(days=500)
    with hidden(TABLE):
        WebhookEvent.objects.filter(pk=event.pk).update(received_at=long_ago)
        call_command("cleanup_events")

    assert not WebhookEvent.objects.filter(pk=event.pk).exists()
    assert any(one.startswith(f"{TABLE} {event.pk}: deleted, and") for one in found())


def test_what_is_deleted_unsealed_while_its_seal_is_hidden_is_named() -> None:
    now = timezone.now()
    row, _ = (Refusal.objects.create(recorded_at=now, code="stale", weight=1) for _ in range(2))
    audit.seal(now=now)
    with hidden("webhooks.refusal"):
        Refusal.objects.filter(pk=row.pk).update(recorded_at=now - timedelta(days=100))
        assert refusals.trim(now=now).rows == 1

    [finding] = found()
    assert finding.startswith(f"webhooks.refusal {row.pk}: deleted, and changed by")


def test_what_is_deleted_before_any_seal_is_no_finding() -> None:
    now = timezone.now()
    for days in (100, 0, 100):
        Refusal.objects.create(recorded_at=now - timedelta(days=days), code="stale", weight=1)
    assert refusals.trim(now=now).rows == 2
    audit.seal(now=now)

    assert found() == []
