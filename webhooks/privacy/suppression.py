"""Keeping erased what was erased: events of somebody whose data is gone are stored redacted."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from functools import cache
from typing import Any

from django.db import connection, transaction
from django.db.models import QuerySet

from webhooks import audit
from webhooks.events import Event
from webhooks.exceptions import PermanentFailure
from webhooks.models import Attempt, AuditEntry, ErasureRequest, SuppressedId, WebhookEvent
from webhooks.models.audit import SYSTEM
from webhooks.privacy.event_redaction import Redacted, parse, redact_rows
from webhooks.privacy.redaction import named, named_by
from webhooks.signals import ids_erased


def suppress(pk: int, event: Event | None, *, now: datetime) -> bool:
    """Redact a recorded event that is an erased person's; True when that has changed its row.

    The one step between recording and handling: no handler may see the event before it. The row
    must be committed, so that an erasure which begins later finds it by its own search. Not in a
    transaction. Without `event`, the row tells whose it is.

    Raises `PermanentFailure` for one that was altered in the database: to redact it would hide
    that, and to handle it would bring back what was erased.
    """
    # Asked after the commit, whatever recording's statement has told: the ids of an erasure that
    # was committed while it ran were invisible to it, as the row was to the erasure's search.
    if event is not None and not falls_under_erasure(event):
        return False
    done = _redact_late(pk, now)
    if done and not done.events:
        raise PermanentFailure(
            "It is of an erased customer, and was altered in the database since it was recorded. "
            "It is kept as it is: see `manage.py audit verify`."
        )
    return done is not None


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
    ids = identifying_ids(event.payload, event.customer_id) or [event.object_id or event.id]
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

    Not in a transaction: whoever keeps anything that its ids name redacts that next. One that was
    altered in the database is kept, and put on record.
    """
    done = _redact_late(pk, now)
    return bool(done and done.events)


def _redact_late(pk: int, now: datetime) -> Redacted | None:
    with transaction.atomic():
        # The payload is read under the lock: the erasure's own search may be rewriting it.
        row = WebhookEvent.objects.select_for_update().filter(pk=pk, erased_at=None).first()
        if row is None or not (erasure := erasure_of(row, parse(row.body) or {})):
            return None
        done = redact_rows([row], now=now)
        new = remember(erasure, done.ids)
        if new:
            # What came before it may have named these: that takes a search.
            ErasureRequest.objects.filter(pk=erasure.pk).update(finished_at=None)
        audit.amend(
            AuditEntry.Action.ERASED,
            {WebhookEvent: done.events, Attempt: done.attempts},
            held=done.held,
            actor=SYSTEM,
            subject=subject_of(erasure),
            details={"late": True, "event": row.event_id},
            now=now,
        )
    if new:
        ids_erased.send(sender=ErasureRequest, erasure=erasure, ids=new)
    return done


def remember(erasure: ErasureRequest, ids: Iterable[str]) -> list[str]:
    """Have whatever names these ids redacted from now on; return those that are new."""
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
            # Two deliveries may name the same object at once; either row says the same.
            ignore_conflicts=True,
        )
    return new


def in_scope(provider: str, account: str, livemode: bool) -> QuerySet[SuppressedId]:
    """Return the ids of what was erased in an account and mode."""
    return SuppressedId.objects.filter(provider=provider, account=account, livemode=livemode)


def identifying_ids(payload: Mapping[str, Any], customer_id: str) -> list[str]:
    """Return the ids by which an event can be known as somebody's; none where it names nothing."""
    # Where it names a customer that one alone decides: another's objects are nobody else's.
    return [customer_id] if customer_id else named(payload)


def erasure_of(row: WebhookEvent, payload: Mapping[str, Any]) -> ErasureRequest | None:
    """Return the erasure that an event falls under; its own id tells once its payload is gone."""
    ids = identifying_ids(payload, row.customer_id) or [row.object_id or row.event_id]
    return erasure_of_ids(ids, row.provider, row.account, row.livemode)


def erasure_of_object(
    subject: Mapping[str, Any], provider: str, account: str, livemode: bool
) -> ErasureRequest | None:
    """Return the erasure that a provider's object falls under, by its JSON."""
    customer = subject.get("id" if subject.get("object") == "customer" else "customer")
    customer = customer.get("id") if isinstance(customer, Mapping) else customer
    ids = [customer] if isinstance(customer, str) and customer else named_by(subject)
    return erasure_of_ids(ids, provider, account, livemode)


def erasure_of_ids(
    ids: Iterable[str], provider: str, account: str, livemode: bool
) -> ErasureRequest | None:
    """Return the erasure that one of these ids falls under."""
    known = in_scope(provider, account, livemode).filter(object_id__in=list(ids))
    return ErasureRequest.objects.filter(objects_erased__in=known).first()


def subject_of(erasure: ErasureRequest) -> str:
    """Return the person as the audit trail names it: by the provider's id alone."""
    return f"billing.customer:{erasure.customer_id}"[:255]
