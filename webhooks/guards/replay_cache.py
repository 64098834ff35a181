"""A cache of deliveries in Redis: that one of an event is being recorded, or has been.

It speeds up and protects, and never decides: without an answer within milliseconds, everything
goes on as if nothing were known, and the database's unique constraint tells new from seen.
"""

import logging
import secrets
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from typing import Any

from django_redis import get_redis_connection

from webhooks import conf
from webhooks.events import Event
from webhooks.guards.circuit_breaker import Breaker
from webhooks.outages import REDIS_OUTAGE, reason

logger = logging.getLogger(__name__)

LOCK_SECONDS = 30
"""The time after which others no longer wait for a delivery."""

WAIT_SECONDS = 0.25
"""The longest that a delivery waits for another of the same event, before the database decides."""

POLL_SECONDS = 0.01

FLOOD = 100
"""The first so many deliveries are each counted in the database, and those of a flood so many
together. So a provider's own retries always reach the database, whatever Redis remembers."""

BREAK_SECONDS = 5.0
"""The time for which Redis is left alone after it failed, lest each request should wait for it."""

# A key is absent, or holds the token of the delivery that is at work, or how many came since.
ENTER = """
local held = redis.call('GET', KEYS[1])
if not held then
    redis.call('SET', KEYS[1], ARGV[1], 'EX', ARGV[2])
    return -1
end
if string.sub(held, 1, 1) == 'L' then return -2 end
return redis.call('INCR', KEYS[1])
"""
LEAVE = """
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
if ARGV[2] == '0' then return redis.call('DEL', KEYS[1]) end
redis.call('SET', KEYS[1], 0, 'EX', ARGV[2])
return 1
"""
CLEAR = "return redis.call('DEL', KEYS[1])"
ENTERED, IN_FLIGHT = -1, -2


@dataclass(slots=True)
class Delivery:
    """One delivery of an event on its way in.

    `to_count` is how many deliveries the database is to be told of, 0 when it need not be asked.
    The one who records the event sets `is_recorded`.
    """

    to_count: int = 1
    is_recorded: bool = False


@contextmanager
def delivery(event: Event) -> Iterator[Delivery]:
    """Take a delivery in, one of an event at a time as far as Redis can tell.

    What is learnt is remembered on leaving; a delivery that failed leaves nothing behind.
    """
    if not conf.setting("REDIS_URL"):
        yield Delivery()
        return
    key, token = _key(event.provider, event.id), f"L{secrets.token_hex(8)}"
    state = _enter_in_turn(key, token)
    this = Delivery(to_count=_to_count(state))
    try:
        yield this
    finally:
        if state == ENTERED:
            kept = conf.replay_cache_seconds() if this.is_recorded else 0
            _run_script(LEAVE, key, token, kept)


def clear(provider: str, event_id: str) -> None:
    """Drop whatever is known of an event, a lock that nobody releases included."""
    if conf.setting("REDIS_URL"):
        _run_script(CLEAR, _key(provider, event_id))


def _key(provider: str, event_id: str) -> str:
    return f"webhooks:delivery:{provider}:{event_id}"


def _enter_in_turn(key: str, token: str) -> int | None:
    deadline = time.monotonic() + WAIT_SECONDS
    while (state := _run_script(ENTER, key, token, LOCK_SECONDS)) == IN_FLIGHT:
        if time.monotonic() > deadline:
            break
        time.sleep(POLL_SECONDS)
    return state


def _to_count(state: int | None) -> int:
    if state is None or state <= FLOOD:
        return 1
    return 0 if state % FLOOD else FLOOD


_breaker = Breaker()


def _run_script(script: str, key: str, *arguments: object) -> int | None:
    """Return a script's answer; None without Redis, which must never stop a delivery."""
    if _breaker.is_open:
        return None
    try:
        answer: int = _script(script)(keys=[key], args=list(arguments))
    except REDIS_OUTAGE as error:
        _breaker.trip(BREAK_SECONDS)
        logger.warning("going on without Redis for %s s: %s", BREAK_SECONDS, reason(error))
        return None
    return answer


@cache
def _script(source: str) -> Any:
    return _client().register_script(source)


def _client() -> Any:
    return get_redis_connection("default")
