"""The column that holds what was signed."""

from typing import TYPE_CHECKING, Any

from django.db import models
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models.sql.compiler import SQLCompiler

# Django's fields can be subscripted by a type checker, not while the program runs.
if TYPE_CHECKING:
    Binary = models.BinaryField[bytes | memoryview | None, bytes | memoryview | None]
else:
    Binary = models.BinaryField


class BodyField(Binary):
    """Bytes, whatever is there: SQLite lets a text or a number into any column."""

    def select_format(self, compiler: SQLCompiler, sql: str, params: Any) -> tuple[str, Any]:
        """Return the SQL that reads the column."""
        connection: BaseDatabaseWrapper = compiler.connection
        return (f"CAST({sql} AS BLOB)" if connection.vendor == "sqlite" else sql), params

    def deconstruct(self) -> tuple[str, str, Any, Any]:
        """Return it as the column that it is, which migrations need not tell apart."""
        name, _, args, kwargs = super().deconstruct()
        return name, "django.db.models.BinaryField", args, kwargs
