"""Refused deliveries: each is counted, and a few of many are put on record."""

import hashlib
import logging
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from threading import Lock
from typing import Final

from django.db import transaction
from django.db.models import Q, QuerySet

from webhooks import audit, conf
from webhooks.database.paging import keys_to_clear, lock_keys
from webhooks.exceptions import (
    InvalidSignature,
    MalformedSignature,
    MissingSignature,
    RateLimited,
    Rejected,
    StorageUnavailable,
)
from webhooks.guards import client_address, rate_limit
from webhooks.guards.admission import IncomingDelivery
from webhooks.guards.circuit_breaker import Breaker
from webhooks.guards.sender import printable, sender_of
from webhooks.intake import alarms
from webhooks.intake.alarm_messages import Alarm
from webhooks.intake.delivery_lines import LONGEST_SLUG, tell_refused
from webhooks.intake.likely_genuine import may_be_genuine
from webhooks.intake.refusal_sampling import Sampler
from webhooks.models import AuditEntry, Refusal
from webhooks.models.audit import SYSTEM
from webhooks.monitoring import metrics

logger = logging.getLogger(__name__)

MOST_ROWS: Final = 10_000
TRIM_EVERY: Final = 100
KEPT_FOR: Final = timedelta(days=90)

BREAK_SECONDS: Final = 60.0
"""The time for which nothing is put on record after the database failed to take it."""

UNPROVEN: Final = (MissingSignature, MalformedSignature, InvalidSignature)
"""A stale signature is genuine: it is not among them."""

_sampler = Sampler()
_pending: deque[Refusal] = deque(maxlen=TRIM_EVERY)
_breaker = Breaker()
_writing = Lock()


@dataclass(frozen=True, slots=True)
class Refused:
    """The refusal that the sender is told, and the work that is left once it has been told."""

    answer: Rejected
    sample: Refusal | None
    alarms: Sequence[Alarm]
    now: datetime

    @property
    def is_remarkable(self) -> bool:
        """True when there is anything to put on record."""
        return bool(self.sample or self.alarms)

    def put_on_record(self) -> None:
        """Write the sample and raise the alarms, if the database will have it.

        To be called when the sender has its answer: it must not wait for a database that is slow
        to fail. One thread at a time may be kept waiting, so that others go on answering.
        """
        if self.sample:
            _pending.append(self.sample)
            _write_pending(self.now)
        for alarm in self.alarms:
            alarms.sound(alarm, now=self.now)


@dataclass(slots=True)
class Trimmed:
    """The number of rows that were dropped, and the keys of altered ones, which were kept."""

    rows: int = 0
    altered: set[int] = field(default_factory=set)


def refuse(refusal: Rejected, delivery: IncomingDelivery, slug: str, *, now: datetime) -> Refused:
    """Count a refusal, against its sender's budget too when it is the sender's doing."""
    # Strangers choose slugs, and each would be a new series of the metric.
    endpoint = slug if slug in conf.setting("WEBHOOK_ENDPOINTS") else ""
    is_ours = refusal.status_code >= 500
    answer = refusal if is_ours else _within_budget(refusal, delivery.client)
    metrics.REFUSALS.labels(endpoint, answer.code).inc()
    if isinstance(refusal, UNPROVEN):
        metrics.INVALID_SIGNATURES.inc()
    # It was proven before it could not be stored: no sign of a changed secret.
    if isinstance(refusal, StorageUnavailable):
        alarms.prove(endpoint, now=now)
        tell_refused(answer, delivery, slug, refusals=1)
        return Refused(answer, None, (), now)
    telling = refusal.code if may_be_genuine(refusal, delivery, endpoint) else ""
    due = () if is_ours else alarms.refuse(endpoint, telling=telling, now=now)
    weight = _sampler.weight(endpoint, answer.code, at=now.timestamp())
    if weight:
        tell_refused(answer, delivery, slug, refusals=weight)
    sample = _sample(answer, delivery, endpoint or slug, weight, now) if weight else None
    return Refused(answer, sample, due, now)


def trim(*, now: datetime, actor: str = SYSTEM) -> Trimmed:
    """Drop all but the latest rows, and those that are too old to keep an address for, on record.

    What does not fit its seal is kept, and put on record as altered.
    """
    # Counted, and not reckoned from the highest key: that may be anything, if SQL put it in.
    keys = Refusal.objects.order_by("-pk").values_list("pk", flat=True)
    too_many = Q(pk__lte=next(iter(keys[MOST_ROWS : MOST_ROWS + 1]), 0))
    due = Refusal.objects.filter(too_many | Q(recorded_at__lt=now - KEPT_FOR))
    done = Trimmed()
    for pks in keys_to_clear(due.order_by("pk"), TRIM_EVERY, kept=done.altered):
        _drop(due.filter(pk__in=pks), done, actor, now)
    return done


@transaction.atomic
def _drop(refusals: QuerySet[Refusal], done: Trimmed, actor: str, now: datetime) -> None:
    # Another process may be trimming the same rows.
    pks = lock_keys(refusals)
    held = audit.hold({Refusal: pks})
    intact = held.intact[Refusal]
    Refusal.objects.filter(pk__in=intact).delete()
    audit.remove(
        AuditEntry.Action.CLEANED_UP,
        {Refusal: intact},
        held=held,
        actor=actor,
        details={"refusals": len(intact)},
        now=now,
    )
    done.rows += len(intact)
    done.altered |= set(pks) - intact


def reset() -> None:
    """Begin as a process that has seen nothing."""
    _sampler.reset()
    _pending.clear()
    _breaker.reset()
    rate_limit.reset()
    alarms.reset()


def _write_pending(now: datetime) -> None:
    """Write what waits. A thread that comes while another writes leaves its sample to that one."""
    while _pending and not _breaker.is_open and _writing.acquire(blocking=False):
        try:
            rows = [_pending.popleft() for _ in range(len(_pending))]
            # Trimmed now and then by whoever is here: no schedule needs to run for it.
            # Strangers make these rows, and few of them: the sampler bounds what a minute records,
            # and with it how often the audit trail's head is locked here.
            if any(row.pk % TRIM_EVERY == 0 for row in Refusal.objects.bulk_create(rows)):
                trim(now=now)
        # Without AUDIT_KEY, or with a damaged trail, nothing that is dropped could go on record.
        except audit.NOT_RECORDABLE as error:
            # A database that refuses one sample would keep a thread waiting for each.
            _breaker.trip(BREAK_SECONDS)
            logger.warning("refusals are not put on record for %s s: %s", BREAK_SECONDS, error)
        finally:
            _writing.release()


def _within_budget(refusal: Rejected, client: str) -> Rejected:
    # 0 is no limit.
    if not (limit := conf.rate_limit()):
        return refusal
    wait = rate_limit.refusals.spend(client_address.household(client), limit, seconds=60)
    if wait is None:
        return refusal
    metrics.RATE_LIMITED.inc()
    return RateLimited(wait)


def _sample(
    answer: Rejected, delivery: IncomingDelivery, slug: str, weight: int, now: datetime
) -> Refusal:
    return Refusal(
        recorded_at=now,
        endpoint=printable(slug, LONGEST_SLUG),
        code=answer.code,
        client=delivery.client,
        user_agent=sender_of(delivery).user_agent,
        sha256="" if delivery.body is None else hashlib.sha256(delivery.body).hexdigest(),
        weight=weight,
    )
