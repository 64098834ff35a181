"""What is to happen once: who gets to do it, what is repeated, and when it is forgotten."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from io import StringIO
from threading import Barrier

import pytest
from django.conf import settings as project
from django.core.management import CommandError, call_command
from django.db import connection, transaction
from django.utils import timezone
from pytest_django import Settings

from billing.exceptions import InTransaction, KeyInUse, KeyReused
from billing.idempotency import keys
from billing.idempotency.expiry import clean_up
from billing.idempotency.keys import Started, StoredResponse
from billing.models import IdempotencyKey
from billing.tasks import cleanup_keys

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
LEASE = timedelta(minutes=1)
DAY = timedelta(days=1)
CALLERS = 64


def begin(
    now: datetime = NOON, *, scope: str = "test", key: str = "key", parameters: str = "a"
) -> Started | StoredResponse:
    return keys.begin(
        scope, key, keys.hash_parameters(parameters), now=now, lease=LEASE, lifetime=DAY
    )


def start(now: datetime = NOON, *, scope: str = "test", parameters: str = "a") -> Started:
    begun = begin(now, scope=scope, parameters=parameters)
    assert isinstance(begun, Started)
    return begun


@pytest.mark.django_db
def test_a_completed_operation_is_replayed() -> None:
    assert keys.complete(start(), StoredResponse(201, "obj_1", "body"))
    for _ in range(2):
        assert begin() == StoredResponse(201, "obj_1", "body")


@pytest.mark.django_db
def test_only_one_holder_works_at_a_time() -> None:
    start()
    with pytest.raises(KeyInUse, match="under way"):
        begin(NOON + LEASE - timedelta(seconds=1))


@pytest.mark.django_db
def test_scopes_have_separate_keys_and_each_its_own_reference() -> None:
    first, again = start(), start(scope="another")
    other = begin(key="another")
    assert isinstance(other, Started)

    # The provider does the work once for each reference.
    assert len({each.reference for each in (first, again, other)}) == 3


@pytest.mark.django_db
@pytest.mark.parametrize("settle", ["complete", "abandon", "nothing"])
def test_a_key_stands_for_one_set_of_parameters(settle: str) -> None:
    started = start()
    if settle == "complete":
        keys.complete(started, StoredResponse(200))
    elif settle == "abandon":
        keys.abandon(started)
    row = IdempotencyKey.objects.get()
    assert (row.response_id, row.response_body) == ("", "")
    with pytest.raises(KeyReused, match="other parameters"):
        begin(parameters="b")


@pytest.mark.django_db
def test_work_that_was_abandoned_is_taken_up_at_once_under_the_same_reference() -> None:
    first = start()
    assert keys.abandon(first, StoredResponse(503))
    second = start()
    assert second.reference == first.reference
    assert second.attempt == first.attempt + 1
    assert IdempotencyKey.objects.get().response_status == 503


@pytest.mark.django_db
def test_a_key_that_an_earlier_version_hashed_stands_for_its_request(settings: Settings) -> None:
    settings.SECRET_KEY = "a-key-that-everybody-may-know-of-good-length"
    keys.complete(start(), StoredResponse(201, "obj_1"))
    hashed = "hashed:8a923cfeefb2cec1538943cdace050180f9e813b14e86c1b264b9bffb454a802"
    IdempotencyKey.objects.update(key=hashed)

    assert begin() == StoredResponse(201, "obj_1")
    # What was inserted meanwhile goes, unless somebody has been at its work.
    for attempts, left in [(0, 1), (1, 2)]:
        row = {"scope": "test", "key": "key", "created_at": NOON, "expires_at": NOON + DAY}
        IdempotencyKey.objects.create(**row, attempts=attempts)
        assert begin() == StoredResponse(201, "obj_1")
        assert IdempotencyKey.objects.count() == left


@pytest.mark.django_db
def test_a_holder_whose_lease_ran_out_cannot_overwrite() -> None:
    late = start()
    taken_over = start(NOON + LEASE)
    assert taken_over.reference == late.reference
    assert not keys.complete(late, StoredResponse(200, "late"))
    assert not keys.abandon(late)
    assert keys.complete(taken_over, StoredResponse(200, "in time"))
    assert not keys.complete(late, StoredResponse(200, "late"))
    assert not keys.complete(taken_over, StoredResponse(200, "again"))
    assert not keys.abandon(taken_over)
    assert begin() == StoredResponse(200, "in time")
    assert IdempotencyKey.objects.get().locked_until is None


@pytest.mark.django_db
def test_an_expired_key_counts_as_absent() -> None:
    first = start()
    keys.complete(first, StoredResponse(200, "obj_1", "body"))
    assert isinstance(begin(NOON + DAY - timedelta(seconds=1)), StoredResponse)
    second = start(NOON + DAY, parameters="b")
    assert second.reference != first.reference
    # An answer is kept no longer than its key lives, whatever becomes of the new work.
    row = IdempotencyKey.objects.get()
    assert (row.response_status, row.response_id, row.response_body) == (None, "", "")
    assert not keys.complete(first, StoredResponse(200, "obj_1"))
    keys.complete(second, StoredResponse(200, "obj_2"))
    assert begin(NOON + DAY, parameters="b") == StoredResponse(200, "obj_2")


@pytest.mark.django_db
def test_a_key_in_use_does_not_expire() -> None:
    start()
    start(NOON + DAY - timedelta(seconds=1))
    with pytest.raises(KeyInUse):
        begin(NOON + DAY)
    assert clean_up(now=NOON + DAY) == 0
    assert clean_up(now=NOON + DAY + LEASE) == 1


@pytest.mark.django_db(transaction=True)
def test_nothing_begins_inside_a_transaction() -> None:
    with transaction.atomic(), pytest.raises(InTransaction, match="on_commit"):
        begin()
    assert not IdempotencyKey.objects.exists()


def test_a_fingerprint_ignores_the_order_of_parameters() -> None:
    one = keys.hash_parameters({"a": 1, "b": {"c": Decimal("1.50"), "d": NOON}})
    assert one == keys.hash_parameters({"b": {"d": NOON, "c": Decimal("1.50")}, "a": 1})
    assert one != keys.hash_parameters({"a": 1, "b": {"c": Decimal("1.51"), "d": NOON}})
    # Those of an earlier version are stored, and must stay the same.
    known = keys.hash_parameters({"b": {"c": Decimal("1.50"), "d": NOON}, "a": [1, "x"]})
    assert known == "be6b480149ecea79389f474e988680cba08d7dbc33a0ab43fe13586e1775c119"


def make(count: int, expires_at: datetime) -> None:
    newest = IdempotencyKey.objects.order_by("pk").last()
    first = newest.pk + 1 if newest else 0
    IdempotencyKey.objects.bulk_create(
        IdempotencyKey(scope="test", key=str(n), created_at=NOON, expires_at=expires_at)
        for n in range(first, first + count)
    )


def run(*arguments: str) -> str:
    output = StringIO()
    call_command("cleanup_keys", *arguments, stdout=output, stderr=output)
    return output.getvalue().strip()


@pytest.mark.django_db
def test_keys_are_cleaned_up_in_batches() -> None:
    now = timezone.now()
    make(5, now - DAY)
    make(2, now + DAY)
    assert run("--dry-run") == "5 keys would be deleted"
    assert run("--batch-size", "2") == "5 keys deleted"
    assert run() == "0 keys deleted"
    assert IdempotencyKey.objects.count() == 2
    with pytest.raises(CommandError, match="--batch-size"):
        run("--batch-size", "0")


@pytest.mark.django_db
def test_a_clean_up_is_bounded() -> None:
    make(5, NOON)
    assert clean_up(now=NOON, batch_size=2, is_over=lambda: True) == 2
    assert IdempotencyKey.objects.count() == 3
    told: list[int] = []
    make(1, NOON + timedelta(microseconds=1))
    assert clean_up(now=NOON, batch_size=1, progress=told.append) == 3
    assert told == [1, 2, 3]
    assert IdempotencyKey.objects.count() == 1


@pytest.mark.django_db
def test_keys_are_cleaned_up_once_a_day_by_the_clock() -> None:
    make(2, timezone.now() - DAY)
    make(1, timezone.now() + DAY)
    scheduled = project.CELERY_BEAT_SCHEDULE["cleanup-keys"]
    assert "10 3 * * *" in str(scheduled["schedule"])
    assert scheduled["task"] == cleanup_keys.name
    cleanup_keys()
    assert IdempotencyKey.objects.count() == 1


@contextmanager
def own_connection() -> Iterator[None]:
    try:
        yield
    finally:
        connection.close()


@pytest.mark.postgresql
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("before", ["absent", "expired", "abandoned", "lost"])
def test_one_of_many_simultaneous_callers_gets_to_work(before: str) -> None:
    if before != "absent":
        started = start(NOON - (2 * DAY if before == "expired" else LEASE))
        if before == "abandoned":
            keys.abandon(started)
    barrier = Barrier(CALLERS)

    def call(_: int) -> str:
        with own_connection():
            barrier.wait(30)
            try:
                return type(begin()).__name__
            except KeyInUse:
                return "in use"

    with ThreadPoolExecutor(CALLERS) as callers:
        said = list(callers.map(call, range(CALLERS)))
    assert sorted(said) == ["Started", *["in use"] * (CALLERS - 1)]
    assert IdempotencyKey.objects.count() == 1


@pytest.mark.postgresql
@pytest.mark.django_db(transaction=True)
def test_a_clean_up_at_the_same_time_makes_nobody_fail() -> None:
    rounds = 40

    def call(number: int) -> int:
        now = NOON + 2 * number * DAY
        with own_connection():
            if number % 4 == 3:
                return clean_up(now=now)
            try:
                begun = begin(now)
            except KeyInUse:
                return 0
            return int(isinstance(begun, Started) and keys.complete(begun, StoredResponse(200)))

    with ThreadPoolExecutor(8) as callers:
        assert sum(callers.map(call, range(rounds))) > 0
    assert IdempotencyKey.objects.count() <= 1
