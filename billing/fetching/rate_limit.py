"""Keeps calls to a provider within a rate, for all workers that share a Redis."""

import logging
import time
from functools import cache
from typing import Final

from django.conf import settings
from limits import RateLimitItemPerSecond
from limits.storage import storage_from_string
from limits.strategies import MovingWindowRateLimiter
from redis.exceptions import RedisError

from webhooks.exceptions import ProviderUnavailable

logger = logging.getLogger(__name__)

PATIENCE_SECONDS: Final = 5.0
POLL_SECONDS: Final = 0.02


def wait_for_turn(provider: str, account: str, *, per_second: int) -> None:
    """Return when a call may be made. Raises `ProviderUnavailable` when the wait is too long.

    Stripe counts by account: https://docs.stripe.com/rate-limits. Without its Redis, calls go
    through: what counts them only spares the provider.
    """
    rate = RateLimitItemPerSecond(per_second)
    deadline = time.monotonic() + PATIENCE_SECONDS
    try:
        while not _limiter(settings.REDIS_URL).hit(rate, "fetch", provider, account):
            if time.monotonic() > deadline:
                raise ProviderUnavailable(f"More than {per_second} calls a second are wanted.")
            time.sleep(POLL_SECONDS)
    except RedisError as error:
        logger.warning("calls to %s are not being counted: %s", provider, error)


@cache
def _limiter(redis_url: str) -> MovingWindowRateLimiter:
    if not redis_url:
        return MovingWindowRateLimiter(storage_from_string("memory://"))
    options = {"socket_timeout": 0.5, "socket_connect_timeout": 0.5}
    return MovingWindowRateLimiter(storage_from_string(redis_url, **options))
