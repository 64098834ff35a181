"""Reading and writing single rows by statements that are built once.

The ORM builds the same statement anew for every row, which takes it longer than having the
statement executed: of the time that an event's processing takes, more than a third. These do what
`select_for_update` and `save` would, for models without parents; the fields still convert values.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, TypeAlias, TypeVar

from django.db import connection, models
from django.db.transaction import TransactionManagementError

Row = TypeVar("Row", bound=models.Model)
Field: TypeAlias = "models.Field[Any, Any]"


@dataclass(frozen=True, slots=True)
class _Selection:
    """A statement, the fields that it reads, those that it compares, and what values go through."""

    statement: str
    read: tuple[str, ...]
    compared: tuple[Field, ...]
    converters: dict[int, tuple[list[Callable[..., Any]], Any]]


def locked(model: type[Row], where: Mapping[str, Any], names: tuple[str, ...] = ()) -> Row | None:
    """Return the row with these values, locked until the transaction ends; None without one.

    `names` are the fields to read, all of them by default. Raises `TransactionManagementError`
    outside a transaction. At most one row may have these values.
    """
    if not connection.in_atomic_block:
        raise TransactionManagementError("A row can be locked in a transaction only.")
    selection = _selection(model, names, tuple(where))
    compared = [
        field.get_db_prep_value(value, connection)
        for field, value in zip(selection.compared, where.values(), strict=True)
    ]
    with connection.cursor() as cursor:
        cursor.execute(selection.statement, compared)
        found = cursor.fetchone()
    if found is None:
        return None
    # Only some columns have converters; the others come from the driver as the fields want them.
    values = list(found)
    for place, (converters, expression) in selection.converters.items():
        for convert in converters:
            values[place] = convert(values[place], expression, connection)
    return model.from_db(connection.alias, selection.read, values)


def insert(row: models.Model) -> None:
    """Insert a row, every column of it, and give it its key."""
    statement, fields = _insertion(type(row))
    with connection.cursor() as cursor:
        cursor.execute(statement, [_value(field, row, add=True) for field in fields])
        [row.pk] = cursor.fetchone()
    # As `save` leaves it, or the ORM would insert it again.
    row._state.adding, row._state.db = False, connection.alias


def update(row: models.Model, names: Sequence[str]) -> None:
    """Write these fields of a row that is there."""
    statement, fields = _updating(type(row), tuple(names))
    with connection.cursor() as cursor:
        values = [_value(field, row, add=False) for field in fields]
        cursor.execute(statement, [*values, row.pk])


def _value(field: Field, row: models.Model, *, add: bool) -> Any:
    return field.get_db_prep_save(field.pre_save(row, add), connection)


# Cached without bound: there are as many as calls in the code name different fields.
@cache
def _selection(
    model: type[models.Model], names: tuple[str, ...], where: tuple[str, ...]
) -> _Selection:
    chosen = [_field(model, name) for name in names]
    concrete = model._meta.concrete_fields
    fields = [f for f in concrete if not chosen or f in chosen or f.primary_key]
    compared = tuple(_field(model, name) for name in where)
    condition = " AND ".join(f"{_column(field)} = %s" for field in compared)
    # SQLite has no row locks and needs none: a transaction that writes has the file to itself.
    lock = " FOR UPDATE" if connection.features.has_select_for_update else ""
    columns = ", ".join(map(_column, fields))
    statement = f"SELECT {columns} FROM {_table(model)} WHERE {condition}{lock}"  # noqa: S608
    # Converters depend on the database, as JSON and moments are texts in SQLite.
    compiler = model._base_manager.all().query.get_compiler(connection.alias)
    table = model._meta.db_table
    converters = compiler.get_converters([field.get_col(table) for field in fields])
    return _Selection(statement, tuple(field.attname for field in fields), compared, converters)


@cache
def _insertion(model: type[models.Model]) -> tuple[str, list[Field]]:
    fields = [field for field in model._meta.concrete_fields if not field.primary_key]
    columns, places = ", ".join(map(_column, fields)), ", ".join(["%s"] * len(fields))
    into = f"INSERT INTO {_table(model)} ({columns})"
    return f"{into} VALUES ({places}) RETURNING {_column(_field(model, 'pk'))}", fields


@cache
def _updating(model: type[models.Model], names: tuple[str, ...]) -> tuple[str, list[Field]]:
    fields = [_field(model, name) for name in names]
    columns = ", ".join(f"{_column(field)} = %s" for field in fields)
    key = _column(_field(model, "pk"))
    return f"UPDATE {_table(model)} SET {columns} WHERE {key} = %s", fields  # noqa: S608


def _field(model: type[models.Model], name: str) -> Field:
    field = model._meta.pk if name == "pk" else model._meta.get_field(name)
    assert isinstance(field, models.Field)  # noqa: S101
    return field


def _table(model: type[models.Model]) -> str:
    return connection.ops.quote_name(model._meta.db_table)


def _column(field: Field) -> str:
    return connection.ops.quote_name(str(field.column))
