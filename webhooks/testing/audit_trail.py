"""A trail with something of everything in it, and ways to alter it behind the project's back."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any

from django.db import connection, models, transaction
from django.utils import timezone

from webhooks import audit
from webhooks.models import Attempt, AuditEntry, Replay, Trigger, WebhookEvent
from webhooks.testing.client import deliver
from webhooks.testing.stripe_events import sample


def lay(events: int = 2) -> WebhookEvent:
    """Deliver events, put an act on record, and seal it all; an event that nothing refers to."""
    for _ in range(events + 1):
        deliver(sample("test.happened"))
    lonely = WebhookEvent.objects.latest("pk")
    # Or the database would refuse to delete the event before the trail could tell of it.
    Attempt.objects.filter(event=lonely).delete()
    Replay.objects.create(trigger=Trigger.STAFF, actor="ada", created_at=timezone.now())
    audit.record(
        AuditEntry.Action.COMMAND,
        actor="ada",
        subject="subject",
        details={"name": "value"},
        now=timezone.now(),
    )
    audit.seal(now=timezone.now())
    return lonely


def found(*anchors: audit.Anchor) -> list[str]:
    """Return the findings of a verification."""
    return [str(finding) for finding in audit.verify(anchors=anchors).findings]


def execute(sql: str, *parameters: Any) -> None:
    """Run raw SQL, on a database whose trail is unlocked."""
    with connection.cursor() as cursor:
        cursor.execute(sql, parameters)


@contextmanager
def hidden(table: str) -> Iterator[None]:
    """Put a table's seals, and the entries that tell of them, out of sight, and then back."""
    moves = [("webhooks_seal", "table"), ("webhooks_auditentry", "subject")]
    for kept, column in moves:
        execute(f'UPDATE {kept} SET "{column}" = \'x\' WHERE "{column}" = %s', table)  # noqa: S608
    yield
    for kept, column in moves:
        execute(f'UPDATE {kept} SET "{column}" = %s WHERE "{column}" = \'x\'', table)  # noqa: S608


def columns(model: type[models.Model], *, leave_out: tuple[str, ...] = ()) -> list[str]:
    """Return the columns of a table."""
    names = [field.column or "" for field in model._meta.concrete_fields]
    return [name for name in names if name not in leave_out]


def copy(model: type[models.Model], pk: int, **changes: int) -> None:
    """Insert a row that is like another."""
    quote = connection.ops.quote_name
    rest = ", ".join(map(quote, columns(model, leave_out=tuple(changes))))
    given, meta = ", ".join(map(quote, changes)), model._meta
    execute(
        f"INSERT INTO {meta.db_table} ({given}, {rest}) "  # noqa: S608
        f"SELECT {', '.join(['%s'] * len(changes))}, {rest} FROM {meta.db_table} "
        f"WHERE {meta.pk.column} = %s",
        *changes.values(),
        pk,
    )


def first_found_when_altered(row: models.Model) -> dict[str, str]:
    """Return per column of a row the first finding when only this has changed."""
    findings: dict[str, str] = {}
    for column in columns(type(row)):
        with transaction.atomic():
            alter(row, column)
            findings[column] = next(iter(found()), "")
            # Undone, so that each column is found by itself.
            transaction.set_rollback(True)
    return findings


def alter(row: models.Model, column: str) -> None:
    """Change as little as can be changed in one column of a row, by raw SQL."""
    meta = row._meta
    field = next(one for one in meta.concrete_fields if one.column == column)
    key, column = meta.pk.column, connection.ops.quote_name(column)
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {column} FROM {meta.db_table} WHERE {key} = %s", [row.pk])  # noqa: S608
        (value,) = cursor.fetchone()
        cursor.execute(
            f"UPDATE {meta.db_table} SET {column} = %s WHERE {key} = %s",  # noqa: S608
            [_altered(field, value), row.pk],
        )


def _altered(field: Any, value: Any) -> Any:
    if isinstance(field, models.ForeignKey):
        return field.related_model._default_manager.latest("pk").pk
    if isinstance(field, models.BooleanField):
        return not value
    if isinstance(field, models.JSONField):
        # Of what is empty there is nothing to change but that.
        return re.sub('[a-y](?=")', "z", value, count=1) if '"' in value else "[1]"
    if isinstance(value, datetime):
        return value + timedelta(microseconds=1)
    if isinstance(value, int | float):
        return value + 1000 if field.primary_key else value + 1
    if isinstance(value, bytes | memoryview):
        raw = bytes(value)
        return bytes([raw[0] ^ 1]) + raw[1:] if raw else b"x"
    if isinstance(field, models.DateTimeField):
        return f"{value[:-1]}{(int(value[-1]) + 1) % 10}" if value else "2020-01-01 00:00:00"
    return f"{'y' if value[:1] == 'x' else 'x'}{value[1:]}"
