"""Keeping erased what was erased: events of somebody whose data is gone are stored redacted."""

import logging
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
from webhooks.privacy.identities import customers_named, named, named_by, owned
from webhooks.privacy.redaction import redact
from webhooks.privacy.vocabularies import Vocabulary, vocabulary_of
from webhooks.signals import ids_erased

logger = logging.getLogger(__name__)


class UnprovenErasure(PermanentFailure):
    """An id says that data was erased, and nothing proves that this project put the id there.

    Neither is right then: to redact what may be a stranger's, or to handle what may be erased.
    """

    def __init__(self) -> None:
        super().__init__(
            "It falls under an erasure that nothing proves, so it is neither redacted nor handled. "
            "See `manage.py audit verify`, and run it again once that is mended."
        )


def suppress(pk: int, event: Event | None, *, now: datetime) -> bool:
    """Redact a recorded event that is an erased person's; True when that has changed its row.

    The one step between recording and handling: no handler may see the event before it. The row
    must be committed, so that an erasure which begins later finds it by its own search. Not in a
    transaction. Without `event`, the row tells whose it is.

    Raises `PermanentFailure` for one that was altered in the database: to redact it would hide
    that, and to handle it would bring back what was erased. Raises `UnprovenErasure` for one that
    falls only under what somebody wrote into the tables.
    """
    # Asked after the commit, whatever recording's statement has told: the ids of an erasure that
    # was committed while it ran were invisible to it, as the row was to the erasure's search.
    if event is not None and not falls_under_erasure(event):
        return False
    done = _redact_late(pk, now)
    if done and not done.held.fits(WebhookEvent, pk):
        raise PermanentFailure(
            "It is of an erased customer, and was altered in the database since it was recorded. "
            "It is kept as it is: see `manage.py audit verify`."
        )
    return bool(done and done.events)


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
    ids = identifying_ids(event, event.id, event.payload)
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
    try:
        done = _redact_late(pk, now)
    except UnprovenErasure:
        # Processing comes to the same, and is where an event can fail.
        logger.exception("event row %s falls under no proven erasure: not redacted", pk)
        return False
    return bool(done and done.events)


def _redact_late(pk: int, now: datetime) -> Redacted | None:
    with transaction.atomic():
        # The payload is read under the lock: the erasure's own search may be rewriting it.
        row = WebhookEvent.objects.select_for_update().filter(pk=pk).first()
        if row is None or not (erasure := erasure_of(row, parse(row.body) or {})):
            return None
        done = redact_rows([row], now=now)
        new = learn(erasure, done.ids)
        audit.amend(
            AuditEntry.Action.ERASED,
            {WebhookEvent: done.events, Attempt: done.attempts},
            held=done.held,
            actor=SYSTEM,
            subject=erasure.subject,
            details={"late": True, "event": row.event_id},
            now=now,
        )
    if new:
        ids_erased.send(sender=ErasureRequest, erasure=erasure, ids=new)
    return done


def learn(erasure: ErasureRequest, ids: Iterable[str]) -> list[str]:
    """Remember ids that come to be known late, and have the erasure gone on with for new ones."""
    new = remember(erasure, ids)
    if new:
        # What came before may have named these: that takes a search.
        ErasureRequest.objects.filter(pk=erasure.pk).update(finished_at=None)
    return new


def remember(erasure: ErasureRequest, ids: Iterable[str]) -> list[str]:
    """Have whatever names these ids redacted from now on; return those that were not yet known.

    Of an id that was there unproven this is the proof, and nothing was searched for by it before.
    """
    wanted = set(ids)
    known = in_scope(**erasure.scope)
    there = {
        row.object_id: row for row in known.filter(object_id__in=wanted).select_related("erasure")
    }
    # Found to be the person's by ourselves, which outweighs a row that nobody of ours signed: SQL
    # could put it under another erasure, to keep the id out of this one. 0.1.0 signed none either.
    proven = [row for row in there.values() if not audit.is_signed(row)]
    new = sorted(wanted.difference(there))
    made = [SuppressedId(**erasure.scope, object_id=each) for each in new]
    for row in (*made, *proven):
        row.erasure = erasure
        audit.sign(row)
    # Two deliveries may name the same object at once; either row says the same.
    SuppressedId.objects.bulk_create(made, ignore_conflicts=True)
    SuppressedId.objects.bulk_update(proven, ["erasure", "mac"])
    return [*new, *(row.object_id for row in proven)]


def in_scope(provider: str, account: str, livemode: bool) -> QuerySet[SuppressedId]:
    """Return the ids of what was erased in an account and mode."""
    return SuppressedId.objects.filter(provider=provider, account=account, livemode=livemode)


def identifying_ids(
    event: Event | WebhookEvent, event_id: str, payload: Mapping[str, Any]
) -> list[str]:
    """Return the ids by which an event can be known as somebody's: its own tells at last."""
    # Where it names a customer that one alone decides: another's objects are nobody else's.
    if event.customer_id:
        return [event.customer_id]
    vocabulary = vocabulary_of(event.provider)
    ids = named(payload, vocabulary)
    if event.object_id and not vocabulary.strict:
        ids = sorted({*ids, event.object_id})
    return ids or [event.object_id or event_id]


def erasure_of(row: WebhookEvent, payload: Mapping[str, Any]) -> ErasureRequest | None:
    """Return the erasure that an event falls under; its own id tells once its payload is gone."""
    ids = identifying_ids(row, row.event_id, payload)
    return erasure_of_ids(ids, row.provider, row.account, row.livemode)


def without_erased(
    subject: Mapping[str, Any], object_id: str, provider: str, account: str, livemode: bool
) -> Any:
    """Return a provider's object without the person, if it falls under an erasure, proven or not.

    For what the provider can be asked for again: it may have what was erased here.
    """
    vocabulary = vocabulary_of(provider)
    customers = customers_named(subject, vocabulary)
    ids = customers or _ids_of(subject, object_id, vocabulary)
    if not in_scope(provider, account, livemode).filter(object_id__in=list(ids)).exists():
        return subject
    return redact(subject, known={object_id, *customers}, vocabulary=vocabulary)


def _ids_of(subject: Mapping[str, Any], object_id: str, vocabulary: Vocabulary) -> Iterable[str]:
    if not vocabulary.strict:
        return {*owned(subject, vocabulary), object_id}
    customer = subject.get("id" if subject.get("object") == "customer" else "customer")
    customer = customer.get("id") if isinstance(customer, Mapping) else customer
    return [customer] if isinstance(customer, str) and customer else named_by(subject)


def erasure_of_ids(
    ids: Iterable[str], provider: str, account: str, livemode: bool
) -> ErasureRequest | None:
    """Return the erasure that one of these ids falls under, and provably does.

    Raises `UnprovenErasure` where none of ours signed any of the suppressed ids among them.
    """
    known = in_scope(provider, account, livemode).filter(object_id__in=list(ids))
    rows = list(known.select_related("erasure").order_by("pk"))
    for row in rows:
        if audit.is_signed(row):
            return row.erasure
    if rows:
        raise UnprovenErasure
    return None
