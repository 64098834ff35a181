"""The rate limit on calls to a provider, for all workers that share a Redis."""

import logging
import time
from functools import cache
from typing import Final

from limits import RateLimitItemPerSecond
from limits.storage import storage_from_string
from limits.strategies import MovingWindowRateLimiter

from billing import conf
from webhooks.exceptions import ProviderApiUnavailable
from webhooks.outages import REDIS_OUTAGE, reason

logger = logging.getLogger(__name__)

PATIENCE_SECONDS: Final = 5.0
POLL_SECONDS: Final = 0.02


def wait_for_turn(provider: str, account: str, *, per_second: int) -> None:
    """Return as soon as a call may be made.

    Raises `ProviderApiUnavailable` after too long a wait.
    """
    # By account, as Stripe counts: https://docs.stripe.com/rate-limits.
    rate = RateLimitItemPerSecond(per_second)
    deadline = time.monotonic() + PATIENCE_SECONDS
    try:
        while not _limiter(conf.setting("REDIS_URL")).hit(rate, "fetch", provider, account):
            if time.monotonic() > deadline:
                raise ProviderApiUnavailable(f"More than {per_second} calls a second are wanted.")
            time.sleep(POLL_SECONDS)
    except REDIS_OUTAGE as error:
        # Counting only spares the provider, so calls go through without it.
        logger.warning("calls to %s are not being counted: %s", provider, reason(error))


# One for all calls: it holds the connections, or without Redis the counts.
@cache
def _limiter(redis_url: str) -> MovingWindowRateLimiter:
    if not redis_url:
        return MovingWindowRateLimiter(storage_from_string("memory://"))
    options = {"socket_timeout": 0.5, "socket_connect_timeout": 0.5}
    return MovingWindowRateLimiter(storage_from_string(redis_url, **options))
