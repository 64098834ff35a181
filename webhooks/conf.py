"""This app's settings and their defaults.

They are read where they are used, so that a test can override them.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from functools import lru_cache
from pathlib import Path
from typing import Any, Final
from urllib.parse import unquote, urlsplit

from django.conf import settings

DEFAULTS: Final[Mapping[str, Any]] = {
    "WEBHOOK_ENDPOINTS": {
        "stripe": {"provider": "stripe", "secrets_setting": "STRIPE_WEBHOOK_SECRET"}
    },
    "STRIPE_TOLERANCE_SECONDS": 300,
    "STRIPE_API_KEY": "",
    "STRIPE_API_BASE": "https://api.stripe.com",
    "ALLOWED_WEBHOOK_IPS": "",
    "ALLOWED_WEBHOOK_USER_AGENTS": "",
    "TRUSTED_PROXY_COUNT": 0,
    "WEBHOOK_RATE_LIMIT": 100,
    "WEBHOOK_ALARMS": {},
    "WEBHOOK_MAX_BODY_BYTES": 1024 * 1024,
    # Needs neither a broker nor a second process: right for a first try, and for few events.
    "WEBHOOK_PROCESSING": "request",
    # Longer than the workers' time limit: a handler that hangs costs its worker first.
    "WEBHOOK_LEASE_SECONDS": 300,
    "WEBHOOK_MAX_LOST_LEASES": 3,
    "WEBHOOK_RETRY": {},
    "RECONCILE_EVERY_MINUTES": 0,
    "AUDIT_KEY": "",
    "AUDIT_KEY_FALLBACKS": (),
    "AUDIT_SEAL_EVERY_MINUTES": 5,
    "METRICS_DIR": "data/metrics",
    "METRICS_TOKEN": "",
    "API_THROTTLE_RATE": "600/min",
    "API_ANONYMOUS_THROTTLE_RATE": "60/min",
    "REDIS_URL": "",
    "CELERY_BROKER_URL": "",
}
"""The settings that this app reads, with what holds where the host project has none.

`WEBHOOK_ENDPOINTS` has, per slug, a `provider` and the `secrets_setting` that names the setting
with its secrets; `allowed_ips` and `allowed_user_agents` are the endpoint's own. `WEBHOOK_ALARMS`
and `WEBHOOK_RETRY` are keyword arguments of `AlarmPolicy` and `RetryPolicy`.
"""


def setting(name: str) -> Any:
    """Return a setting of the host project's, or its default in `DEFAULTS`."""
    return getattr(settings, name, DEFAULTS[name])


class Processing(StrEnum):
    """The place where events are processed."""

    REQUEST = "request"
    LOOP = "loop"
    CELERY = "celery"


