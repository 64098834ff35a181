"""What is kept of refused deliveries: little, cleaned, and never for long."""

import hashlib
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import DatabaseError, connection
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

from webhooks import audit
from webhooks.exceptions import InvalidSignature, MissingSignature, Rejected, StorageUnavailable
from webhooks.guards.admission import IncomingDelivery
from webhooks.intake import refusals
from webhooks.intake.refusal_sampling import FIRST, MOST
from webhooks.models import AuditEntry, Refusal
from webhooks.monitoring import metrics
from webhooks.testing.audit_trail import alter, copy, first_found_when_altered, found
from webhooks.testing.client import post, sign

pytestmark = pytest.mark.django_db

NOW = timezone.now()
DELIVERY = IncomingDelivery({"REMOTE_ADDR": "198.51.100.1"})


def refuse(refusal: Rejected, slug: str = "stripe", *, now: datetime = NOW) -> None:
    refused = refusals.refuse(refusal, DELIVERY, slug, now=now)
    refused.put_on_record()


def recorded() -> list[tuple[Any, ...]]:
    return list(Refusal.objects.order_by("pk").values_list("endpoint", "code", "weight"))


def total(endpoint: str, code: str) -> float:
    value: float = metrics.REFUSALS.labels(endpoint, code)._value.get()
    return value


def test_a_record_holds_client_reason_and_body_hash() -> None:
    body = b'{"id": "evt_marked"}'
    post(
        body,
        sign(b"other") | {"User-Agent": "curl/8", "Cookie": "marked"},
        client=Client(REMOTE_ADDR="198.51.100.1"),
    )

    row = Refusal.objects.get()
    assert (row.endpoint, row.code) == ("stripe", "invalid_signature")
    assert (row.client, row.user_agent, row.weight) == ("198.51.100.1", "curl/8", 1)
    assert row.sha256 == hashlib.sha256(body).hexdigest()
    assert "marked" not in str(Refusal.objects.values())


def test_text_from_strangers_is_cut_and_cleaned() -> None:
    agent = "\x1b[31mred\x00\n\u202e" + "x" * 5000
    post(b"{}", {"User-Agent": agent}, "/webhooks/%1b[2J\u00e9" + "y" * 500)

    row = Refusal.objects.get()
    assert row.user_agent.startswith("?[31mred?xxx")
    assert row.endpoint.startswith("?[2J?yyy")
    assert (len(row.user_agent), len(row.endpoint)) == (200, 64)
    assert (row.user_agent + row.endpoint).isascii()


def test_unknown_endpoints_are_counted_together() -> None:
    before = total("", "unknown_endpoint")
    for number in range(3):
        post(b"{}", {}, f"/webhooks/nobody{number}")

    assert total("", "unknown_endpoint") == before + 3
    assert [row[0] for row in recorded()] == ["nobody0", "nobody1", "nobody2"]


def test_each_refusal_is_counted_by_its_code() -> None:
    before = total("stripe", "missing_signature")
    for _ in range(3 * FIRST):
        post(b"{}", {})

    assert total("stripe", "missing_signature") == before + 3 * FIRST


def test_records_are_sampled_and_weighted() -> None:
    for _ in range(1000):
        refuse(InvalidSignature())
    refuse(MissingSignature())

    of_many = [1, 1, 1, 1, 1, 3, 8, 16, 32, 64, 128, 256]
    assert recorded() == [
        *(("stripe", "invalid_signature", number) for number in of_many),
        ("stripe", "missing_signature", 1),
    ]


def test_a_new_window_records_the_first_few_again() -> None:
    for _ in range(FIRST + 2):
        refuse(InvalidSignature())
    refuse(InvalidSignature(), now=NOW + timedelta(minutes=1))

    assert recorded()[FIRST:] == [("stripe", "invalid_signature", 3)]


def test_a_flood_leaves_few_records(settings: Settings) -> None:
    settings.WEBHOOK_ENDPOINTS = {
        f"door{number}": settings.WEBHOOK_ENDPOINTS["stripe"] for number in range(2 * MOST)
    }
    for number in range(2 * MOST):
        refuse(InvalidSignature(), f"door{number}")

    assert len(recorded()) == MOST


def test_adding_a_record_trims_the_table(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(refusals, "MOST_ROWS", 50)
    for number in range(300):
        refuse(InvalidSignature(), now=NOW + timedelta(minutes=number))

    assert 50 <= Refusal.objects.count() < 50 + refusals.TRIM_EVERY
    assert Refusal.objects.latest("pk").recorded_at == NOW + timedelta(minutes=299)


def test_a_row_with_a_key_of_its_own_drops_no_others() -> None:
    refuse(InvalidSignature(), now=NOW)
    mine = Refusal.objects.get().pk
    copy(Refusal, mine, id=2**40)
    call_command("cleanup_events", verbosity=0)
    assert set(Refusal.objects.values_list("pk", flat=True)) == {mine, 2**40}


def test_addresses_are_not_kept_for_long() -> None:
    refuse(InvalidSignature(), now=NOW - timedelta(days=91))
    refuse(MissingSignature(), now=NOW - timedelta(days=89))
    call_command("cleanup_events", verbosity=0)

    assert [code for _, code, _ in recorded()] == ["missing_signature"]


def test_what_is_dropped_is_on_record_and_what_was_altered_is_kept() -> None:
    for code in (InvalidSignature, MissingSignature):
        refuse(code(), now=NOW - timedelta(days=91))
    audit.seal(now=NOW)
    altered, _ = Refusal.objects.order_by("pk")
    alter(altered, "code")
    with pytest.raises(CommandError, match="1 rows were kept"):
        call_command("cleanup_events", verbosity=0)

    assert list(Refusal.objects.values_list("pk", flat=True)) == [altered.pk]
    dropped = AuditEntry.objects.get(action=AuditEntry.Action.CLEANED_UP)
    assert dropped.details["refusals"] == 1
    # The one that was dropped is accounted for.
    [finding] = found()
    assert f"webhooks.refusal {altered.pk} (" in finding


def test_an_altered_or_deleted_record_is_named() -> None:
    refuse(InvalidSignature())
    refuse(InvalidSignature())
    audit.seal(now=NOW)
    row = Refusal.objects.latest("pk")
    told = first_found_when_altered(row)

    assert f"webhooks.refusal {row.pk}: deleted" in told.pop("id")
    assert told.keys() == {field.column for field in Refusal._meta.concrete_fields} - {"id"}
    for column, what in told.items():
        assert f"webhooks.refusal {row.pk} (" in what, column


class Away:
    """A database that takes nothing."""

    def __init__(self) -> None:
        self.asked = 0

    def __call__(self, *_: object) -> Any:
        self.asked += 1
        raise DatabaseError("away")


def test_a_database_that_is_away_is_asked_once_and_changes_no_response(
    caplog: pytest.LogCaptureFixture,
) -> None:
    away = Away()
    with connection.execute_wrapper(away):
        answers = [post(b"{}", {}).status_code for _ in range(FIRST)]
        post(b"{}", {}, "/webhooks/nobody")

    assert set(answers) == {400}
    assert away.asked == 1
    assert caplog.text.count("not put on record") == 1


def test_storage_failures_are_not_recorded_as_refusals() -> None:
    away = Away()
    with connection.execute_wrapper(away):
        refuse(StorageUnavailable())

    assert away.asked == 0
    assert total("stripe", "storage_unavailable") >= 1
