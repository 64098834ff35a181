"""Rate limits: who has spent a budget is told to wait.

Each purpose has a limit of its own, `refusals`, `callers` or `strangers`, and remembers a bounded
number of clients apart from the others'. So however many addresses strangers come from, they push
nobody out who has proven who they are.

Failed deliveries spend a client's budget. Proven deliveries spend nothing and never come here. A
genuine one from an address whose budget is spent is still taken, because an attacker and the
provider can share an address: behind a proxy that nobody told us of, or where a whole network
stands behind one. To forge it takes the secret. So a spent client costs what telling forged from
genuine costs, and no more: the guards, and one HMAC over a bounded body, of the order of 10 µs.
Nothing is parsed or stored, and Redis not asked.

The window moves with the clock and counts every failure in it (`MovingWindowRateLimiter`). A
sliding-window counter would need less memory, but it estimates: around the end of a window it lets
more through than the limit. What is counted is a float here and some twenty bytes in Redis, and no
more than the limit are kept of a client's.
"""

import logging
import math
import time
from functools import cache
from typing import Final

from limits import RateLimitItemPerSecond
from limits.storage import RedisStorage, Storage
from limits.strategies import MovingWindowRateLimiter
from redis.backoff import NoBackoff
from redis.retry import Retry

from webhooks import conf
from webhooks.bounded.maps import Deadlines
from webhooks.guards.circuit_breaker import Breaker
from webhooks.guards.rate_limit_storage import MOST_CLIENTS, BoundedStorage
from webhooks.monitoring import metrics
from webhooks.outages import REDIS_OUTAGE, reason

logger = logging.getLogger(__name__)

BREAK_SECONDS: Final = 5.0
"""The time for which Redis is left alone after it failed, lest each refusal should wait for it."""

PATIENCE_SECONDS: Final = 0.25
"""The longest that Redis may take. Only refusals wait, so longer than genuine deliveries may: on a
busy machine a shorter time would let an attacker through."""

_breaker = Breaker()


class RateLimit:
    """A limit for one purpose. What is counted for another changes nothing here."""

    def __init__(self, purpose: str) -> None:
        self.purpose = purpose
        self._spent = Deadlines(MOST_CLIENTS)
        self._here = MovingWindowRateLimiter(BoundedStorage())

    def spend(self, client: str, limit: int, *, seconds: int) -> int | None:
        """Count for a client; None while it may go on, else the seconds to wait.

        `limit` is how many a client may have within so many `seconds`. Counting is one atomic step,
        in Redis for all servers that share it, else in this process. Who has spent it all is
        remembered here, so that the rest of a flood asks nobody. Without an answer from Redis in
        time nobody is held back.
        """
        # Nobody may do anything then. Storages would look for the oldest of no moments.
        if limit < 1:
            return seconds
        now = time.time()
        until = self._spent.get(client, at=now)
        if until is None and (until := self._hit(client, limit, seconds)) is not None:
            self._spent.set(client, until)
        return None if until is None else max(1, math.ceil(until - now))

    def reset(self) -> None:
        """Forget what this process knows of its clients."""
        self._spent.clear()
        self._here.storage.reset()

    def _hit(self, client: str, limit: int, seconds: int) -> float | None:
        """Spend one of a client's; when it may go on, if there was none left."""
        redis_url = conf.setting("REDIS_URL")
        if redis_url and _breaker.is_open:
            metrics.LIMITER_FAILURES.inc()
            return None
        rate = RateLimitItemPerSecond(limit, seconds)
        try:
            limiter = _shared(redis_url) if redis_url else self._here
            if limiter.hit(rate, self.purpose, client):
                return None
            return limiter.get_window_stats(rate, self.purpose, client).reset_time
        except REDIS_OUTAGE as error:
            _breaker.trip(BREAK_SECONDS)
            metrics.LIMITER_FAILURES.inc()
            logger.warning(
                "rates are not counted for %s s, without Redis: %s", BREAK_SECONDS, reason(error)
            )
            return None


refusals: Final = RateLimit("refusals")
"""Failed deliveries, by client."""

callers: Final = RateLimit("callers")
"""The API's requests of those who have proven who they are, by token or user."""

strangers: Final = RateLimit("strangers")
"""The API's requests of those who have not, by client."""


def reset() -> None:
    """Begin as a process that has counted nothing."""
    for limit in (refusals, callers, strangers):
        limit.reset()
    _shared.cache_clear()
    _breaker.reset()


@cache
def _shared(redis_url: str) -> MovingWindowRateLimiter:
    storage: Storage = RedisStorage(
        redis_url,
        key_prefix="webhooks",
        socket_timeout=PATIENCE_SECONDS,
        socket_connect_timeout=PATIENCE_SECONDS,
        retry=Retry(NoBackoff(), retries=0),  # type: ignore[arg-type]
    )
    return MovingWindowRateLimiter(storage)
