"""Alarms about refusals: too many at once, or every delivery refused.

Each server process counts what it sees, because asking Redis at each refusal would make a flood
cost what it must not. So with `n` processes a burst is noticed at up to `n` times the rate that is
set. What no process can see by itself, that another one still proves deliveries, is asked of the
table of events before an alarm says that none is proven: an attacker's forgeries never look like a
changed secret while genuine deliveries come in. Why the provider's deliveries are refused does not
matter to that: a secret, an allow-list, a clock and a proxy that are wrong all keep them out.
"""

import logging
from collections import deque
from collections.abc import Iterator
from datetime import datetime, timedelta
from functools import cache
from threading import Lock

from django.core.cache import cache as shared
from django.db import Error

from webhooks import audit, conf
from webhooks.bounded.maps import Deadlines
from webhooks.conf import AlarmPolicy
from webhooks.intake.alarm_messages import Alarm, AlarmKind, message
from webhooks.models import AuditEntry, WebhookEvent
from webhooks.models.audit import SYSTEM
from webhooks.monitoring import metrics
from webhooks.outages import REDIS_OUTAGE
from webhooks.processing.errors import textless
from webhooks.signals import alarm_raised

# Operators set their alerts on this name: it stays, wherever the module goes.
logger = logging.getLogger("webhooks.alarms")

for _kind in AlarmKind:
    # There as 0, or the first alarm of a kind would be no increase.
    metrics.ALARMS.labels(_kind.value)


class _Watch:
    """The last refusals at one endpoint that one process has seen, in bounded memory."""

    def __init__(self, policy: AlarmPolicy) -> None:
        self.policy = policy
        # As many moments as an alarm needs: a flood must not grow the memory.
        self.refused: deque[float] = deque(maxlen=policy.burst)
        self.unproven: deque[float] = deque(maxlen=policy.unproven)
        self.codes: deque[str] = deque(maxlen=policy.unproven)
        self.quiet = Deadlines(most=len(AlarmKind))
        self.lock = Lock()

    def refuse(self, at: float, *, telling: str, proven_at: float) -> list[AlarmKind]:
        """Return the kinds of alarm that are due with this refusal."""
        with self.lock:
            self.refused.append(at)
            if telling:
                self.unproven.append(at)
                self.codes.append(telling)
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


def refuse(endpoint: str, *, telling: str, now: datetime) -> list[Alarm]:
    """Note a refusal; return the alarms to raise for it.

    `telling` is the refusal's code when the delivery may be the provider's, and else empty (see
    `webhooks.intake.likely_genuine`). Endpoints are those there are, and the empty one: each is
    watched for good.
    """
    policy = conf.alarm_policy()
    watch, proven_at = _watch(endpoint, policy), _proven_at.get(endpoint, float("-inf"))
    kinds = watch.refuse(now.timestamp(), telling=telling, proven_at=proven_at)
    return [_alarm(kind, endpoint, watch) for kind in kinds]


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
    told = message(alarm)
    logger.error("%s", told)
    _put_on_record(alarm, now)
    metrics.ALARMS.labels(alarm.kind.value).inc()
    # A receiver that fails must not keep the others from hearing of it.
    alarm_raised.send_robust(
        sender=Alarm,
        endpoint=alarm.endpoint,
        kind=alarm.kind.value,
        count=alarm.count,
        seconds=alarm.seconds,
        message=told,
    )


def _put_on_record(alarm: Alarm, now: datetime) -> None:
    # Whoever is attacking must not be able to take back that somebody was warned. One entry to a
    # cool-down, as with the log: strangers can't fill the trail.
    try:
        audit.record(
            AuditEntry.Action.ALARM,
            actor=SYSTEM,
            subject=f"endpoint:{alarm.endpoint}",
            details={
                "kind": alarm.kind.value,
                "refused": alarm.count,
                "seconds": round(alarm.seconds),
                **({"codes": list(alarm.codes)} if alarm.codes else {}),
            },
            now=now,
        )
    except audit.NOT_RECORDABLE as error:
        # It must be heard whatever becomes of the record.
        logger.exception("the alarm could not be put on record", exc_info=textless(error))


def reset() -> None:
    """Begin as a process that has seen nothing."""
    _proven_at.clear()
    _watch.cache_clear()


def _alarm(kind: AlarmKind, endpoint: str, watch: _Watch) -> Alarm:
    policy = watch.policy
    match kind:
        case AlarmKind.BURST:
            return Alarm(kind, endpoint, policy.burst, policy.burst_seconds)
        case AlarmKind.NOTHING_PROVEN:
            codes = tuple(sorted(set(watch.codes)))
            return Alarm(kind, endpoint, policy.unproven, policy.silence_seconds, codes)


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
    except REDIS_OUTAGE:
        # Heard twice is better than not heard.
        return True


def _all_since(moments: "deque[float]", start: float) -> bool:
    return len(moments) == moments.maxlen and moments[0] >= start
