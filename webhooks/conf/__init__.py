"""This app's settings and their defaults.

They are read where they are used, so that a test can override them.
"""

from datetime import timedelta
from pathlib import Path

from webhooks.conf.alerting import AlertPolicy, alert_terms, alert_urls, site_url
from webhooks.conf.attempts import (
    Processing,
    RetryPolicy,
    lease,
    max_lost_leases,
    processing,
    retry_policy,
)
from webhooks.conf.credentials import (
    api_key_setting,
    audit_keys,
    known_secrets,
    secret_settings,
    secrets,
    split,
)
from webhooks.conf.defaults import DEFAULTS, setting
from webhooks.conf.receiving import (
    AlarmPolicy,
    Endpoint,
    alarm_policy,
    endpoint,
    endpoints,
    max_body_bytes,
    rate_limit,
    replay_cache_seconds,
    stripe_tolerance,
)

__all__ = [
    "DEFAULTS",
    "AlarmPolicy",
    "AlertPolicy",
    "Endpoint",
    "Processing",
    "RetryPolicy",
    "alarm_policy",
    "alert_terms",
    "alert_urls",
    "api_key_setting",
    "audit_keys",
    "endpoint",
    "endpoints",
    "known_secrets",
    "lease",
    "max_body_bytes",
    "max_lost_leases",
    "metrics_dir",
    "parse_rate",
    "processing",
    "rate_limit",
    "replay_cache_seconds",
    "retry_policy",
    "seal_every",
    "secret_settings",
    "secrets",
    "setting",
    "site_url",
    "split",
    "stripe_tolerance",
    "traces_endpoint",
]


def seal_every() -> timedelta | None:
    """Return the time between two seals; None for never (`AUDIT_SEAL_EVERY_MINUTES`)."""
    minutes: int = setting("AUDIT_SEAL_EVERY_MINUTES")
    return timedelta(minutes=minutes) if minutes > 0 else None


_PERIODS = {"s": 1, "sec": 1, "min": 60, "hour": 3600, "day": 86400}


def parse_rate(rate: str) -> tuple[int, int]:
    """Return a rate such as `600/min` as a count and seconds. Raises `ValueError` for others."""
    count, _, period = rate.partition("/")
    if not count.strip().isdecimal() or period.strip() not in _PERIODS:
        # Without the text, here as in every message: it may be a secret in the wrong place.
        raise ValueError("is no rate, such as 600/min.")
    return int(count), _PERIODS[period.strip()]


def metrics_dir() -> Path:
    """Return the folder in which this machine's processes count (`METRICS_DIR`)."""
    return Path(setting("METRICS_DIR"))


def traces_endpoint() -> str:
    """Return where traces are sent (`OTEL_EXPORTER_OTLP_ENDPOINT`); empty for nowhere."""
    value: str = setting("OTEL_EXPORTER_OTLP_ENDPOINT")
    return value
