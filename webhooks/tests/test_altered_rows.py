"""What was altered by SQL is never cleaned away: it is kept, named and put on record."""

from datetime import timedelta
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import connection, models
from django.utils import timezone

from webhooks import audit
from webhooks.models import Attempt, AuditEntry, Seal, WebhookEvent
from webhooks.testing import deliver
from webhooks.testing.audit_trail import alter, copy, execute, found
from webhooks.testing.browser import log_in
from webhooks.tests.events import make_event

pytestmark = pytest.mark.django_db

ALTERED = AuditEntry.Action.ALTERED


def old_events(*days: int, sealed: timedelta = timedelta()) -> list[WebhookEvent]:
    """Deliver events, make each so many days old, and seal them, so long ago."""
    rows = []
    for age in days:
        event = make_event()
        deliver(event)
        received = timezone.now() - timedelta(days=age)
        WebhookEvent.objects.filter(event_id=event["id"]).update(received_at=received)
        rows.append(WebhookEvent.objects.get(event_id=event["id"]))
    audit.seal(now=timezone.now() - sealed)
    return rows


def clean_up(*options: str) -> str:
    output = StringIO()
    with pytest.raises(CommandError) as error:
        call_command("cleanup_events", *options, stdout=output)
    return f"{output.getvalue().strip()}\n{error.value}"


@pytest.mark.parametrize("column", ["received_at", "body", "sha256", "customer_id"])
@pytest.mark.parametrize("days", [100, 500])
def test_an_altered_event_outlives_the_clean_up(column: str, days: int) -> None:
    event, other = old_events(days, days)
    alter(event, column)
    before = found()
    said = clean_up()

    assert "1 rows were kept" in said
    assert "audit verify" in said
    assert WebhookEvent.objects.get(pk=event.pk).body is not None
    assert not WebhookEvent.objects.filter(pk=other.pk, body__isnull=False).exists()
    assert found() == before
    entry = AuditEntry.objects.get(action=ALTERED)
    assert entry.subject == f"webhooks.webhookevent:{event.pk}"


def test_a_date_set_back_deletes_nothing() -> None:
    (event,) = old_events(1)
    long_ago = timezone.now() - timedelta(days=500)
    WebhookEvent.objects.filter(pk=event.pk).update(received_at=long_ago)
    clean_up()

    assert WebhookEvent.objects.get().body is not None


def test_an_event_stays_with_its_altered_attempt() -> None:
    event, other = old_events(500, 500)
    alter(Attempt.objects.get(event=event), "outcome")
    before = found()
    clean_up()

    assert list(WebhookEvent.objects.values_list("pk", flat=True)) == [event.pk]
    assert not Attempt.objects.filter(event=other).exists()
    assert found() == before


def test_a_row_that_was_inserted_among_sealed_ones_is_kept() -> None:
    for _ in range(3):
        deliver(make_event())
    first, gap, _ = WebhookEvent.objects.order_by("pk")
    pk = gap.pk
    gap.delete()
    audit.seal(now=timezone.now() - timedelta(days=2))
    deliver(make_event())
    audit.seal(now=timezone.now())
    copy(WebhookEvent, first.pk, id=pk, event_id=7)
    WebhookEvent.objects.filter(pk=pk).update(received_at=timezone.now() - timedelta(days=100))

    assert "1 rows were kept" in clean_up()
    assert "inserted" in AuditEntry.objects.get(action=ALTERED).details["found"]


@pytest.mark.parametrize("kind", [Seal.Kind.ROWS, Seal.Kind.AMENDED])
def test_a_row_whose_seal_was_altered_is_kept(kind: str) -> None:
    (event,) = old_events(100)
    if kind == Seal.Kind.AMENDED:
        call_command("cleanup_events", stdout=StringIO())
        WebhookEvent.objects.filter(pk=event.pk).update(body=b"{}")
    seal = Seal.objects.get(kind=kind, table="webhooks.webhookevent")
    alter(seal, "macs")
    said = clean_up("--row-days", "95")

    assert "1 rows were kept" in said
    assert str(seal) in AuditEntry.objects.get(action=ALTERED).details["found"]


def test_what_is_found_every_night_is_on_record_once() -> None:
    (event,) = old_events(100)
    alter(event, "body")
    for _ in range(3):
        clean_up()

    assert AuditEntry.objects.filter(action=ALTERED).count() == 1


def test_many_altered_events_hold_up_no_others() -> None:
    rows = old_events(*range(110, 100, -1))
    for event in rows[:5]:
        alter(event, "body")
    said = clean_up("--batch-size", "2")

    assert "5 payloads dropped" in said
    assert "5 rows were kept" in said


def test_what_was_not_held_against_its_seal_cannot_be_amended() -> None:
    (event,) = old_events(100)
    alter(event, "body")
    rows: dict[type[models.Model], Any] = {WebhookEvent: [event.pk]}
    for act in (audit.amend, audit.remove):
        for held in (audit.Held(), audit.hold(rows)):
            with pytest.raises(ValueError, match=rf"\[{event.pk}\] were not held"):
                act(AuditEntry.Action.ERASED, rows, held=held, actor="ada", now=timezone.now())


