"""System checks: what is missing or malformed, named with its fix."""

import os
from collections.abc import Iterator
from dataclasses import astuple, fields
from typing import Any

from django.core.checks import CheckMessage, Error
from django.core.checks import Warning as Caution

from webhooks import conf
from webhooks.checks.endpoints import check_endpoints


def check_settings(**_: Any) -> list[CheckMessage]:
    """Return every problem found in this app's settings."""
    return [
        *(
            *check_endpoints(),
            *_check_alarms(),
            *_check_bounds(),
            *_check_tolerance(),
        ),
        *(*_check_processing(), *_check_reconciliation(), *_check_rates()),
        *(*_check_metrics(), *_check_audit()),
    ]


def _check_alarms() -> Iterator[CheckMessage]:
    # The policy is made as the alarms make it: a name that it doesn't know is a TypeError too.
    try:
        is_sound = all(value > 0 for value in astuple(conf.alarm_policy()))
    except TypeError as error:
        yield _alarms(str(error))
    else:
        if not is_sound:
            yield _alarms("every value must be positive")


def _alarms(problem: str) -> Error:
    return Error(
        f"WEBHOOK_ALARMS: {problem}.",
        hint=f"Set any of {', '.join(field.name for field in fields(conf.AlarmPolicy))} to a "
        "positive number.",
        id="webhooks.E012",
    )


def _check_processing() -> Iterator[CheckMessage]:
    if conf.setting("WEBHOOK_PROCESSING") not in list(conf.Processing):
        yield Error(
            "WEBHOOK_PROCESSING is none of the words that it may be.",
            hint=f"Choose one of: {', '.join(conf.Processing)}.",
            id="webhooks.E003",
        )
    # Only for a word that is one: `conf.processing` raises for any other.
    elif conf.processing() is conf.Processing.CELERY and not conf.setting("CELERY_BROKER_URL"):
        yield Error(
            "WEBHOOK_PROCESSING is 'celery', and CELERY_BROKER_URL is not set: "
            "no worker would ever be called.",
            hint="Set CELERY_BROKER_URL, or choose request or loop.",
            id="webhooks.E005",
        )


def _check_reconciliation() -> Iterator[CheckMessage]:
    if conf.setting("RECONCILE_EVERY_MINUTES") < 0:
        yield Error(
            f"RECONCILE_EVERY_MINUTES is {conf.setting('RECONCILE_EVERY_MINUTES')}.",
            hint="Set it to how often to ask for what was not delivered, or to 0 for never.",
            id="webhooks.E007",
        )
    elif conf.setting("RECONCILE_EVERY_MINUTES") and not conf.setting("STRIPE_API_KEY"):
        yield Error(
            "RECONCILE_EVERY_MINUTES is set, and STRIPE_API_KEY is not: "
            "Stripe could never be asked for what it did not deliver.",
            hint="Set STRIPE_API_KEY, or RECONCILE_EVERY_MINUTES to 0.",
            id="webhooks.E008",
        )


def _check_metrics() -> Iterator[CheckMessage]:
    # No error: a process that can't write its counts still takes every delivery.
    if not _may_count():
        yield Caution(
            f"METRICS_DIR is {conf.setting('METRICS_DIR')}, where this process can't write: "
            "each would count for itself, and /metrics tell of one of them.",
            hint="Set METRICS_DIR to a folder that this project's processes may write to.",
            id="webhooks.W026",
        )


def _may_count() -> bool:
    folder = conf.metrics_dir().absolute()
    # The folder is made when something is first counted; until then its nearest parent tells.
    nearest = next(path for path in (folder, *folder.parents) if path.exists())
    return nearest.is_dir() and os.access(nearest, os.W_OK | os.X_OK)


def _check_rates() -> Iterator[CheckMessage]:
    for name in ("API_THROTTLE_RATE", "API_ANONYMOUS_THROTTLE_RATE"):
        # By the parser that requests are throttled by, so that no rate passes here and fails there.
        try:
            conf.parse_rate(conf.setting(name))
        except ValueError as error:
            yield Error(
                f"{name} {error}",
                hint=f"Set {name} to a number per s, min, hour or day.",
                id="webhooks.E006",
            )


def _check_bounds() -> Iterator[CheckMessage]:
    for name, why in [
        ("STRIPE_TOLERANCE_SECONDS", "anything else would switch replay protection off"),
        ("WEBHOOK_MAX_BODY_BYTES", "nothing could be received"),
        ("WEBHOOK_LEASE_SECONDS", "two workers would take the same event"),
    ]:
        if conf.setting(name) <= 0:
            yield Error(
                f"{name} is {conf.setting(name)}: {why}.",
                hint=f"Set {name} to a positive number.",
                id="webhooks.E004",
            )
    if (seconds := conf.replay_cache_seconds()) < 0:
        yield Error(
            f"WEBHOOK_REPLAY_CACHE_SECONDS is {seconds}: there is no such time.",
            hint="Set it to a number of seconds; 0 has Redis remember nothing.",
            id="webhooks.E004",
        )


MAX_TOLERANCE_SECONDS = 3600
"""Far more than clocks differ by; each of the provider's retries carries a time of its own."""


def _check_tolerance() -> Iterator[CheckMessage]:
    tolerance = conf.setting("STRIPE_TOLERANCE_SECONDS")
    if tolerance > MAX_TOLERANCE_SECONDS:
        yield Error(
            f"STRIPE_TOLERANCE_SECONDS is {tolerance}: "
            "a delivery that somebody took down could be sent again for as long.",
            hint=f"Set STRIPE_TOLERANCE_SECONDS to {MAX_TOLERANCE_SECONDS} at most; 300 is usual.",
            id="webhooks.E014",
        )


def _check_audit() -> Iterator[CheckMessage]:
    current, *former = conf.audit_keys() or [""]
    if not current:
        yield Error(
            "AUDIT_KEY is not set: nobody could prove that the audit trail is unaltered.",
            hint="Set AUDIT_KEY to a secret of its own: "
            "python -c 'import secrets; print(secrets.token_urlsafe(48))'",
            id="webhooks.E009",
        )
        return
    if conf.setting("AUDIT_SEAL_EVERY_MINUTES") < 0:
        yield Error(
            f"AUDIT_SEAL_EVERY_MINUTES is {conf.setting('AUDIT_SEAL_EVERY_MINUTES')}.",
            hint="Set it to how often what was recorded is to be sealed, or to 0 for never.",
            id="webhooks.E031",
        )
    if current in former:
        yield Caution(
            "AUDIT_KEY is among AUDIT_KEY_FALLBACKS as well: it was not changed.",
            hint="Put the former keys alone into AUDIT_KEY_FALLBACKS.",
            id="webhooks.W031",
        )
