"""The keyed hashes of a table's rows."""

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
from webhooks.audit.sealed_tables import Table

MAC_BYTES: Final = 16

AS_PROVEN: Final = bytes(MAC_BYTES)
"""In the place of the erasable part's hash: the column is what its SHA-256 says."""

_CHUNK: Final = 50
"""How many rows are in memory at a time where bodies of a megabyte may be among the columns."""


@dataclass(frozen=True, slots=True)
class Row:
    """What a row holds, in the form that is hashed.

    `erasable` is None where only the fixed columns were read, `digest` the SHA-256 of the proven
    column, and `is_emptied` that this holds nothing.
    """

    pk: int
    fixed: list[Any]
    erasable: list[Any]
    digest: str | None = None
    is_emptied: bool = False
    proof: str = ""


def read(table: Table, rows: QuerySet[Any], *, whole: bool = True) -> Iterator[Row | int]:
    """The rows of a query in the order of their keys; of one that can't be read, the key.

    Without `whole`, the proven column is left where it is.
    """
    rows = rows.order_by("pk")
    read_until: int | None = None
    try:
        for row in _read(table, rows, whole):
            yield row
            read_until = row.pk
    except (Error, ValueError, TypeError):
        rest = rows if read_until is None else rows.filter(pk__gt=read_until)
        for pk in list(rest.values_list("pk", flat=True)):
            yield _read_one(table, pk, whole)


def _read_one(table: Table, pk: int, whole: bool) -> Row | int:
    try:
        return next(_read(table, table.rows.filter(pk=pk), whole), pk)
    except (Error, ValueError, TypeError):
        return pk


def _read(table: Table, rows: QuerySet[Any], whole: bool) -> Iterator[Row]:
    expressions, forms = _columns(table)
    extra: list[Any] = []
    if table.proven:
        body, _ = table.proven
        is_null = Q(**{f"{body}__isnull": True})
        extra = [body if whole else ExpressionWrapper(is_null, output_field=BooleanField())]
    size = _CHUNK if whole and table.proven else 2000
    split = len(table.fixed)
    for pk, *values in rows.values_list("pk", *expressions, *extra).iterator(chunk_size=size):
        told = [form(value) if form else value for form, value in zip(forms, values, strict=False)]
        row = Row(pk, told[:split], told[split:])
        yield _with_proof(table, row, values[-1], whole) if table.proven else row


def _with_proof(table: Table, row: Row, content: Any, whole: bool) -> Row:
    assert table.proven  # noqa: S101
    proof = row.fixed[table.fixed.index(table.proven[1])]
    if not whole:
        return Row(row.pk, row.fixed, row.erasable, None, bool(content), proof)
    digest = None if content is None else hashlib.sha256(bytes(content)).hexdigest()
    return Row(row.pk, row.fixed, row.erasable, digest, content is None, proof)


def _columns(table: Table) -> tuple[list[str | Expression], list[Callable[[Any], Any] | None]]:
    """What to read, and the forms to bring it into: what is stored, not what it is taken for."""
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


def _field(table: Table, attname: str) -> Any:
    return next(field for field in table.model._meta.concrete_fields if field.attname == attname)


def json_content(raw: str | None) -> Any:
    """What a JSON column holds; where it was written otherwise than Django does, that text."""
    if raw is None:
        return None
    try:
        content = json.loads(raw)
        is_as_written = connection.vendor != "sqlite" or json.dumps(content) == raw
    except (ValueError, RecursionError):
        is_as_written = False
    return {"json": content} if is_as_written else {"text": raw}


def stored_moment(raw: str | None) -> Any:
    """What a moment is on SQLite; where it was written otherwise than Django does, that text."""
    if raw is None:
        return None
    try:
        value = datetime.fromisoformat(raw)
    except (ValueError, TypeError):
        return {"text": str(raw)}
    return value.replace(tzinfo=UTC) if str(value) == raw else {"text": raw}


def fixed_mac(table: Table, row: Row, key: str) -> bytes:
    """The hash of what never changes in a row."""
    return _mac(["fixed", table.label, row.pk, row.fixed], key)


def erasable_mac(table: Table, row: Row, key: str) -> bytes:
    """The hash of what may be rewritten; the row must have been read whole."""
    return _mac(["erasable", table.label, row.pk, row.erasable, row.digest], key)


def first_mac(table: Table, row: Row, key: str) -> bytes:
    """The same for a row that is sealed for the first time; it need not have been read whole."""
    if table.proven and not row.is_emptied:
        return AS_PROVEN
    return erasable_mac(table, row, key)


def _mac(content: list[Any], key: str) -> bytes:
    return hmac.digest(keys.derived(key, keys.ROW), canonical(content), "sha256")[:MAC_BYTES]
