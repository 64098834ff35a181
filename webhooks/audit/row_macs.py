"""Read rows in the form that is hashed, and compute their keyed hashes."""

import hashlib
import hmac
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from django.db import Error, connection
from django.db.models import (
    BooleanField,
    DateTimeField,
    Expression,
    ExpressionWrapper,
    Field,
    JSONField,
    Q,
    QuerySet,
    TextField,
)
from django.db.models.functions import Cast

from webhooks.audit import keys
from webhooks.audit.canonical import canonical
from webhooks.audit.sealed_tables import SealedTable

MAC_BYTES: Final = 16
"""Half of an HMAC-SHA256: enough against forgery, and half the room for millions of rows."""

AS_PROVEN: Final = bytes(MAC_BYTES)
"""Stands in place of the erasable columns' hash: the proven column matches its SHA-256."""

_CHUNK: Final = 50
"""The most rows in memory at a time where bodies of a megabyte may be among the columns."""


@dataclass(frozen=True, slots=True)
class HashedRow:
    """A row in the form that is hashed.

    `digest` is the SHA-256 of the proven column as it is, None where that is empty or was not
    read; `proof` is the SHA-256 that the row says it has; `is_emptied` is true when the column
    holds nothing.
    """

    pk: int
    fixed: list[Any]
    erasable: list[Any]
    digest: str | None = None
    is_emptied: bool = False
    proof: str = ""


def read(
    table: SealedTable, rows: QuerySet[Any], *, whole: bool = True
) -> Iterator[HashedRow | int]:
    """Yield the rows of a query in the order of their keys; of one that can't be read, the key.

    Without `whole`, the proven column is not read, but only whether it is empty.
    """
    rows = rows.order_by("pk")
    read_until: int | None = None
    try:
        for row in _read(table, rows, whole):
            yield row
            read_until = row.pk
    except (Error, ValueError, TypeError):
        rest = rows if read_until is None else rows.filter(pk__gt=read_until)
        # The row that failed is not known, so the rest is read singly: it alone must be lost.
        for pk in list(rest.values_list("pk", flat=True)):
            yield _read_one(table, pk, whole)


def _read_one(table: SealedTable, pk: int, whole: bool) -> HashedRow | int:
    try:
        return next(_read(table, table.rows.filter(pk=pk), whole), pk)
    except (Error, ValueError, TypeError):
        return pk


def _read(table: SealedTable, rows: QuerySet[Any], whole: bool) -> Iterator[HashedRow]:
    expressions, forms = _columns(table)
    extra: list[Any] = []
    if table.proven:
        body, _ = table.proven
        is_null = Q(**{f"{body}__isnull": True})
        extra = [body if whole else ExpressionWrapper(is_null, output_field=BooleanField())]
    size = _CHUNK if whole and table.proven else 2000
    split = len(table.fixed)
    for pk, *values in rows.values_list("pk", *expressions, *extra).iterator(chunk_size=size):
        read = [form(value) if form else value for form, value in zip(forms, values, strict=False)]
        row = HashedRow(pk, read[:split], read[split:])
        yield _with_proof(table, row, values[-1], whole) if table.proven else row


def _with_proof(table: SealedTable, row: HashedRow, content: Any, whole: bool) -> HashedRow:
    assert table.proven  # noqa: S101
    proof = row.fixed[table.fixed.index(table.proven[1])]
    if not whole:
        return HashedRow(row.pk, row.fixed, row.erasable, None, bool(content), proof)
    digest = None if content is None else hashlib.sha256(bytes(content)).hexdigest()
    return HashedRow(row.pk, row.fixed, row.erasable, digest, content is None, proof)


def _columns(
    table: SealedTable,
) -> tuple[list[str | Expression], list[Callable[[Any], Any] | None]]:
    """Return what to select, and how to bring each value into the form that is hashed."""
    # JSON, and times on SQLite, are read as text: a value that Django's own reading takes for equal
    # may have been written differently, and that is a finding.
    expressions: list[str | Expression] = []
    forms: list[Callable[[Any], Any] | None] = []
    for name in (*table.fixed, *table.erasable):
        field: Field[Any, Any] = _field(table, name)
        is_moment = isinstance(field, DateTimeField) and connection.vendor == "sqlite"
        if isinstance(field, JSONField) or is_moment:
            expressions.append(Cast(name, TextField()))
            forms.append(stored_moment if is_moment else json_content)
        else:
            expressions.append(name)
            forms.append(None)
    return expressions, forms


def _field(table: SealedTable, attname: str) -> Any:
    return next(field for field in table.model._meta.concrete_fields if field.attname == attname)


def json_content(raw: str | None) -> Any:
    """Return the content of a JSON column, or its text if Django would have written another one."""
    # PostgreSQL's jsonb keeps no spelling, so there is nothing to compare.
    if raw is None:
        return None
    try:
        content = json.loads(raw)
        is_as_written = connection.vendor != "sqlite" or json.dumps(content) == raw
    except (ValueError, RecursionError):
        is_as_written = False
    return {"json": content} if is_as_written else {"text": raw}


def stored_moment(raw: str | None) -> Any:
    """Return the time in a SQLite column, or its text if Django would have written another."""
    if raw is None:
        return None
    try:
        value = datetime.fromisoformat(raw)
    except (ValueError, TypeError):
        return {"text": str(raw)}
    return value.replace(tzinfo=UTC) if str(value) == raw else {"text": raw}


def fixed_mac(table: SealedTable, row: HashedRow, key: str) -> bytes:
    """Return the keyed hash of the columns that never change."""
    return _mac(["fixed", table.label, row.pk, row.fixed], key)


def erasable_mac(table: SealedTable, row: HashedRow, key: str) -> bytes:
    """Return the keyed hash of the erasable columns; the row must have been read whole."""
    return _mac(["erasable", table.label, row.pk, row.erasable, row.digest], key)


def first_mac(table: SealedTable, row: HashedRow, key: str) -> bytes:
    """Return the erasable columns' hash for a new seal; the row need not have been read whole."""
    # Bodies are up to a megabyte each, and sealing must not read them all: their SHA-256 will do.
    if table.proven and not row.is_emptied:
        return AS_PROVEN
    return erasable_mac(table, row, key)


def _mac(content: list[Any], key: str) -> bytes:
    return hmac.digest(keys.derived(key, keys.ROW), canonical(content), "sha256")[:MAC_BYTES]
