"""Record the security settings when they have changed."""

import json
import logging
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from django.conf import settings
from django.db import connection, transaction
from django.utils import timezone

from webhooks import conf
from webhooks.audit import keys
from webhooks.audit.chain import lock_head, record
from webhooks.models import AuditEntry
from webhooks.models.audit import SYSTEM

logger = logging.getLogger("webhooks.audit")

PLAIN: Final = (
    "ALLOWED_HOSTS",
    "ALLOWED_WEBHOOK_IPS",
    "ALLOWED_WEBHOOK_USER_AGENTS",
    "API_ANONYMOUS_THROTTLE_RATE",
    "API_THROTTLE_RATE",
    "AUDIT_SEAL_EVERY_MINUTES",
    "AUTHENTICATION_BACKENDS",
    "AUTH_PASSWORD_VALIDATORS",
    "AXES_FAILURE_LIMIT",
    "CSRF_COOKIE_SECURE",
    "CSRF_TRUSTED_ORIGINS",
    "DEBUG",
    "INSTALLED_APPS",
    "MIDDLEWARE",
    "RECONCILE_BILLING_REPAIR",
    "SECURE_HSTS_SECONDS",
    "SECURE_PROXY_SSL_HEADER",
    "SECURE_REDIRECT_EXEMPT",
    "SECURE_SSL_REDIRECT",
    "SESSION_COOKIE_AGE",
    "SESSION_COOKIE_SECURE",
    "STAFF_SECOND_FACTOR",
    "STRIPE_API_BASE",
    "STRIPE_FETCH",
    "STRIPE_TOLERANCE_SECONDS",
    "TRUSTED_PROXY_COUNT",
    "WEBHOOK_ALARMS",
    "WEBHOOK_ALERTS",
    "WEBHOOK_ALIASES",
    "WEBHOOK_ENDPOINTS",
    "WEBHOOK_MAX_BODY_BYTES",
    "WEBHOOK_PROCESSING",
    "WEBHOOK_RATE_LIMIT",
)
SECRET: Final = (
    "ALERT_URLS",
    "AUDIT_KEY_FALLBACKS",
    "CELERY_BROKER_URL",
    "DATABASE_URL",
    "METRICS_TOKEN",
    "REDIS_URL",
    "SECRET_KEY",
    "SECRET_KEY_FALLBACKS",
    "STRIPE_API_KEY",
    "STRIPE_WEBHOOK_SECRET",
)
"""Settings of which only a keyed hash is recorded: it shows that they changed, and nothing else."""

LOOKED_AT: Final = 20
"""The number of the latest changes among which one is looked for."""


def note_settings() -> None:
    """Record the settings that security depends on, if they differ from those last recorded.

    Called when a process starts, which no failure here may prevent: failures are logged.
    """
    try:
        _note()
    except Exception as error:  # noqa: BLE001 - whatever it is, a server without it is better than none
        logger.warning("the settings could not be put on record: %s", type(error).__name__)
    finally:
        # A server may fork after this, and processes can't share a connection.
        if not connection.in_atomic_block:
            connection.close()


def changed_at(setting: str) -> datetime | None:
    """Return when a setting on record was last found changed; None if not in a few changes."""
    latest = AuditEntry.objects.filter(action=AuditEntry.Action.SETTINGS).order_by("-sequence")
    moments = (
        entry.recorded_at for entry in latest[:LOOKED_AT] if setting in entry.details["changed"]
    )
    return next(moments, None)


def _note() -> None:
    if not _changes():
        return
    with transaction.atomic():
        lock_head()
        # Checked again under the lock: of several processes that start together, one records it.
        if changed := _changes():
            content = {"settings": _snapshot(keys.current()), "changed": changed}
            record(AuditEntry.Action.SETTINGS, actor=SYSTEM, details=content, now=timezone.now())


def _changes() -> list[str]:
    """Return the names of the settings that changed since the last record; at first, of all."""
    latest = AuditEntry.objects.filter(action=AuditEntry.Action.SETTINGS)
    last = latest.order_by("-sequence").first()
    then: dict[str, Any] = last.details["settings"] if last else {}
    key = keys.known().get(last.key_id, "") if last else ""
    # With the key of then: another key would make every secret look changed.
    now = _snapshot(key or keys.current())
    return sorted(name for name in {*then, *now} if then.get(name) != now.get(name))


def _snapshot(key: str) -> dict[str, Any]:
    content = {
        name: _json_value(getattr(settings, name)) for name in PLAIN if hasattr(settings, name)
    }
    for name in (*SECRET, *conf.secret_settings()):
        if value := getattr(settings, name, None):
            content[name] = f"keyed hash {keys.keyed_hash(_text(value), key=key)[:16]}"
    return content


def _json_value(value: Any) -> Any:
    if value is None or isinstance(value, bool | int | str):
        return value
    if isinstance(value, Mapping):
        return {str(name): _json_value(part) for name, part in value.items()}
    # Sets have another order in each process, which would look like a change.
    if isinstance(value, set | frozenset):
        return sorted(map(str, value))
    return [_json_value(part) for part in value] if isinstance(value, list | tuple) else str(value)


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, sort_keys=True, default=str)
