"""Alarms about refusals: too many at once, or every delivery failing.

Each server process counts what it sees, because asking Redis at each refusal would make a flood
cost what it must not. So with `n` processes a burst is noticed at up to `n` times the rate that is
set. What no process can see by itself, that another one still proves deliveries, is asked of the
table of events before an alarm says that none is proven: an attacker's forgeries never look like a
changed secret while genuine deliveries come in.
"""

import logging
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from functools import cache
from threading import Lock

from django.core.cache import cache as shared
from django.db import Error
from redis.exceptions import RedisError

from webhooks import conf
from webhooks.bounded.maps import Deadlines
from webhooks.conf import AlarmPolicy
from webhooks.models import WebhookEvent
from webhooks.monitoring import metrics
from webhooks.signals import alarm_raised

# Operators set their alerts on this name: it stays, wherever the module goes.
logger = logging.getLogger("webhooks.alarms")


class AlarmKind(StrEnum):
    """The pattern of refusals that an alarm is about."""

    BURST = "burst"
    NOTHING_PROVEN = "nothing_proven"


@dataclass(frozen=True, slots=True)
class Alarm:
    """`count` refusals at an endpoint (empty: at none there is) within so many `seconds`."""

    kind: AlarmKind
    endpoint: str
    count: int
    seconds: float


class _Watch:
    """The last refusals at one endpoint that one process has seen, in bounded memory."""

    def __init__(self, policy: AlarmPolicy) -> None:
        self.policy = policy
        # As many moments as an alarm needs: a flood must not grow the memory.
        self.refused: deque[float] = deque(maxlen=policy.burst)
        self.unproven: deque[float] = deque(maxlen=policy.unproven)
        self.quiet = Deadlines(most=len(AlarmKind))
        self.lock = Lock()

    def refuse(self, at: float, *, is_unproven: bool, proven_at: float) -> list[AlarmKind]:
        """Return the kinds of alarm that are due with this refusal."""
        with self.lock:
            self.refused.append(at)
            if is_unproven:
                self.unproven.append(at)
            seen = self._seen(at, proven_at)
            quiet = self.policy.cool_down
            return [kind for kind in seen if self.quiet.start(kind, at=at, seconds=quiet)]

    def _seen(self, at: float, proven_at: float) -> Iterator[AlarmKind]:
        if _all_since(self.refused, at - self.policy.burst_seconds):
            yield AlarmKind.BURST
        # A delivery that was proven since shows that the secret still fits.
        silence = at - self.policy.silence_seconds
        if proven_at < silence and _all_since(self.unproven, silence):
            yield AlarmKind.NOTHING_PROVEN


_proven_at: dict[str, float] = {}


@cache
def _watch(endpoint: str, policy: AlarmPolicy) -> _Watch:
    return _Watch(policy)


def prove(endpoint: str, *, now: datetime) -> None:
    """Note that a delivery at an endpoint was proven."""
    _proven_at[endpoint] = now.timestamp()


def refuse(endpoint: str, *, is_unproven: bool, now: datetime) -> list[Alarm]:
    """Note a refusal, `is_unproven` when no secret fits; return the alarms to raise for it.

    Endpoints are those there are, and the empty one: each is watched for good.
    """
    policy = conf.alarm_policy()
    watch, proven_at = _watch(endpoint, policy), _proven_at.get(endpoint, float("-inf"))
    kinds = watch.refuse(now.timestamp(), is_unproven=is_unproven, proven_at=proven_at)
    return [_alarm(kind, endpoint, policy) for kind in kinds]


def sound(alarm: Alarm, *, now: datetime) -> None:
    """Log an alarm and send `alarm_raised`, unless another server has, or it is found groundless.

    It may be found groundless as the database tells of a proven delivery, or can't be asked.
    """
    if alarm.kind is AlarmKind.NOTHING_PROVEN and (proven_at := _latest_proven(alarm, now)):
        prove(alarm.endpoint, now=proven_at)
        # Not raised, so the cool-down must not keep the next one quiet.
        _watch(alarm.endpoint, conf.alarm_policy()).quiet.end(alarm.kind)
        return
    if not _is_first(alarm):
        return
    logger.error("%s", _message(alarm))
    metrics.ALARMS.labels(alarm.kind.value).inc()
    # A receiver that fails must not keep the others from hearing of it.
    alarm_raised.send_robust(
        sender=Alarm,
        endpoint=alarm.endpoint,
        kind=alarm.kind.value,
        count=alarm.count,
        seconds=alarm.seconds,
    )


def reset() -> None:
    """Begin as a process that has seen nothing."""
    _proven_at.clear()
    _watch.cache_clear()


def _alarm(kind: AlarmKind, endpoint: str, policy: AlarmPolicy) -> Alarm:
    match kind:
        case AlarmKind.BURST:
            return Alarm(kind, endpoint, policy.burst, policy.burst_seconds)
        case AlarmKind.NOTHING_PROVEN:
            return Alarm(kind, endpoint, policy.unproven, policy.silence_seconds)


def _latest_proven(alarm: Alarm, now: datetime) -> datetime | None:
    since = now - timedelta(seconds=alarm.seconds)
    events = WebhookEvent.objects.filter(endpoint=alarm.endpoint, received_at__gte=since)
    try:
        return events.order_by("-received_at").values_list("received_at", flat=True).first()
    except Error:
        return now  # nobody knows; asked again after another silence


def _is_first(alarm: Alarm) -> bool:
    """True when no other process has raised it; with Redis they share what they know."""
    key = f"webhooks:alarm:{alarm.kind}:{alarm.endpoint}"
    try:
        return shared.add(key, 1, timeout=conf.alarm_policy().cool_down)
    except (RedisError, OSError):
        # Heard twice is better than not heard.
        return True


def _message(alarm: Alarm) -> str:
    endpoint = conf.endpoint(alarm.endpoint)
    where = f"the endpoint {alarm.endpoint!r}" if endpoint else "endpoints that there are not"
    counted = f"{alarm.count} deliveries to {where} were refused within {alarm.seconds:g} s"
    if alarm.kind is AlarmKind.NOTHING_PROVEN and endpoint:
        return (
            f"{counted} as no secret fits, and none was proven: it looks like a secret that was "
            f"changed. Compare {endpoint.secrets_setting} with the signing secret that the "
            f"provider ({endpoint.provider}) shows for this endpoint. If they are the same, "
            "somebody forges deliveries while no genuine ones come; see the refused deliveries in "
            "the admin."
        )
    return (
        f"{counted}: it looks like an attack, or like a sender that is set up wrongly. See the "
        "refused deliveries in the admin; ALLOWED_WEBHOOK_IPS and WEBHOOK_RATE_LIMIT hold senders "
        "back."
    )


def _all_since(moments: "deque[float]", start: float) -> bool:
    return len(moments) == moments.maxlen and moments[0] >= start
