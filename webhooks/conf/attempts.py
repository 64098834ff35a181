"""Settings of processing: where it is done, for how long at most, and how often it is tried."""

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import Any

from webhooks.conf.defaults import setting


class Processing(StrEnum):
    """The place where events are processed."""

    REQUEST = "request"
    LOOP = "loop"
    CELERY = "celery"


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


def processing() -> Processing:
    """Return where events are processed (`WEBHOOK_PROCESSING`)."""
    return Processing(setting("WEBHOOK_PROCESSING"))


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
