"""The health endpoints: is this process alive, and can it do its work?"""

from collections.abc import Callable

from django.conf import settings
from django.core.cache import cache
from django.db import Error, connection
from django.db.migrations.executor import MigrationExecutor
from django.http import HttpRequest, JsonResponse
from django.views.decorators.http import require_safe
from kombu.exceptions import KombuError
from redis.exceptions import RedisError

from payments_project.celery import app as celery_app

BROKER_SECONDS = 2


@require_safe
def alive(_: HttpRequest) -> JsonResponse:
    """Answer 200 whenever the process answers at all."""
    # Asks nobody else: whoever restarts on this answer could not mend a database that is away.
    return JsonResponse({"status": "alive"})


@require_safe
def ready(_: HttpRequest) -> JsonResponse:
    """Answer 200 when every part that the work needs is there; else 503, with each part's state."""
    parts = {name: "ok" if is_ok() else "failing" for name, is_ok in PARTS.items()}
    is_ready = set(parts.values()) == {"ok"}
    body = {"status": "ready" if is_ready else "not ready", "parts": parts}
    return JsonResponse(body, status=200 if is_ready else 503)


def _database() -> bool:
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except Error:
        # Connections are kept: a dead one would fail the next question too.
        connection.close()
        return False
    return True


def _migrations() -> bool:
    try:
        executor = MigrationExecutor(connection)
    except Error:
        return False
    return not executor.migration_plan(executor.loader.graph.leaf_nodes())


def _cache() -> bool:
    try:
        # Written, too: a Redis that is full or a replica still answers whoever only reads.
        cache.set("readyz", "ok", timeout=10)
        return bool(cache.get("readyz") == "ok")
    except (RedisError, OSError):
        return False


def _broker() -> bool:
    if not settings.CELERY_BROKER_URL:
        return True
    try:
        # Bounded: left to itself, kombu tries for ever, and so would whoever probes.
        with celery_app.connection_for_write() as connection:
            connection.ensure_connection(max_retries=1, timeout=BROKER_SECONDS)
    except (KombuError, OSError):
        return False
    return True


PARTS: dict[str, Callable[[], bool]] = {
    "database": _database,
    "migrations": _migrations,
    "cache": _cache,
    "broker": _broker,
}