def test_a_row_whose_seal_was_deleted_is_neither_sealed_anew_nor_cleaned_up() -> None:
    event, _ = [*old_events(100), *old_events(100)]
    execute("DELETE FROM webhooks_seal WHERE \"table\" = 'webhooks.webhookevent'")
    alter(event, "customer_id")
    before = found()
    assert "2 rows were kept" in clean_up()
    assert audit.seal(now=timezone.now()) == 0
    assert found() == before
    assert WebhookEvent.objects.filter(body__isnull=False).count() == 2
    # What came later is sealed as ever.
    old_events(100)
    assert "1 payloads dropped" in clean_up()


@pytest.mark.parametrize("place", ["earliest", "latest"])
def test_a_row_whose_seal_of_this_hour_was_deleted_does_not_pass_for_a_late_one(place: str) -> None:
    first, second = [*old_events(100), *old_events(100)]
    seal = getattr(Seal.objects.filter(table="webhooks.webhookevent"), place)("pk")
    event = first if place == "earliest" else second
    execute("DELETE FROM webhooks_seal WHERE id = %s", seal.pk)
    alter(event, "customer_id")
    before = found()
    assert "1 rows were kept" in clean_up()
    assert WebhookEvent.objects.get(body__isnull=False).pk == event.pk
    assert found() == before


LOST_SEALS = {
    "renamed": "SET \"table\" = 'webhooks.attempt'",
    "of another kind": "SET kind = 'removed'",
    "shrunk": "SET last = first - 1",
    "moved": "SET first = first + 1000, last = last + 1000",
    "made late": "SET sealed_at = '2999-01-01 00:00:00'",
    "of another entry": "SET entry = 1",
}


@pytest.mark.parametrize("ages", [(3, 2), (3, 0), (0, 0)])
@pytest.mark.parametrize("change", LOST_SEALS.values(), ids=LOST_SEALS)
def test_what_an_altered_seal_covered_is_not_sealed_anew(
    change: str, ages: tuple[int, int]
) -> None:
    for _ in range(3):  # gaps among the keys, so that ranges can be moved without overlapping
        deliver(make_event())
    rows = [old_events(100, 100, sealed=timedelta(days=age)) for age in ages]
    event = rows[-1][0]
    mine = {"table": "webhooks.webhookevent", "kind": Seal.Kind.ROWS}
    seal = Seal.objects.filter(**mine).latest("pk")
    execute(f"UPDATE webhooks_seal {change} WHERE id = %s", seal.pk)
    alter(event, "customer_id")
    before = found()
    clean_up()

    assert WebhookEvent.objects.get(pk=event.pk).body is not None
    assert AuditEntry.objects.filter(
        action=ALTERED, subject=f"webhooks.webhookevent:{event.pk}"
    ).exists()
    assert set(before) <= set(found())


def test_what_all_old_seals_covered_is_not_late() -> None:
    event, *_ = old_events(100, sealed=timedelta(days=3))
    old_events(100, sealed=timedelta(days=2))
    old_events(100)
    newest = Seal.objects.filter(table="webhooks.webhookevent").latest("pk")
    execute("DELETE FROM webhooks_seal WHERE id <> %s", newest.pk)
    alter(event, "customer_id")
    before = found()

    assert audit.seal(now=timezone.now()) == 0
    assert "2 rows were kept" in clean_up()
    assert WebhookEvent.objects.filter(body__isnull=False).count() == 2
    assert found() == before


def test_a_payload_that_was_altered_before_it_was_sealed_is_kept() -> None:
    deliver(make_event())
    event = WebhookEvent.objects.get()
    rows: dict[type[models.Model], Any] = {WebhookEvent: [event.pk]}
    assert audit.hold(rows).fits(WebhookEvent, event.pk)
    alter(event, "body")
    held = audit.hold(rows)
    assert not held.fits(WebhookEvent, event.pk)
    assert "does not have its sha256" in held.altered[0].what


@pytest.mark.skipif(connection.vendor != "sqlite", reason="PostgreSQL has its types watched")
@pytest.mark.parametrize("body", ["CAST(body AS TEXT)", "CAST(x'fffe' AS TEXT)", "7", "1.5"])
def test_a_body_that_is_no_bytes_is_shown_and_nothing_stops_at_it(body: str) -> None:
    event, other = old_events(100, 100)
    execute(f"UPDATE webhooks_webhookevent SET body = {body} WHERE id = %s", event.pk)  # noqa: S608
    client = log_in("view_webhookevent", "view_raw_payload")
    page = f"/admin/webhooks/webhookevent/{event.pk}"

    assert client.get(f"{page}/change/").status_code == 200
    assert client.post(f"{page}/raw/", {"reason": "asked"}).status_code == 200
    event.refresh_from_db()
    # The same text is the same bytes.
    assert bool(found()) is (body != "CAST(body AS TEXT)")
    assert ("kept" in clean_up()) if found() else call_command("cleanup_events") is None
    assert WebhookEvent.objects.get(pk=other.pk).body is None
