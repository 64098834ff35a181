"""Whatever is done to what is on record, by whoever can write SQL, is found and named."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection, models
from django.utils import timezone

from webhooks import audit
from webhooks.audit.sealed_tables import table_of
from webhooks.models import Attempt, AuditEntry, AuditHead, Replay, Seal, WebhookEvent
from webhooks.testing import deliver
from webhooks.testing.audit_trail import alter, copy, execute, first_found_when_altered, found, lay
from webhooks.tests.events import make_event

pytestmark = pytest.mark.django_db


def sealed_columns(model: type[models.Model]) -> set[str]:
    table = table_of(model)
    return {*table.fixed, *table.erasable, *(table.proven or ())}


def test_every_altered_column_of_an_event_is_named() -> None:
    event = lay()
    told = first_found_when_altered(event)
    assert told.pop("id").startswith(f"webhooks.webhookevent {event.pk}: deleted")
    for column in sealed_columns(WebhookEvent):
        assert f"webhooks.webhookevent {event.pk} (" in told[column], column
        assert "altered" in told[column], column


def test_every_altered_column_of_an_attempt_is_named() -> None:
    lay()
    attempt = Attempt.objects.earliest("pk")
    told = first_found_when_altered(attempt)
    assert told.pop("id").startswith(f"webhooks.attempt {attempt.pk}: deleted")
    assert told.keys() == sealed_columns(Attempt)
    for column, what in told.items():
        assert f"webhooks.attempt {attempt.pk} (" in what, column
        assert "altered" in what, column


def test_every_altered_column_of_a_request_to_run_events_again_is_named() -> None:
    lay()
    request = Replay.objects.get()
    told = first_found_when_altered(request)
    assert "deleted" in told.pop("id")
    for column in sealed_columns(Replay):
        assert f"webhooks.replay {request.pk} (" in told[column], column


@pytest.mark.parametrize("action", ["command.run", "audit.sealed"])
def test_every_altered_column_of_an_entry_is_named(action: str) -> None:
    lay()
    entry = AuditEntry.objects.filter(action=action).latest("sequence")
    told = first_found_when_altered(entry)
    assert "deleted" in told.pop("sequence")
    for column, what in told.items():
        assert what.startswith(f"entry {entry.pk}: "), column


def test_every_altered_column_of_the_head_is_named() -> None:
    lay()
    for column, what in first_found_when_altered(AuditHead.objects.get()).items():
        assert what.startswith("the head: "), column


@pytest.mark.parametrize("kind", [Seal.Kind.ROWS, Seal.Kind.AMENDED, Seal.Kind.REMOVED])
def test_every_altered_column_of_a_seal_is_named(kind: str) -> None:
    event = lay()
    amend(event)
    remove(event)
    assert not found()
    seal = Seal.objects.filter(kind=kind, table="webhooks.webhookevent").get()
    for column, what in first_found_when_altered(seal).items():
        named = f"seal {seal.pk + 1000 * (column == 'id')} of" in what
        assert named or f"entry {seal.entry}: its seals" in what, column


def amend(event: WebhookEvent) -> None:
    rows = {WebhookEvent: [event.pk]}
    held = audit.hold(rows)
    WebhookEvent.objects.filter(pk=event.pk).update(body=b"{}")
    audit.amend(AuditEntry.Action.ERASED, rows, held=held, actor="ada", now=timezone.now())


def remove(event: WebhookEvent) -> None:
    rows = {WebhookEvent: [event.pk]}
    held = audit.hold(rows)
    WebhookEvent.objects.filter(pk=event.pk).delete()
    audit.remove(AuditEntry.Action.CLEANED_UP, rows, held=held, actor="ada", now=timezone.now())


def test_deleted_rows_are_named() -> None:
    event = lay()
    attempt = Attempt.objects.earliest("pk")
    execute("DELETE FROM webhooks_webhookevent WHERE id = %s", event.pk)
    execute("DELETE FROM webhooks_attempt WHERE id = %s", attempt.pk)
    assert [what.partition(";")[0] for what in found()] == [
        f"webhooks.webhookevent {event.pk}: deleted",
        f"webhooks.attempt {attempt.pk}: deleted",
    ]


def test_a_deleted_payload_is_named() -> None:
    event = lay()
    execute("UPDATE webhooks_webhookevent SET body = NULL WHERE id = %s", event.pk)
    (only,) = found()
    assert only.startswith(f"webhooks.webhookevent {event.pk} ({event.event_id}): altered: ")
    assert "body was deleted" in only


def test_a_deleted_seal_is_named_and_its_rows_are_not() -> None:
    lay()
    seal = Seal.objects.earliest("pk")
    execute("DELETE FROM webhooks_seal WHERE id = %s", seal.pk)
    (only,) = found()
    assert only.startswith(f"entry {seal.entry}: its seals: 1 were made, and 0 are there")
    assert f"webhooks.webhookevent {seal.first} to {seal.last}" in only


def test_deleted_entries_are_named() -> None:
    for _ in range(6):
        record()
    execute("DELETE FROM webhooks_auditentry WHERE sequence IN (1, 3, 4)")
    assert found() == ["entry 1: deleted", "entries 3 to 4: deleted"]
    execute("DELETE FROM webhooks_auditentry WHERE sequence = 6")
    assert found()[-1] == "the head: it says that the last entry is 6; entry 6: deleted"
    execute("DELETE FROM webhooks_audithead")
    assert found()[-1] == "the head: deleted: nothing tells where the trail ends"


def record(now: Any = None) -> AuditEntry:
    return audit.record(AuditEntry.Action.COMMAND, actor="ada", now=now or timezone.now())


def test_nothing_goes_on_record_after_a_deleted_head() -> None:
    record()
    execute("DELETE FROM webhooks_audithead")
    with pytest.raises(audit.HeadLost):
        record()


@pytest.mark.parametrize("sequence", [-1, 0, 3])
def test_entries_that_slipped_in_are_named(sequence: int) -> None:
    record()
    record()
    copy(AuditEntry, 2, sequence=sequence)
    first, *_ = found()
    assert f"entry {sequence}: " in first


def test_swapped_entries_are_named() -> None:
    for _ in range(3):
        record()
    for old, new in [(1, 101), (2, 1), (101, 2)]:
        execute("UPDATE webhooks_auditentry SET sequence = %s WHERE sequence = %s", new, old)
    assert [what.partition(" (")[0] for what in found()] == [
        f"entry {sequence}: altered" for sequence in (1, 2, 3)
    ]


def test_swapped_rows_are_named() -> None:
    lay()
    one, two = Attempt.objects.order_by("pk")
    execute("UPDATE webhooks_attempt SET number = 99, duration_ms = 1 WHERE id = %s", one.pk)
    execute("UPDATE webhooks_attempt SET event_id = %s WHERE id = %s", one.event_id, two.pk)
    execute(
        "UPDATE webhooks_attempt SET event_id = %s, number = %s, duration_ms = %s WHERE id = %s",
        two.event_id,
        one.number,
        one.duration_ms,
        one.pk,
    )
    assert [what[: len("webhooks.attempt ")] for what in found()] == ["webhooks.attempt "] * 2


def test_a_seal_that_no_entry_knows_is_named() -> None:
    lay()
    copy(Seal, 1, id=99, entry=record().sequence)
    assert "seal 99 of" in found()[0]
    assert "inserted" in found()[0]


def test_a_row_among_old_ones_is_named_and_a_late_one_is_sealed() -> None:
    start = timezone.now()
    event = lay()
    late = make_event()
    deliver(late)
    execute("DELETE FROM webhooks_attempt WHERE event_id > %s", event.pk)
    # As if its transaction had taken long: its key is lower than others', and it shows only now.
    execute("UPDATE webhooks_webhookevent SET id = -1 WHERE event_id = %s", late["id"])
    report = audit.verify()
    assert not report.findings
    assert report.unsealed["webhooks.webhookevent"].count == 1
    assert audit.seal(now=start) == 1
    assert audit.seal(now=start) == 0
    assert not found()
    assert Seal.objects.latest("pk").kind == Seal.Kind.STRAGGLERS
    alter(WebhookEvent.objects.get(pk=-1), "sha256")
    assert "webhooks.webhookevent -1 " in found()[0]
    alter_back = WebhookEvent.objects.get(pk=-1)
    execute("UPDATE webhooks_webhookevent SET id = -2 WHERE id = %s", alter_back.pk)
    deliver(make_event())
    audit.seal(now=timezone.now() + timedelta(hours=2))
    execute("UPDATE webhooks_webhookevent SET id = -3 WHERE id = -2")
    assert any("webhooks.webhookevent -3 " in what and "inserted" in what for what in found())


def test_an_amended_row_is_as_amended_or_named() -> None:
    event = lay()
    amend(event)
    assert not found()
    execute("UPDATE webhooks_webhookevent SET body = %s WHERE id = %s", event.body, event.pk)
    assert f"altered: its body is not what seal {Seal.objects.latest('pk').pk} of" in found()[0]


def test_an_event_may_be_amended_before_it_is_sealed() -> None:
    deliver(make_event())
    event = WebhookEvent.objects.get()
    amend(event)
    audit.seal(now=timezone.now())
    assert not found()
    execute("UPDATE webhooks_webhookevent SET body = %s", b"[]")
    assert "altered: its body" in found()[0]


def test_a_removed_row_that_comes_back_is_named() -> None:
    event = lay()
    body = WebhookEvent.objects.get(pk=event.pk)
    remove(event)
    assert not found()
    assert audit.verify().removed == 1
    body.save(force_insert=True)
    assert "there, though on record as deleted" in found()[0]


def test_an_anchor_shows_that_the_end_was_cut_off() -> None:
    lay()
    before = AuditHead.objects.get()
    record()
    anchor = audit.current_anchor()
    assert anchor
    assert not found(anchor)
    execute("DELETE FROM webhooks_auditentry WHERE sequence = %s", anchor.sequence)
    execute("UPDATE webhooks_audithead SET sequence = %s, mac = %s", before.sequence, before.mac)
    assert not found()
    assert found(anchor) == [
        f"entry {anchor.sequence}: not there, though an anchor says that it was"
    ]
    record()
    assert found(anchor) == [
        f"entry {anchor.sequence}: not the one that an anchor names: the trail was rewritten"
    ]


@pytest.mark.skipif(connection.vendor != "sqlite", reason="PostgreSQL has its types watched")
@pytest.mark.parametrize(
    ("table", "assignment"),
    [
        ("webhooks_auditentry", "details = '{not json'"),
        ("webhooks_auditentry", "action = 'customer.erased', details = '{not json'"),
        ("webhooks_auditentry", "action = 'customer.erased', details = '{\"erasure\": []}'"),
        ("webhooks_auditentry", "details = replace(details, ': ', ':  ')"),
        ("webhooks_auditentry", "recorded_at = replace(recorded_at, ' ', 'T')"),
        ("webhooks_auditentry", "recorded_at = 'never'"),
        ("webhooks_auditentry", "actor = x'fffe'"),
        ("webhooks_auditentry", "actor = CAST(x'fffe' AS TEXT)"),
        ("webhooks_attempt", "handlers = '[not json'"),
        ("webhooks_attempt", "handlers = handlers || ' '"),
        ("webhooks_attempt", "started_at = 'never'"),
        ("webhooks_attempt", "started_at = replace(started_at, ' ', 'T')"),
        ("webhooks_attempt", "error = x'fffe'"),
        ("webhooks_attempt", "error = CAST(x'fffe' AS TEXT)"),
        ("webhooks_attempt", "number = 'one'"),
    ],
)
def test_what_can_t_be_read_is_named(table: str, assignment: str) -> None:
    lay()
    execute("PRAGMA ignore_check_constraints = ON")
    key = "sequence" if table == "webhooks_auditentry" else "id"
    execute(
        f"UPDATE {table} SET {assignment} WHERE {key} = (SELECT min({key}) FROM {table})"  # noqa: S608
    )
    assert "altered" in found()[0]


@pytest.mark.skipif(connection.vendor != "sqlite", reason="PostgreSQL has its types watched")
def test_a_row_that_can_t_be_read_keeps_no_other_from_being_sealed() -> None:
    deliver(make_event())
    deliver(make_event())
    first = Attempt.objects.earliest("pk")
    execute("UPDATE webhooks_attempt SET error = CAST(x'fffe' AS TEXT) WHERE id = %s", first.pk)
    assert audit.seal(now=timezone.now()) == 3
    assert audit.seal(now=timezone.now()) == 0
    assert audit.verify().unsealed["webhooks.attempt"].count == 1
