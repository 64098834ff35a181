"""Keeping erased what was erased: events of somebody whose data is gone are stored redacted."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from typing import Any

from django.db import connection, transaction
from django.db.models import Exists, OuterRef, Q, QuerySet

from webhooks import audit, strict_json
from webhooks.events import Event
from webhooks.models import (
    Attempt,
    AuditEntry,
    AuditReason,
    ErasureRequest,
    Replay,
    SuppressedId,
    WebhookEvent,
)
from webhooks.models.audit import SYSTEM
from webhooks.privacy.redaction import ERASED, named, named_by, owned, redact
from webhooks.signals import ids_erased


@dataclass(slots=True)
class Redacted:
    """How many rows were rewritten, by table, and the ids that the events among them told of."""

    events: list[int] = field(default_factory=list)
    attempts: list[int] = field(default_factory=list)
    replays: int = 0
    told: set[str] = field(default_factory=set)


def in_scope(provider: str, account: str, livemode: bool) -> QuerySet[SuppressedId]:
    """What was erased there."""
    return SuppressedId.objects.filter(provider=provider, account=account, livemode=livemode)


def ids_to_know_by(payload: Mapping[str, Any], customer_id: str) -> list[str]:
    """The ids that tell whether an event is of somebody erased.

    Where it names a customer that one alone decides: another's objects are nobody else's.
    """
    return [customer_id] if customer_id else named(payload)


def erasure_of(row: WebhookEvent, payload: Mapping[str, Any]) -> ErasureRequest | None:
    """The erasure that an event falls under; its own id tells where its payload is gone."""
    ids = ids_to_know_by(payload, row.customer_id) or [row.object_id or row.event_id]
    return erasure_of_ids(ids, row.provider, row.account, row.livemode)


def erasure_of_object(
    subject: Mapping[str, Any], provider: str, account: str, livemode: bool
) -> ErasureRequest | None:
    """The erasure that an object of a provider's falls under, by its JSON."""
    customer = subject.get("id" if subject.get("object") == "customer" else "customer")
    customer = customer.get("id") if isinstance(customer, Mapping) else customer
    ids = [customer] if isinstance(customer, str) and customer else named_by(subject)
    return erasure_of_ids(ids, provider, account, livemode)


def erasure_of_ids(
    ids: Iterable[str], provider: str, account: str, livemode: bool
) -> ErasureRequest | None:
    """The erasure that one of these ids falls under."""
    known = in_scope(provider, account, livemode).filter(object_id__in=list(ids))
    return ErasureRequest.objects.filter(objects_erased__in=known).first()


def suppress(pk: int, event: Event | None, *, now: datetime) -> bool:
    """Redact a recorded event that is an erased person's; True when that has changed its row.

    The one step between recording and handling: no handler may see the event before it. The row
    must be committed, so that an erasure which begins later finds it by its own search. Not in a
    transaction. Without `event`, the row tells whose it is.
    """
    # Asked again though recording has asked: the ids of an erasure that was committed while the
    # statement that recorded ran were invisible to it, as the row was to the erasure's search.
    if event is not None and not falls_under_erasure(event):
        return False
    return redact_late(pk, now=now)


def falls_under_erasure(event: Event) -> bool:
    """True when an event names somebody erased, or what is known to be theirs."""
    condition, values = erasure_condition(event)
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {condition}", values)
        [answer] = cursor.fetchone()
    return bool(answer)


def erasure_condition(event: Event) -> tuple[str, Sequence[Any]]:
    """Return the SQL condition that an event falls under an erasure, and its values.

    Raw, as it is also a part of the statement that records an event, which is.
    """
    ids = ids_to_know_by(event.payload, event.customer_id) or [event.object_id or event.id]
    return _any_suppressed(len(ids)), [*ids, event.provider, event.account, event.livemode]


@cache
def _any_suppressed(ids: int) -> str:
    places = ", ".join(["%s"] * ids)
    return f"""EXISTS (
        SELECT 1 FROM webhooks_erased
        WHERE object_id IN ({places}) AND provider = %s AND account = %s AND livemode = %s
    )"""  # noqa: S608