@dataclass(frozen=True, slots=True)
class Endpoint:
    """An endpoint for deliveries: the last part of its URL, its provider, the secrets it trusts.

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
    """The schedule by which an event whose handler failed is tried again. Durations are in seconds.

    Attempt n is followed by a wait of `base * factor ** (n - 1)`, at most `cap`, give or take
    the `jitter` fraction. After `max_attempts` attempts the event has failed.
    """

    base: float = 10.0
    factor: float = 3.0
    cap: float = 6 * 3600.0
    jitter: float = 0.2
    max_attempts: int = 12

    def delay(self, attempt: int, random_fraction: float) -> timedelta | None:
        """Return the wait after this attempt (1, 2, …), or None to give up.

        `random_fraction` is between 0 and 1 and picks the place within the jitter.
        """
        if attempt >= self.max_attempts:
            return None
        # Capped, or the last waits would be longer than anybody would wait for a payment.
        wait = min(self.base * self.factor ** (attempt - 1), self.cap)
        return timedelta(seconds=wait * (1 + self.jitter * (2 * random_fraction - 1)))


@dataclass(frozen=True, slots=True)
class AlarmPolicy:
    """The limits past which refusals are an alarm. In seconds; each server process counts its own.

    `burst` refusals at an endpoint within `burst_seconds` are too many. `unproven` deliveries not
    signed with its secret within `silence_seconds`, in which none was proven, look like a secret
    that was changed. Each is told once in `cool_down` seconds.
    """

    burst: int = 600
    burst_seconds: float = 60.0
    unproven: int = 5
    silence_seconds: float = 600.0
    cool_down: int = 1800


def secrets(name: str) -> tuple[str, ...]:
    """Return the secrets in a setting: one, or several separated by commas."""
    value: str = getattr(settings, name, None) or ""
    # White space around a secret came with copying it: no provider's secret begins with any.
    return tuple(secret for part in value.split(",") if (secret := part.strip()))


def endpoint(slug: str) -> Endpoint | None:
    """Return the configured endpoint of this name; None when there is none."""
    # Not cached, like everything here: a test, or a secret that is rolled, changes it.
    configured: Mapping[str, str] | None = setting("WEBHOOK_ENDPOINTS").get(slug)
    if configured is None:
        return None
    secrets_setting = configured["secrets_setting"]
    return Endpoint(
        slug,
        configured["provider"],
        secrets_setting,
        secrets(secrets_setting),
        configured.get("allowed_ips", setting("ALLOWED_WEBHOOK_IPS")),
        configured.get("allowed_user_agents", setting("ALLOWED_WEBHOOK_USER_AGENTS")),
    )


def endpoints() -> list[Endpoint]:
    """Return every configured endpoint."""
    return [found for slug in setting("WEBHOOK_ENDPOINTS") if (found := endpoint(slug))]


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


def seal_every() -> timedelta | None:
    """Return the time between two seals; None for never (`AUDIT_SEAL_EVERY_MINUTES`)."""
    minutes: int = setting("AUDIT_SEAL_EVERY_MINUTES")
    return timedelta(minutes=minutes) if minutes > 0 else None


def known_secrets() -> frozenset[str]:
    """Return every secret in the settings, for whoever must not let one out."""
    names = {each["secrets_setting"] for each in setting("WEBHOOK_ENDPOINTS").values()}
    return _known(
        (
            settings.SECRET_KEY,
            *settings.SECRET_KEY_FALLBACKS,
            setting("AUDIT_KEY"),
            *setting("AUDIT_KEY_FALLBACKS"),
            setting("STRIPE_API_KEY"),
            setting("METRICS_TOKEN"),
            *(str(database.get("PASSWORD", "")) for database in settings.DATABASES.values()),
        ),
        tuple(getattr(settings, name, None) or "" for name in names),
        # Of addresses the password alone: the rest is needed to understand an error.
        (setting("REDIS_URL"), setting("CELERY_BROKER_URL")),
    )


@lru_cache(maxsize=8)
def _known(whole: tuple[str, ...], lists: tuple[str, ...], urls: tuple[str, ...]) -> frozenset[str]:
    # Cached, because every line of the log is held against them.
    several = (part.strip() for each in lists for part in each.split(","))
    passwords = (unquote(urlsplit(url).password or "") for url in urls)
    return frozenset(secret for secret in [*whole, *several, *passwords] if secret)


_PERIODS = {"s": 1, "sec": 1, "min": 60, "hour": 3600, "day": 86400}


def parse_rate(rate: str) -> tuple[int, int]:
    """Return a rate such as `600/min` as a count and seconds. Raises `ValueError` for others."""
    count, _, period = rate.partition("/")
    if not count.strip().isdecimal() or period.strip() not in _PERIODS:
        raise ValueError(f"{rate!r} is not a rate, such as 600/min.")
    return int(count), _PERIODS[period.strip()]


def processing() -> Processing:
    """Return where events are processed (`WEBHOOK_PROCESSING`)."""
    return Processing(setting("WEBHOOK_PROCESSING"))


def metrics_dir() -> Path:
    """Return the folder in which this machine's processes count (`METRICS_DIR`)."""
    return Path(setting("METRICS_DIR"))


def max_body_bytes() -> int:
    """Return the size in bytes of the largest body that is read (`WEBHOOK_MAX_BODY_BYTES`)."""
    value: int = setting("WEBHOOK_MAX_BODY_BYTES")
    return value


def stripe_tolerance() -> timedelta:
    """Return how far a Stripe signature's time may be from now (`STRIPE_TOLERANCE_SECONDS`)."""
    return timedelta(seconds=setting("STRIPE_TOLERANCE_SECONDS"))


def lease() -> timedelta:
    """Return how long a claim holds before others may take the event (`WEBHOOK_LEASE_SECONDS`)."""
    return timedelta(seconds=setting("WEBHOOK_LEASE_SECONDS"))


def max_lost_leases() -> int:
    """Return how many workers an event may cost before it fails (`WEBHOOK_MAX_LOST_LEASES`)."""
    value: int = setting("WEBHOOK_MAX_LOST_LEASES")
    return value


def retry_policy() -> RetryPolicy:
    """Return the schedule of retries (`WEBHOOK_RETRY`)."""
    arguments: dict[str, Any] = setting("WEBHOOK_RETRY")
    return RetryPolicy(**arguments)


def rate_limit() -> int:
    """Return a client's budget of refusals per minute; 0 is no limit (`WEBHOOK_RATE_LIMIT`)."""
    value: int = setting("WEBHOOK_RATE_LIMIT")
    return value


def alarm_policy() -> AlarmPolicy:
    """Return when refusals are an alarm (`WEBHOOK_ALARMS`)."""
    arguments: dict[str, Any] = setting("WEBHOOK_ALARMS")
    return AlarmPolicy(**arguments)
