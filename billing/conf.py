"""This app's settings, read where they are used, so that a test can override them."""

from enum import StrEnum

from django.conf import settings


class Fetching(StrEnum):
    """When the provider is asked for an object's latest state, where it can be asked."""

    NEVER = "never"
    UNDECIDABLE = "undecidable"
    ALWAYS = "always"


def fetching() -> Fetching:
    """When the provider is asked (`STRIPE_FETCH`)."""
    return Fetching(settings.STRIPE_FETCH)


def fetches_per_second() -> int:
    """How many objects may be fetched in a second, by all workers (`STRIPE_FETCH_PER_SECOND`).

    All that share the Redis of `REDIS_URL`; without it, each process by itself.
    """
    value: int = settings.STRIPE_FETCH_PER_SECOND
    return value
