"""System checks: what is missing or malformed, named with its fix."""

import os
from collections.abc import Iterator
from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, Warning  # noqa: A004

from webhooks import conf
from webhooks.providers import PROVIDERS


def check_settings(**_: Any) -> list[CheckMessage]:
    """Every problem found in this app's settings."""
    return [*_check_endpoints(), *_check_values()]


def _check_endpoints() -> Iterator[CheckMessage]:
    for endpoint in conf.endpoints():
        if endpoint.provider not in PROVIDERS:
            yield Error(
                f"The endpoint {endpoint.slug!r} names an unknown provider, {endpoint.provider!r}.",
                hint=f"In WEBHOOK_ENDPOINTS, choose one of: {', '.join(PROVIDERS)}.",
                id="webhooks.E002",
            )
        if not endpoint.secrets:
            yield Error(
                f"{endpoint.secrets_setting} is not set: the endpoint {endpoint.slug!r} "
                "could not tell a genuine delivery from a forged one.",
                hint=f"Set {endpoint.secrets_setting} to the provider's signing secret, or take "
                "the endpoint out of WEBHOOK_ENDPOINTS.",
                id="webhooks.E001",
            )


def _check_values() -> Iterator[CheckMessage]:
    if settings.WEBHOOK_PROCESSING not in list(conf.Processing):
        yield Error(
            f"WEBHOOK_PROCESSING is {settings.WEBHOOK_PROCESSING!r}.",
            hint=f"Choose one of: {', '.join(conf.Processing)}.",
            id="webhooks.E003",
        )
    elif conf.processing() is conf.Processing.CELERY and not settings.CELERY_BROKER_URL:
        yield Error(
            "WEBHOOK_PROCESSING is 'celery', and CELERY_BROKER_URL is not set: "
            "no worker would ever be called.",
            hint="Set CELERY_BROKER_URL, or choose request or loop.",
            id="webhooks.E005",
        )
    if not conf.audit_keys():
        yield Error(
            "AUDIT_KEY is not set: nobody could prove that the audit trail is unaltered.",
            hint="Set AUDIT_KEY to a secret of its own: "
            "python -c 'import secrets; print(secrets.token_urlsafe(48))'",
            id="webhooks.E009",
        )
    if settings.RECONCILE_EVERY_MINUTES < 0:
        yield Error(
            f"RECONCILE_EVERY_MINUTES is {settings.RECONCILE_EVERY_MINUTES}.",
            hint="Set it to how often to ask for what was not delivered, or to 0 for never.",
            id="webhooks.E007",
        )
    elif settings.RECONCILE_EVERY_MINUTES and not settings.STRIPE_API_KEY:
        yield Error(
            "RECONCILE_EVERY_MINUTES is set, and STRIPE_API_KEY is not: "
            "Stripe could never be asked for what it did not deliver.",
            hint="Set STRIPE_API_KEY, or RECONCILE_EVERY_MINUTES to 0.",
            id="webhooks.E008",
        )
    if not _may_count():
        yield Warning(
            f"METRICS_DIR is {settings.METRICS_DIR}, where this process can't write: "
            "each would count for itself, and /metrics tell of one of them.",
            hint="Set METRICS_DIR to a folder that this project's processes may write to.",
            id="webhooks.W026",
        )
    for name in ("API_THROTTLE_RATE", "API_ANONYMOUS_THROTTLE_RATE"):
        try:
            conf.parse_rate(getattr(settings, name))
        except ValueError as error:
            yield Error(
                f"{name}: {error}",
                hint=f"Set {name} to a number per s, min, hour or day.",
                id="webhooks.E006",
            )
    for name, why in [
        ("STRIPE_TOLERANCE_SECONDS", "anything else would switch replay protection off"),
        ("WEBHOOK_MAX_BODY_BYTES", "nothing could be received"),
        ("WEBHOOK_LEASE_SECONDS", "two workers would take the same event"),
    ]:
        if getattr(settings, name) <= 0:
            yield Error(
                f"{name} is {getattr(settings, name)}: {why}.",
                hint=f"Set {name} to a positive number.",
                id="webhooks.E004",
            )


def _may_count() -> bool:
    folder = conf.metrics_dir().absolute()
    nearest = next(path for path in (folder, *folder.parents) if path.exists())
    return nearest.is_dir() and os.access(nearest, os.W_OK | os.X_OK)
