"""Failed deliveries spend a client's budget; who has spent it is told to wait.

Proven deliveries spend nothing and never come here. A genuine one from an address whose budget is
spent is still taken, because an attacker and the provider can share an address: behind a proxy
that nobody told us of, or where a whole network stands behind one. To forge it takes the secret.
So a spent client costs what telling forged from genuine costs, and no more: the guards, and one
HMAC over a bounded body, of the order of 10 µs. Nothing is parsed or stored, and Redis not asked.

The window moves with the clock and counts every failure in it (`MovingWindowRateLimiter`). A
sliding-window counter would need less memory, but it estimates: around the end of a window it lets
more through than the limit. A failure is a float here and some twenty bytes in Redis, and no more
than the limit are kept of a client's.
"""

import logging
import math
import time
from functools import cache
from typing import Final

from limits import RateLimitItemPerMinute
from limits.storage import RedisStorage, Storage
from limits.strategies import MovingWindowRateLimiter
from redis.backoff import NoBackoff
from redis.exceptions import RedisError
from redis.retry import Retry

from webhooks import conf
from webhooks.bounded.maps import Deadlines
from webhooks.guards.circuit_breaker import Breaker
from webhooks.guards.rate_limit_storage import MOST_CLIENTS, BoundedStorage
from webhooks.monitoring import metrics

logger = logging.getLogger(__name__)

BREAK_SECONDS: Final = 5.0
"""The time for which Redis is left alone after it failed, lest each refusal should wait for it."""

PATIENCE_SECONDS: Final = 0.25
"""The longest that Redis may take. Only refusals wait, so longer than genuine deliveries may: on a
busy machine a shorter time would let an attacker through."""

_spent = Deadlines(MOST_CLIENTS)
_breaker = Breaker()


def spend(client: str, limit: int) -> int | None:
    """Count a failed delivery; None while its client may go on, else the seconds to wait.

    `limit` is how many a client may send in a minute, 0 for any number. Counting is one atomic
    step, in Redis for all servers that share it, else in this process. Who has spent it all is
    remembered here, so that the rest of a flood asks nobody. Without an answer from Redis in time
    nobody is held back.
    """
    if not limit:
        return None
    now = time.time()
    until = _spent.get(client, at=now)
    if until is None and (until := _hit(client, limit)) is not None:
        _spent.set(client, until)
    return None if until is None else max(1, math.ceil(until - now))


def reset() -> None:
    """Forget what this process knows of its clients."""
    _spent.clear()
    _limiter.cache_clear()
    _breaker.reset()


def _hit(client: str, limit: int) -> float | None:
    """Spend one of a client's failures; when it may fail again, if there was none left."""
    if conf.setting("REDIS_URL") and _breaker.is_open:
        metrics.LIMITER_FAILURES.inc()
        return None
    rate, limiter = RateLimitItemPerMinute(limit), _limiter(conf.setting("REDIS_URL"))
    try:
        if limiter.hit(rate, "refusals", client):
            return None
        return limiter.get_window_stats(rate, "refusals", client).reset_time
    except (RedisError, OSError) as error:
        _breaker.trip(BREAK_SECONDS)
        metrics.LIMITER_FAILURES.inc()
        logger.warning("not counting refusals for %s s, without Redis: %s", BREAK_SECONDS, error)
        return None


@cache
def _limiter(redis_url: str) -> MovingWindowRateLimiter:
    return MovingWindowRateLimiter(_storage(redis_url))


def _storage(redis_url: str) -> Storage:
    if not redis_url:
        return BoundedStorage()
    return RedisStorage(
        redis_url,
        key_prefix="webhooks",
        socket_timeout=PATIENCE_SECONDS,
        socket_connect_timeout=PATIENCE_SECONDS,
        retry=Retry(NoBackoff(), retries=0),  # type: ignore[arg-type]
    )
