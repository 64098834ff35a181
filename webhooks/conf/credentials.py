"""Secrets in the settings: which there are, and which sign the audit trail."""

import hashlib
from functools import cache
from typing import Any
from urllib.parse import unquote, urlsplit

from django.conf import settings
from django.core.signals import setting_changed
from django.dispatch import receiver

from webhooks.conf.alerting import alert_urls, secrets_in
from webhooks.conf.defaults import setting


def secrets(name: str) -> tuple[str, ...]:
    """Return the secrets in a setting: one, or several separated by commas."""
    return split(getattr(settings, name, None) or "")


def api_key_setting(secrets_setting: str) -> str:
    """Return the setting that holds the key to the API of an endpoint's provider.

    `SQUARE_API_KEY` beside `SQUARE_WEBHOOK_SECRET`.
    """
    return f"{secrets_setting.removesuffix('WEBHOOK_SECRET')}API_KEY"


def secret_settings() -> set[str]:
    """Return the names of the settings that hold endpoints' secrets and keys."""
    names = {each["secrets_setting"] for each in setting("WEBHOOK_ENDPOINTS").values()}
    return names | {api_key_setting(name) for name in names}


def split(value: str) -> tuple[str, ...]:
    """Return what a text names, separated by commas."""
    # White space around a secret came with copying it: no provider's secret begins with any.
    return tuple(secret for part in value.split(",") if (secret := part.strip()))


def audit_keys() -> tuple[str, ...]:
    """Return the audit trail's keys (`AUDIT_KEY`, `AUDIT_KEY_FALLBACKS`), the signing one first.

    In development, where none is set, one that follows from `SECRET_KEY`.
    """
    current: str = setting("AUDIT_KEY")
    # A trial should not need a key; outside development a system check refuses to start without.
    if not current and settings.DEBUG:
        current = hashlib.sha256(b"audit key:" + settings.SECRET_KEY.encode()).hexdigest()
    former = (key.strip() for key in setting("AUDIT_KEY_FALLBACKS"))
    return tuple(key for key in (current, *former) if key)


# Every line of the log is held against them: reading them anew took longer than that.
@cache
def known_secrets() -> frozenset[str]:
    """Return every secret in the settings, for whoever must not let one out."""
    found = [
        settings.SECRET_KEY,
        *settings.SECRET_KEY_FALLBACKS,
        setting("AUDIT_KEY"),
        *setting("AUDIT_KEY_FALLBACKS"),
        setting("STRIPE_API_KEY"),
        setting("METRICS_TOKEN"),
        *(str(database.get("PASSWORD", "")) for database in settings.DATABASES.values()),
        *(secret for name in secret_settings() for secret in secrets(name)),
        # Of addresses the password alone: the rest is needed to understand an error.
        _password(setting("REDIS_URL")),
        _password(setting("CELERY_BROKER_URL")),
        _password(setting("OTEL_EXPORTER_OTLP_ENDPOINT")),
        *(part for url in alert_urls() for part in secrets_in(url)),
    ]
    return frozenset(secret for secret in found if secret)


@receiver(setting_changed)
def _read_anew(**_: Any) -> None:
    """Forget what was read, where a test changes a setting."""
    known_secrets.cache_clear()


def _password(url: str) -> str:
    try:
        return unquote(urlsplit(url).password or "")
    except ValueError:
        return url  # where it can't be read, nobody knows which part is the password
