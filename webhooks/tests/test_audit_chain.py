"""The chain: what an entry holds, that it only grows, and that its key can be changed."""

import json
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.core.management import call_command
from django.db import Error, connection, transaction
from django.utils import timezone
from pytest_django import Settings

from webhooks import audit, tasks
from webhooks.audit.chain import mac_of
from webhooks.audit.keys import key_id_of
from webhooks.models import AppendOnlyError, AuditEntry, AuditHead, Seal, WebhookEvent
from webhooks.testing import deliver
from webhooks.testing.audit_trail import execute, found, lay
from webhooks.tests.events import make_event

pytestmark = pytest.mark.django_db

COMMAND = AuditEntry.Action.COMMAND
NEW_KEY = "the-key-that-follows-of-good-length"


def record(**what: Any) -> AuditEntry:
    return audit.record(COMMAND, **{"actor": "ada", "now": timezone.now(), **what})


def test_entries_are_numbered_without_gaps_even_when_one_is_undone() -> None:
    record()
    with transaction.atomic():
        record()
        transaction.set_rollback(True)
    assert record().sequence == 2
    assert not found()


@pytest.mark.postgresql
@pytest.mark.django_db(transaction=True)
def test_concurrent_appends_lose_none_and_leave_no_gap() -> None:
    def append(count: int) -> None:
        try:
            for _ in range(count):
                record()
        finally:
            connection.close()

    with ThreadPoolExecutor(16) as pool:
        for done in [pool.submit(append, 25) for _ in range(16)]:
            done.result()
    assert list(AuditEntry.objects.order_by("sequence").values_list("sequence", flat=True)) == [
        *range(1, 401)
    ]
    assert not found()


@pytest.mark.postgresql
@pytest.mark.django_db(transaction=True)
def test_concurrent_sealing_seals_nothing_twice() -> None:
    for _ in range(20):
        deliver(make_event())

    def seal(_: int) -> int:
        try:
            return audit.seal(now=timezone.now())
        finally:
            connection.close()

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(seal, range(8))) == 40
    assert Seal.objects.count() == 2
    assert not found()


@pytest.mark.postgresql
@pytest.mark.django_db(transaction=True)
def test_amending_while_sealing_keeps_the_chain_valid() -> None:
    for _ in range(20):
        deliver(make_event())
    pks = list(WebhookEvent.objects.values_list("pk", flat=True))

    def erase(pk: int) -> None:
        try:
            with transaction.atomic():
                rows = {WebhookEvent: [pk]}
                held = audit.hold(rows)
                WebhookEvent.objects.filter(pk=pk).update(body=b"{}")
                audit.amend(
                    AuditEntry.Action.ERASED, rows, held=held, actor="ada", now=timezone.now()
                )
            audit.seal(now=timezone.now())
        finally:
            connection.close()

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(erase, pks))
    assert not found()


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("nul\0", "nul\ufffd"),
        ("\ud800", "?"),
        ("x" * 300, f"{'x' * 149}…"),
        ("\N{GRINNING FACE}" * 150, "\N{GRINNING FACE}" * 150),
        ("", ""),
    ],
)
def test_any_text_can_be_put_on_record(text: str, kept: str) -> None:
    record(actor=text, subject=text, details={text: [text]})
    assert AuditEntry.objects.get().actor == kept
    assert not found()


@pytest.mark.parametrize("value", [1.5, b"x", object(), timezone.now(), float("nan"), {1, 2}])
def test_details_that_databases_store_differently_are_refused(value: object) -> None:
    with pytest.raises(TypeError):
        record(details={"value": [value]})


@pytest.mark.parametrize("value", [10**30, -1, True, None, [], {}, {"b": {"a": [1, "é"]}}])
def test_storable_details_are_kept(value: object) -> None:
    record(details={"value": value})
    assert AuditEntry.objects.get().details == {"value": value}
    assert not found()


def test_the_models_refuse_changes() -> None:
    lay()
    for row in (AuditEntry.objects.latest("sequence"), Seal.objects.latest("id")):
        rows = type(row)._default_manager.all()
        for change in (
            row.save,
            row.delete,
            rows.delete,
            lambda rows=rows: rows.update(key_id="x"),
            lambda row=row, rows=rows: rows.bulk_update([row], ["key_id"]),
            lambda row=row, rows=rows: rows.bulk_create([row]),
            lambda rows=rows: rows.update_or_create(defaults={"key_id": "x"}),
        ):
            with pytest.raises(AppendOnlyError):
                change()
    assert not found()


@pytest.mark.postgresql
@pytest.mark.parametrize(
    "change",
    [
        "UPDATE webhooks_auditentry SET actor = 'eve'",
        "DELETE FROM webhooks_auditentry",
        "TRUNCATE webhooks_auditentry, webhooks_auditreason",
        "UPDATE webhooks_seal SET count = 1",
        "DELETE FROM webhooks_seal",
        "TRUNCATE webhooks_seal",
    ],
)
def test_postgresql_refuses_changes_too(change: str) -> None:
    lay()
    execute("SET LOCAL webhooks.audit_trail = 'locked'")
    with pytest.raises(Error, match="append-only"), transaction.atomic():
        execute(change)
    record()
    assert not found()


def test_a_change_of_key_is_on_record_with_the_former_keys_consent(settings: Settings) -> None:
    lay()
    settings.AUDIT_KEY, settings.AUDIT_KEY_FALLBACKS = NEW_KEY, [settings.AUDIT_KEY]
    record()
    changed, after = AuditEntry.objects.order_by("sequence")[4:]
    assert (changed.action, after.action) == ("audit.key_changed", "command.run")
    assert changed.key_id == after.key_id != changed.details["former"]
    deliver(make_event())
    audit.seal(now=timezone.now())
    report = audit.verify()
    assert (report.findings, report.notes) == ([], [])
    assert record().sequence == AuditHead.objects.get().sequence


