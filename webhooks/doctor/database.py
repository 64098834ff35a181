"""The database: whether it answers, and has every migration."""

from collections.abc import Iterator

from django.db import Error, connection

from webhooks.database.migrations import unapplied
from webhooks.doctor.findings import Examined, Finding, State
from webhooks.doctor.registry import examines
from webhooks.monitoring.logs import without_secrets

GROUP = "Database"


@examines(GROUP)
def examine_database(_: Examined) -> Iterator[Finding]:
    """Yield whether the database can be reached."""
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except Error as error:
        connection.close()
        yield Finding(
            "database_away",
            State.ATTENTION,
            f"it does not answer: {without_secrets(str(error)).strip()}",
            "See that it runs and that DATABASE_URL is right. Providers are answered 503 meanwhile "
            "and send again; afterwards, `reconcile_events --undelivered` brings everything back.",
        )
    else:
        yield Finding("database_away", State.OK, f"{connection.vendor} answers")


@examines(GROUP)
def examine_migrations(_: Examined) -> Iterator[Finding]:
    """Yield the migrations that are not applied."""
    try:
        missing = unapplied()
    except Error:
        return  # away, which is told above
    if missing:
        yield Finding(
            "migrations_missing",
            State.ATTENTION,
            f"not applied: {', '.join(missing[:5])}{', …' if len(missing) > 5 else ''}",
            "manage.py migrate",
            count=len(missing),
        )
    else:
        yield Finding("migrations_missing", State.OK, "every migration is applied")
