"""Alarms about refusals: too many at once, or every delivery refused.

Each server process counts what it sees, because asking Redis at each refusal would make a flood
cost what it must not. So with `n` processes a burst is noticed at up to `n` times the rate that is
set. What no process can see by itself, that another one still proves deliveries, is asked of the
table of events before an alarm says that none is proven: an attacker's forgeries never look like a
changed secret while genuine deliveries come in. Why the provider's deliveries are refused does not
matter to that: a secret, an allow-list and a clock that are wrong all keep them out.
"""

import logging
from collections import deque
from collections.abc import Iterator, Sequence
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
from webhooks.conf import AlarmPolicy, Endpoint
from webhooks.exceptions import InvalidSignature, SourceNotAllowed, StaleSignature
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
    """`count` refusals at an endpoint (empty: at none there is) within so many `seconds`.

    `codes` are those of the signed deliveries among them, as problem documents have them.
    """

    kind: AlarmKind
    endpoint: str
    count: int
    seconds: float
    codes: tuple[str, ...] = ()


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

    def refuse(self, at: float, *, signed: str, proven_at: float) -> list[AlarmKind]:
        """Return the kinds of alarm that are due with this refusal."""
        with self.lock:
            self.refused.append(at)
            if signed:
                self.unproven.append(at)
                self.codes.append(signed)
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


def refuse(endpoint: str, *, signed: str, now: datetime) -> list[Alarm]:
    """Note a refusal; return the alarms to raise for it.

    `signed` is the refusal's code when the delivery carried a signature, as the provider's do, and
    else empty. Endpoints are those there are, and the empty one: each is watched for good.
    """
    policy = conf.alarm_policy()
    watch, proven_at = _watch(endpoint, policy), _proven_at.get(endpoint, float("-inf"))
    kinds = watch.refuse(now.timestamp(), signed=signed, proven_at=proven_at)
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
    except (RedisError, OSError):
        # Heard twice is better than not heard.
        return True


def _message(alarm: Alarm) -> str:
    endpoint = conf.endpoint(alarm.endpoint)
    where = f"the endpoint {alarm.endpoint!r}" if endpoint else "endpoints that there are not"
    counted = f"{alarm.count} deliveries to {where} were refused within {alarm.seconds:g} s"
    if alarm.kind is AlarmKind.NOTHING_PROVEN and endpoint:
        return (
            f"{counted} though they carried a signature ({', '.join(alarm.codes)}), and none was "
            f"taken. {' '.join(_remedies(alarm.codes, endpoint))} If all of that is right, "
            "somebody forges deliveries while no genuine ones come: see the refused deliveries in "
            "the admin."
        )
    return (
        f"{counted}: it looks like an attack, or like a sender that is set up wrongly. See the "
        "refused deliveries in the admin; ALLOWED_WEBHOOK_IPS and WEBHOOK_RATE_LIMIT hold senders "
        "back."
    )


def _remedies(codes: Sequence[str], endpoint: Endpoint) -> Iterator[str]:
    if InvalidSignature.code in codes:
        yield (
            f"A secret may have been changed: compare {endpoint.secrets_setting} with the signing "
            f"secret that the provider ({endpoint.provider}) shows for this endpoint."
        )
    if SourceNotAllowed.code in codes:
        yield (
            "An allow-list may shut the provider out: compare ALLOWED_WEBHOOK_IPS, "
            "ALLOWED_WEBHOOK_USER_AGENTS and TRUSTED_PROXY_COUNT with the clients on record."
        )
    if StaleSignature.code in codes:
        yield "A clock may be wrong: compare this machine's, and see STRIPE_TOLERANCE_SECONDS."
    if set(codes) - {InvalidSignature.code, SourceNotAllowed.code, StaleSignature.code}:
        yield "The refused deliveries in the admin say which client sends what."


def _all_since(moments: "deque[float]", start: float) -> bool:
    return len(moments) == moments.maxlen and moments[0] >= start
