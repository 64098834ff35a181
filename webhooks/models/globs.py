"""Patterns in which `*` stands for any run of characters, matched by the database.

As regular expressions, a few stars would have SQLite try for years.
"""

import re
from typing import TYPE_CHECKING, Any, Final

from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import Lookup
from django.db.models.sql.compiler import SQLCompiler

LONGEST: Final = 1000
"""Databases refuse patterns that are much longer; what they are matched with is shorter."""


# Django's look-ups can be subscripted by a type checker, not while the program runs.
if TYPE_CHECKING:
    TextLookup = Lookup[str]
else:
    TextLookup = Lookup


class Glob(TextLookup):
    """`type__glob="invoice.*"`: the whole text must match, as it is written."""

    lookup_name = "glob"
    prepare_rhs = False

    def as_sql(
        self, compiler: SQLCompiler, connection: BaseDatabaseWrapper
    ) -> tuple[str, tuple[Any, ...]]:
        pattern = re.sub(r"\*+", "*", self.rhs)
        column, given = self.process_lhs(compiler, connection)
        if len(pattern) > LONGEST:
            return "1 = 0", ()
        if connection.vendor == "sqlite":
            return f"{column} GLOB %s", (*given, re.sub(r"([?[])", r"[\1]", pattern))
        escaped = re.sub(r"([\\%_])", r"\\\1", pattern).replace("*", "%")
        return f"{column} LIKE %s", (*given, escaped)
