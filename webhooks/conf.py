"""This app's settings, read where they are used, so that a test can override them."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from functools import lru_cache
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from django.conf import settings


class Processing(StrEnum):
    """Where events are processed."""

    REQUEST = "request"
    LOOP = "loop"
    CELERY = "celery"


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where deliveries come in: the last part of its URL, its provider, and the secrets it trusts.

    Which addresses and user agents may come through it is as in the settings (see `sources`).
    """

    slug: str
    provider: str
    secrets_setting: str
    secrets: tuple[str, ...]
    allowed_ips: str = ""
    allowed_user_agents: str = ""


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """When an event whose handler failed is tried again, as data. Durations are in seconds.

    Attempt n is followed by a wait of `base * factor ** (n - 1)`, at most `cap`, give or take
    the `jitter` fraction. After `max_attempts` attempts the event has failed.
    """

    base: float = 10.0
    factor: float = 3.0
    cap: float = 6 * 3600.0
    jitter: float = 0.2
    max_attempts: int = 12

    def delay(self, attempt: int, random_fraction: float) -> timedelta | None:
        """How long to wait after this attempt (1, 2, …), or None to give up.

        `random_fraction` is between 0 and 1 and picks the place within the jitter.
        """
        if attempt >= self.max_attempts:
            return None
        wait = min(self.base * self.factor ** (attempt - 1), self.cap)
        return timedelta(seconds=wait * (1 + self.jitter * (2 * random_fraction - 1)))


@dataclass(frozen=True, slots=True)
class AlarmPolicy:
    """When refusals are an alarm. Durations are in seconds; each server process counts its own.

    `burst` refusals at an endpoint within `burst_seconds` are too many. `unproven` deliveries not
    signed with its secret within `silence_seconds`, in which none was proven, look like a secret
    that was changed. Each is told once in `cool_down` seconds.
    """

    burst: int = 600
    burst_seconds: float = 60.0
    unproven: int = 5
    silence_seconds: float = 600.0
    cool_down: int = 1800


def secrets(setting: str) -> tuple[str, ...]:
    """The secrets in a setting: one, or several separated by commas, white space around ignored."""
    value: str = getattr(settings, setting, None) or ""
    return tuple(secret for part in value.split(",") if (secret := part.strip()))


def endpoint(slug: str) -> Endpoint | None:
    """The configured endpoint of this name."""
    configured: Mapping[str, str] | None = settings.WEBHOOK_ENDPOINTS.get(slug)
    if configured is None:
        return None
    setting = configured["secrets_setting"]
    return Endpoint(
        slug,
        configured["provider"],
        setting,
        secrets(setting),
        configured.get("allowed_ips", settings.ALLOWED_WEBHOOK_IPS),
        configured.get("allowed_user_agents", settings.ALLOWED_WEBHOOK_USER_AGENTS),
    )


def endpoints() -> list[Endpoint]:
    """Every configured endpoint."""
    return [found for slug in settings.WEBHOOK_ENDPOINTS if (found := endpoint(slug))]


def audit_keys() -> tuple[str, ...]:
    """The keys of the audit trail, the one that signs first (`AUDIT_KEY`, `AUDIT_KEY_FALLBACKS`).

    In development, where none is set, one that follows from `SECRET_KEY`.
    """
    current: str = settings.AUDIT_KEY
    if not current and settings.DEBUG:
        current = hashlib.sha256(b"audit key:" + settings.SECRET_KEY.encode()).hexdigest()
    former = (key.strip() for key in settings.AUDIT_KEY_FALLBACKS)
    return tuple(key for key in (current, *former) if key)


def seal_every() -> timedelta | None:
    """How often what was recorded is sealed; None for never (`AUDIT_SEAL_EVERY_MINUTES`)."""
    minutes: int = settings.AUDIT_SEAL_EVERY_MINUTES
    return timedelta(minutes=minutes) if minutes > 0 else None


def known_secrets() -> frozenset[str]:
    """Every secret in the settings, for whoever must not let one out."""
    names = {each["secrets_setting"] for each in settings.WEBHOOK_ENDPOINTS.values()}
    return _known(
        (
            settings.SECRET_KEY,
            *settings.SECRET_KEY_FALLBACKS,
            settings.AUDIT_KEY,
            *settings.AUDIT_KEY_FALLBACKS,
            settings.STRIPE_API_KEY,
            settings.METRICS_TOKEN,
        ),
        tuple(getattr(settings, name, None) or "" for name in names),
        (settings.DATABASE_URL, settings.REDIS_URL, settings.CELERY_BROKER_URL),
    )


@lru_cache(maxsize=8)
def _known(whole: tuple[str, ...], lists: tuple[str, ...], urls: tuple[str, ...]) -> frozenset[str]:
    several = (part.strip() for each in lists for part in each.split(","))
    passwords = (unquote(urlsplit(url).password or "") for url in urls)
    return frozenset(secret for secret in [*whole, *several, *passwords] if secret)


_PERIODS = {"s": 1, "sec": 1, "min": 60, "hour": 3600, "day": 86400}


def parse_rate(rate: str) -> tuple[int, int]:
    """How many in how many seconds: `600/min`. Raises `ValueError` for what is no rate."""
    count, _, period = rate.partition("/")
    if not count.strip().isdecimal() or period.strip() not in _PERIODS:
        raise ValueError(f"{rate!r} is not a rate, such as 600/min.")
    return int(count), _PERIODS[period.strip()]


def processing() -> Processing:
    """Where events are processed (`WEBHOOK_PROCESSING`)."""
    return Processing(settings.WEBHOOK_PROCESSING)


def metrics_dir() -> Path:
    """The folder in which this machine's processes count (`METRICS_DIR`)."""
    return Path(settings.METRICS_DIR)


def max_body_bytes() -> int:
    """The largest body that is read (`WEBHOOK_MAX_BODY_BYTES`)."""
    value: int = settings.WEBHOOK_MAX_BODY_BYTES
    return value


def stripe_tolerance() -> timedelta:
    """How far a Stripe signature's time may be from now (`STRIPE_TOLERANCE_SECONDS`)."""
    return timedelta(seconds=settings.STRIPE_TOLERANCE_SECONDS)


def lease() -> timedelta:
    """How long a claim holds before others may take the event (`WEBHOOK_LEASE_SECONDS`)."""
    return timedelta(seconds=settings.WEBHOOK_LEASE_SECONDS)


def max_lost_leases() -> int:
    """How many workers an event may cost before it has failed (`WEBHOOK_MAX_LOST_LEASES`)."""
    value: int = settings.WEBHOOK_MAX_LOST_LEASES
    return value


def retry_policy() -> RetryPolicy:
    """The schedule of retries (`WEBHOOK_RETRY`, keyword arguments of `RetryPolicy`)."""
    arguments: dict[str, Any] = settings.WEBHOOK_RETRY
    return RetryPolicy(**arguments)


def rate_limit() -> int:
    """How many refused deliveries a client may send in a minute (`WEBHOOK_RATE_LIMIT`), 0: any."""
    value: int = settings.WEBHOOK_RATE_LIMIT
    return value


def alarm_policy() -> AlarmPolicy:
    """When refusals are an alarm (`WEBHOOK_ALARMS`, keyword arguments of `AlarmPolicy`)."""
    arguments: dict[str, Any] = settings.WEBHOOK_ALARMS
    return AlarmPolicy(**arguments)
