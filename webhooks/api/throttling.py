"""The API's rate limits, counted in the cache. Without the cache nobody is held back."""

import logging
import time
from typing import Any, ClassVar, Final

from django.core.cache import cache
from redis.exceptions import RedisError
from rest_framework.request import Request
from rest_framework.throttling import BaseThrottle

from webhooks.conf import parse_rate, setting
from webhooks.models import ApiToken

logger = logging.getLogger(__name__)

_LATER: Final = 1
"""The time for which a counter outlives its window, in seconds."""


class Throttle(BaseThrottle):
    """Rate limit per caller; subclasses say who the caller is.

    A window begins with its first request. Counting is atomic, however many servers there are.
    """

    setting: ClassVar[str]
    ends_at: float = 0.0

    def who(self, request: Request) -> str | None:
        """Return the caller whose requests are counted together; None for one who isn't counted."""
        raise NotImplementedError

    def allow_request(self, request: Request, view: Any) -> bool:
        limit, seconds = parse_rate(setting(self.setting))
        who = self.who(request)
        if who is None:
            return True
        try:
            return self._count(f"api:{self.setting}:{who}", seconds) <= limit
        except (RedisError, OSError, ValueError) as error:
            # Away, or it forgot a counter between two questions.
            logger.warning("the cache did not count a request of the API's: %s", error)
            return True

    def _count(self, key: str, seconds: int) -> int:
        now = time.time()
        # The window's end is the same for all servers: the first to come stores it for the rest.
        self.ends_at = cache.get_or_set(key, now + seconds, timeout=seconds) or now
        counter = f"{key}:{self.ends_at}"
        # Kept a little longer than its window: a counter that expired between these two lines would
        # be missing when it is to be counted up.
        cache.add(counter, 0, timeout=seconds + _LATER)
        return cache.incr(counter)

    def wait(self) -> float:
        return self.ends_at - time.time()


class CallerThrottle(Throttle):
    """By token, or by user for those who are logged in (`API_THROTTLE_RATE`)."""

    setting = "API_THROTTLE_RATE"

    def who(self, request: Request) -> str | None:
        # A token before its user: one program that runs wild must not stop the user's others.
        if isinstance(request.auth, ApiToken):
            return f"token:{request.auth.pk}"
        return f"user:{request.user.pk}" if request.user.is_authenticated else None


class StrangerThrottle(Throttle):
    """By address, for those who prove nothing (`API_ANONYMOUS_THROTTLE_RATE`)."""

    setting = "API_ANONYMOUS_THROTTLE_RATE"

    def who(self, request: Request) -> str | None:
        # Those who prove who they are have a budget of their own.
        return None if request.user.is_authenticated else f"address:{self.get_ident(request)}"
