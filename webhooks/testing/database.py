"""What a PostgreSQL database is doing, for tests of what happens meanwhile."""

from django.db import connection


def is_waited_for() -> bool:
    """Return True while somebody waits for a lock on it."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_locks WHERE NOT granted")
        [[waiting]] = cursor.fetchall()
    return bool(waiting)
