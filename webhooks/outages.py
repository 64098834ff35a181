"""What is raised where a Redis or a broker can't be used: it is away, or its address can't be read.

Nothing depends on either, so whoever catches these goes on without. An address that can't be read
is caught like an outage: clients are made when they are first used, within a delivery.
"""

from typing import Final

from kombu.exceptions import KombuError
from limits.errors import ConfigurationError
from redis.exceptions import RedisError

_UNREADABLE: Final = (ValueError, TypeError, LookupError, ConfigurationError)

REDIS_OUTAGE: Final = (RedisError, OSError, *_UNREADABLE)
BROKER_OUTAGE: Final = (KombuError, OSError, *_UNREADABLE)


def reason(error: Exception) -> str:
    """Return what an outage's error says that may be told."""
    # What can't be read is quoted by whoever tried, and is a part of the address: the password.
    if isinstance(error, _UNREADABLE):
        return f"its address can't be read ({type(error).__name__})"
    return str(error)
