"""Seals and entries that SQL hides for a while, and puts back, have made nothing pass for genuine."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

import pytest
from django.core.management import call_command
from django.utils import timezone

from webhooks import audit
from webhooks.models import Seal, WebhookEvent
from webhooks.testing.audit_trail import alter, execute, found
from webhooks.tests.test_altered_rows import clean_up, old_events

pytestmark = pytest.mark.django_db

TABLE = "webhooks.webhookevent"


@contextmanager
def hidden(table: str) -> Iterator[None]:
    """Take a table's seals away, and their entries out of sight, and put all of it back."""
    execute('CREATE TABLE kept AS SELECT * FROM webhooks_seal WHERE "table" = %s', table)
    execute('DELETE FROM webhooks_seal WHERE "table" = %s', table)
    execute("UPDATE webhooks_auditentry SET subject = 'x' WHERE subject = %s", table)
    yield
    execute("UPDATE webhooks_auditentry SET subject = %s WHERE subject = 'x'", table)
    execute("INSERT INTO webhooks_seal SELECT * FROM kept")
    execute("DROP TABLE kept")


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
