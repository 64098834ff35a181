"""Empty tables after a test with `transaction=True`, in the time that such a test may take.

Django truncates every table, which on PostgreSQL makes new files for each of them and their
indexes, and then makes the content types and permissions anew. Most tables are empty already.
"""

from functools import cache

from django.contrib.auth.models import Permission
from django.contrib.contenttypes.models import ContentType
from django.db import connections
from django.test import TransactionTestCase

# They follow from the models alone, so a test finds them as migrations have left them.
KEPT = {ContentType._meta.db_table, Permission._meta.db_table}


def delete_rows(test_case: TransactionTestCase) -> None:
    """Delete what a test has committed to the databases that it may use."""
    names = test_case._databases_names(include_mirrors=False)  # type: ignore[attr-defined]
    for alias in names:
        connections[alias].ops.execute_sql_flush(_deletions(alias))


@cache
def _deletions(alias: str) -> list[str]:
    connection = connections[alias]
    tables = connection.introspection.django_table_names(only_existing=True, include_views=False)
    # Their order doesn't matter: foreign keys are checked at the commit.
    statements = [
        f"DELETE FROM {connection.ops.quote_name(table)}"  # noqa: S608
        for table in sorted(set(tables) - KEPT)
    ]
    # One trip to the server instead of one for each table; SQLite takes one statement at a time.
    return ["; ".join(statements)] if connection.vendor == "postgresql" else statements
