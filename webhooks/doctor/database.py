"""The database: whether it answers, and has every migration."""

from collections.abc import Iterator

from django.db import Error, connection

from webhooks.database.migrations import unapplied
from webhooks.doctor.findings import Finding, State
from webhooks.monitoring.logs import without_secrets


def examine_database() -> Iterator[Finding]:
    """Yield whether the database answers, and then whether it has every migration."""
    try:
        missing = unapplied()
    except Error as error:
        # So that nobody after this is refused for a connection that is dead.
        connection.close()
        yield Finding(
            "database_away",
            State.ATTENTION,
            f"it does not answer: {without_secrets(str(error)).strip()}",
            "See that it runs and that DATABASE_URL is right. Providers are answered 503 meanwhile "
            "and send again; afterwards, `reconcile_events --undelivered` brings everything back.",
        )
        return
    yield Finding("database_away", State.OK, f"{connection.vendor} answers")
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