def test_without_the_former_key_the_report_names_the_setting(settings: Settings) -> None:
    lay()
    former = settings.AUDIT_KEY
    settings.AUDIT_KEY = NEW_KEY
    record()
    report = audit.verify()
    assert len(report.findings) == 1
    assert "entry 1: signed with the key" in str(report.findings[0])
    assert "AUDIT_KEY_FALLBACKS" in str(report.findings[0])
    settings.AUDIT_KEY_FALLBACKS = [former]
    report = audit.verify()
    assert not report.findings
    assert "not at hand" in report.notes[0]


def test_a_key_can_t_be_changed_without_consent(settings: Settings) -> None:
    record()
    former = settings.AUDIT_KEY
    settings.AUDIT_KEY, settings.AUDIT_KEY_FALLBACKS = NEW_KEY, ["not-the-former-key-at-all"]
    execute("UPDATE webhooks_audithead SET key_id = %s", key_id_of("not-the-former-key-at-all"))
    record()
    settings.AUDIT_KEY_FALLBACKS = [former]
    assert found() == ["entry 2: the former key does not consent to its successor"]


def test_a_consent_can_t_be_given_again(settings: Settings) -> None:
    first, second = settings.AUDIT_KEY, NEW_KEY
    record()
    for key, former in ((second, first), (first, second)):
        settings.AUDIT_KEY, settings.AUDIT_KEY_FALLBACKS = key, [former]
        record()
    # Whoever got hold of the second key while it was in use has the chain change to it once more.
    settings.AUDIT_KEY, settings.AUDIT_KEY_FALLBACKS = second, [first]
    record()
    changes = AuditEntry.objects.filter(action=AuditEntry.Action.KEY_CHANGED).order_by("sequence")
    given, *_, again = changes
    before, after = (AuditEntry.objects.get(sequence=again.sequence + step) for step in (-1, 1))
    again.details["consent"] = given.details["consent"]
    for entry, previous in ((again, before), (after, again)):
        entry.mac = mac_of(entry, previous=previous.mac, key=second)
        execute(
            "UPDATE webhooks_auditentry SET details = %s, mac = %s WHERE sequence = %s",
            json.dumps(entry.details),
            entry.mac,
            entry.sequence,
        )
    execute("UPDATE webhooks_audithead SET mac = %s", after.mac)

    assert found() == [f"entry {again.sequence}: the former key does not consent to its successor"]


def test_an_old_key_can_t_go_on_signing(settings: Settings) -> None:
    lay()
    former = settings.AUDIT_KEY
    settings.AUDIT_KEY, settings.AUDIT_KEY_FALLBACKS = NEW_KEY, [former]
    record()
    settings.AUDIT_KEY, settings.AUDIT_KEY_FALLBACKS = former, [NEW_KEY]
    execute("UPDATE webhooks_audithead SET key_id = %s", key_id_of(former))
    record()
    assert found() == ["entry 7: signed with another key than the one before, without notice"]


def test_sealing_is_due_until_it_is_done() -> None:
    start = timezone.now()
    assert audit.sealed_up_to(start) == start
    deliver(make_event())
    assert audit.sealed_up_to(start) is None
    audit.seal(now=start)
    now = timezone.now()
    assert audit.sealed_up_to(now) == now
    deliver(make_event())
    assert audit.sealed_up_to(now) == start


def test_many_rows_take_several_seals(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("webhooks.audit.seals.MAX_ROWS", 3)
    for _ in range(7):
        deliver(make_event())
    assert audit.seal(now=timezone.now()) == 14
    assert Seal.objects.filter(table="webhooks.webhookevent").count() == 3
    assert not found()


def test_what_is_deleted_at_once_takes_several_seals(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("webhooks.audit.seal_format.MAX_ROWS", 3)
    for _ in range(7):
        deliver(make_event())
    WebhookEvent.objects.update(received_at=timezone.now() - timedelta(days=500))
    call_command("cleanup_events", verbosity=0)
    removed = Seal.objects.filter(table="webhooks.webhookevent", kind=Seal.Kind.REMOVED)
    assert list(removed.order_by("pk").values_list("count", flat=True)) == [3, 3, 1]
    assert not found()


def test_what_is_deleted_at_once_is_found_by_its_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    # Keys so far apart that no verification of some of them reads the seals of the others.
    monkeypatch.setattr("webhooks.audit.seals.MAX_ROWS", 3)
    for module in ("seal_format", "row_seals"):
        monkeypatch.setattr(f"webhooks.audit.{module}.SPAN", 2)
    for _ in range(12):
        deliver(make_event())
    WebhookEvent.objects.update(received_at=timezone.now() - timedelta(days=500))
    call_command("cleanup_events", verbosity=0)
    assert not WebhookEvent.objects.exists()
    assert not found()


def test_beat_and_the_loop_seal_what_was_recorded(settings: Settings) -> None:
    assert settings.CELERY_BEAT_SCHEDULE["seal"]["task"] == tasks.seal.name
    deliver(make_event())
    tasks.seal()
    assert Seal.objects.count() == 2
    deliver(make_event())
    stop = threading.Event()

    def clock() -> datetime:
        stop.set()
        return timezone.now()

    audit.seal_until(stop, clock=clock)
    assert Seal.objects.count() == 4
    assert not found()


def test_sealing_can_be_switched_off(settings: Settings) -> None:
    settings.AUDIT_SEAL_EVERY_MINUTES = 0
    deliver(make_event())
    audit.seal_until(threading.Event())
    assert not Seal.objects.exists()