def redact_late(pk: int, *, now: datetime) -> bool:
    """Redact an event that came, or was taken up, after the erasure it falls under; True if so.

    Not in a transaction: whoever keeps anything of what it tells of redacts that next.
    """
    with transaction.atomic():
        row = WebhookEvent.objects.select_for_update().filter(pk=pk, erased_at=None).first()
        if row is None or not (erasure := erasure_of(row, parsed(row.body) or {})):
            return False
        done = redact_rows([row], now=now)
        new = remember(erasure, done.told)
        if new:
            # What came before it may have named these: that takes a search.
            ErasureRequest.objects.filter(pk=erasure.pk).update(finished_at=None)
        audit.amend(
            AuditEntry.Action.ERASED,
            {WebhookEvent: done.events, Attempt: done.attempts},
            actor=SYSTEM,
            subject=subject_of(erasure),
            details={"late": True, "event": row.event_id},
            now=now,
        )
    if new:
        ids_erased.send(sender=ErasureRequest, erasure=erasure, ids=new)
    return True


def redact_rows(rows: Sequence[WebhookEvent], *, now: datetime) -> Redacted:
    """Take what identifies somebody out of events, locked by the caller, and of their attempts."""
    done = Redacted(events=[row.pk for row in rows])
    for row in rows:
        done.told |= ids_of(row)
        payload = parsed(row.body)
        row.body = None if payload is None else as_body(redact(payload))
        row.last_error, row.erased_at = without_text(row.last_error), now
    WebhookEvent.objects.bulk_update(rows, ["body", "last_error", "erased_at"])
    done.attempts = _redact_attempts(done.events)
    done.replays = _redact_replays(done.events)
    _redact_reasons(rows)
    return done


def ids_of(row: WebhookEvent) -> set[str]:
    """The ids of what an event is about and tells of, as far as it is one customer's alone."""
    told = owned(parsed(row.body))
    # An event that names nothing is known by itself.
    return told | {row.object_id or row.event_id} - {row.customer_id}


def remember(erasure: ErasureRequest, ids: Iterable[str]) -> list[str]:
    """Have what is told of these ids redacted from now on; those that are new."""
    wanted = set(ids)
    known = in_scope(erasure.provider, erasure.account, erasure.livemode)
    new = sorted(
        wanted.difference(known.filter(object_id__in=wanted).values_list("object_id", flat=True))
    )
    if new:
        SuppressedId.objects.bulk_create(
            [
                SuppressedId(
                    erasure=erasure,
                    provider=erasure.provider,
                    account=erasure.account,
                    livemode=erasure.livemode,
                    object_id=each,
                )
                for each in new
            ],
            ignore_conflicts=True,
        )
    return new


def subject_of(erasure: ErasureRequest) -> str:
    """The person, as the audit trail has it."""
    return f"billing.customer:{erasure.customer_id}"[:255]


def parsed(body: Any) -> dict[str, Any] | None:
    """The payload in a body; None where there is none."""
    try:
        found = strict_json.read(bytes(body or b""))
    except strict_json.NotJson:
        return None
    return found if isinstance(found, dict) else None


def as_body(payload: Any) -> bytes:
    """A payload as it is stored when it isn't the signed bytes."""
    return json.dumps(payload, separators=(",", ":")).encode()


def without_text(error: str) -> str:
    """An error in one line, less what it says: of which kind it was."""
    kind = error.partition(":")[0]
    return f"{kind}: {ERASED}" if kind.isidentifier() else ERASED if error else ""


def _redact_attempts(events: list[int]) -> list[int]:
    attempts = [
        attempt
        for attempt in Attempt.objects.filter(event__in=events).order_by("pk")
        if attempt.error or any(handler.get("error") for handler in attempt.handlers)
    ]
    for attempt in attempts:
        attempt.error = ERASED if attempt.error else ""
        for handler in attempt.handlers:
            handler["error"] = without_text(handler.get("error", ""))
    Attempt.objects.bulk_update(attempts, ["error", "handlers"])
    return [attempt.pk for attempt in attempts]


def _redact_replays(events: list[int]) -> int:
    """The reasons of re-runs that were of the person's events alone: they speak of the person."""
    of_these = Attempt.objects.filter(event__in=events).values("replay")
    waiting = WebhookEvent.objects.filter(pk__in=events).values("replay")
    of_others = Attempt.objects.filter(replay=OuterRef("pk"), event__erased_at=None)
    asked = Replay.objects.exclude(reason__in=["", ERASED]).exclude(Exists(of_others))
    return asked.filter(Q(pk__in=of_these) | Q(pk__in=waiting)).update(reason=ERASED)


def _redact_reasons(rows: Sequence[WebhookEvent]) -> None:
    """Why staff looked at these events, or had them ignored."""
    subjects = [audit.subject_of(row) for row in rows]
    AuditReason.objects.filter(entry__subject__in=subjects).update(text=ERASED)
