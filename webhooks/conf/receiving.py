"""Settings of receiving: the endpoints, what they take, and when refusals are an alarm."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Final

from webhooks.conf.credentials import secrets
from webhooks.conf.defaults import setting

OPTIONS: Final = ("api_base", "notification_url", "public_key", "webhook_id")
"""What an endpoint may have in the settings for its provider."""


@dataclass(frozen=True, slots=True)
class Endpoint:
    """An endpoint for deliveries: the last part of its URL, its provider, the secrets it trusts.

    Which addresses and user agents may come through it is as in the settings (see `sources`).
    `options` are what the provider has besides, by names as in `OPTIONS`, and the `endpoint`.
    """

    slug: str
    provider: str
    secrets_setting: str
    secrets: tuple[str, ...]
    allowed_ips: str = ""
    allowed_user_agents: str = ""
    options: Mapping[str, str] = field(default_factory=dict)

    @property
    def api_key(self) -> str:
        """The key by which the provider can be asked, in a setting of its own; empty without."""
        return next(iter(secrets(self.variable("api_key"))), "")

    def missing(self, options: Iterable[str]) -> list[str]:
        """Return those of a provider's options that this endpoint does not have."""
        return [name for name in options if not self.options.get(name)]

    def variable(self, option: str) -> str:
        """Return the variable that holds an option, such as `SQUARE_NOTIFICATION_URL`."""
        return f"{self.secrets_setting.removesuffix('WEBHOOK_SECRET')}{option.upper()}"


@dataclass(frozen=True, slots=True)
class AlarmPolicy:
    """The limits past which refusals are an alarm. In seconds; each server process counts its own.

    `burst` refusals at an endpoint within `burst_seconds` are too many. `unproven` refused
    deliveries that may be the provider's within `silence_seconds`, in which none was proven, look
    like a secret that was changed. Each is told once in `cool_down` seconds.
    """

    burst: int = 600
    burst_seconds: float = 60.0
    unproven: int = 5
    silence_seconds: float = 600.0
    cool_down: int = 1800


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
        {"endpoint": slug} | {name: configured[name] for name in OPTIONS if name in configured},
    )


def endpoints() -> list[Endpoint]:
    """Return every configured endpoint."""
    return [found for slug in setting("WEBHOOK_ENDPOINTS") if (found := endpoint(slug))]


def max_body_bytes() -> int:
    """Return the size in bytes of the largest body that is read (`WEBHOOK_MAX_BODY_BYTES`)."""
    value: int = setting("WEBHOOK_MAX_BODY_BYTES")
    return value


def replay_cache_seconds() -> int:
    """Return the seconds that Redis remembers an event for (`WEBHOOK_REPLAY_CACHE_SECONDS`)."""
    value: int = setting("WEBHOOK_REPLAY_CACHE_SECONDS")
    return value


def stripe_tolerance() -> timedelta:
    """Return how far a Stripe signature's time may be from now (`STRIPE_TOLERANCE_SECONDS`)."""
    return timedelta(seconds=setting("STRIPE_TOLERANCE_SECONDS"))


def rate_limit() -> int:
    """Return a client's budget of refusals per minute; 0 is no limit (`WEBHOOK_RATE_LIMIT`)."""
    value: int = setting("WEBHOOK_RATE_LIMIT")
    return value


def alarm_policy() -> AlarmPolicy:
    """Return when refusals are an alarm (`WEBHOOK_ALARMS`)."""
    arguments: dict[str, Any] = setting("WEBHOOK_ALARMS")
    return AlarmPolicy(**arguments)
