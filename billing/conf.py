"""This app's settings and their defaults.

They are read where they are used, so that a test can override them.
"""

from collections.abc import Mapping
from enum import StrEnum
from typing import Any, Final

from django.conf import settings

DEFAULTS: Final[Mapping[str, Any]] = {
    # Events alone tell nearly every state: asking each time would cost a call for each event.
    "STRIPE_FETCH": "undecidable",
    "STRIPE_FETCH_PER_SECOND": 20,
    "BILLING_GRACE_DAYS": 7,
    "RECONCILE_BILLING_EVERY_HOURS": 0,
    "RECONCILE_BILLING_REPAIR": False,
    "REDIS_URL": "",
}
"""The settings that this app reads, with what holds where the host project has none."""


def setting(name: str) -> Any:
    """Return a setting of the host project's, or its default in `DEFAULTS`."""
    return getattr(settings, name, DEFAULTS[name])


class Fetching(StrEnum):
    """The occasions for fetching an object's latest state, where the provider can be asked."""

    NEVER = "never"
    UNDECIDABLE = "undecidable"
    ALWAYS = "always"


def fetching() -> Fetching:
    """Return when the provider is asked for an object (`STRIPE_FETCH`)."""
    return Fetching(setting("STRIPE_FETCH"))


def fetches_per_second() -> int:
    """Return how many objects may be fetched in a second (`STRIPE_FETCH_PER_SECOND`).

    All workers that share the Redis of `REDIS_URL` share it; without, each process has its own.
    """
    value: int = setting("STRIPE_FETCH_PER_SECOND")
    return value
