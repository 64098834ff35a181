"""Finding and redacting what was received of one customer, however much that is.

Whoever erases somebody finds everything first, so that what is known of the person can be looked
for elsewhere, and redacts it then. The ids found are kept in `SuppressedId`, which also lists what
is still to do: both ends walk along it while it grows.
"""

import json
import re
from collections.abc import Iterable, Iterator
from datetime import datetime
from itertools import chain, islice
from typing import Final, TypeVar
from urllib.parse import quote, quote_plus

from django.db import transaction
from django.db.models import Model, Q

from webhooks import audit
from webhooks.database.paging import in_pages, keys_in_pages
from webhooks.models import (
    Attempt,
    AuditEntry,
    AuditReason,
    ErasureRequest,
    EventQuerySet,
    Replay,
    SuppressedId,
    WebhookEvent,
)
from webhooks.privacy.redaction import ERASED, owned, personal_values
from webhooks.privacy.suppression import (
    Redacted,
    ids_of,
    in_scope,
    parsed,
    redact_rows,
    remember,
    subject_of,
)

Value = TypeVar("Value")

IDS: Final = 200
"""How many ids are looked up at a time."""

ROWS: Final = 100
"""How many events are held in memory, and redacted in one transaction, at a time."""

WINDOW: Final = 10_000
"""How many keys of events are."""

_ID: Final = re.compile(rb"[A-Za-z]{2,16}_[A-Za-z0-9_]{1,240}")


def request_erasure(
    provider: str,
    account: str,
    livemode: bool,
    customer_id: str,
    *,
    actor: str,
    now: datetime,
    reason: str = "",
) -> tuple[ErasureRequest, bool]:
    """Put on record that a customer is to be erased, and whether that is new.

    Once this is committed, nothing that comes of the customer is stored as it is. Without an actor
    nothing goes on record, here and in `redact`: for what is going to be undone.
    """
    with transaction.atomic():
        erasure, is_new = ErasureRequest.objects.get_or_create(
            provider=provider,
            account=account,
            livemode=livemode,
            customer_id=customer_id,
            defaults={"actor": actor, "begun_at": now},
        )
        remember(erasure, [customer_id])
        if is_new and actor:
            audit.record(
                AuditEntry.Action.ERASED,
                actor=actor,
                subject=subject_of(erasure),
                details={"begun": True, "reason": audit.keyed_hash(reason)},
                now=now,
            )
    return erasure, is_new


def chunks(erasure: ErasureRequest, last: int = 0) -> Iterator[list[str]]:
    """The ids known of a person since the `last`, those included that become known on the way."""
    known = SuppressedId.objects.filter(erasure=erasure)
    for rows in in_pages(known, IDS, after=last):
        yield [row.object_id for row in rows]


def last_of(erasure: ErasureRequest) -> int:
    """The key of the latest of the ids known of a person."""
    return (
        SuppressedId.objects.filter(erasure=erasure).order_by("-pk").values_list("pk", flat=True)[0]
    )


def of_ids(erasure: ErasureRequest, ids: Iterable[str]) -> EventQuerySet:
    """The events that are the person's by one of these ids."""
    ids = list(ids)
    by_id = Q(object_id__in=ids) | Q(event_id__in=ids)
    return _in_scope_of(erasure).filter(
        Q(customer_id=erasure.customer_id, customer_id__in=ids)
        | (by_id & Q(customer_id__in=["", erasure.customer_id]))
    )


def pages(events: EventQuerySet) -> Iterator[EventQuerySet]:
    """Events by a few at a time, in the order of their keys."""
    # Many keys to a window: one query finds the person's events for a hundred pages of payloads.
    for keys in keys_in_pages(events, WINDOW):
        for some in batched(keys, ROWS):
            yield events.filter(pk__in=some).order_by("pk")


def find(erasure: ErasureRequest, ids: Iterable[str]) -> Iterator[tuple[set[str], set[str]]]:
    """What the events of these ids tell: further ids of the person's, and personal values."""
    for page in pages(of_ids(erasure, ids).filter(erased_at=None)):
        found: set[str] = set()
        values: set[str] = set()
        for row in page:
            found |= ids_of(row)
            values |= personal_values(parsed(row.body))
        yield found, values


def find_nameless(erasure: ErasureRequest, emails: Iterable[str]) -> Iterator[set[str]]:
    """Ids told by events that name no customer, and yet are the person's.

    Those that name something of the person's, and what a guest did with the same mail address.
    """
    nameless = _in_scope_of(erasure).filter(customer_id="", erased_at=None, body__isnull=False)
    addresses = {each.casefold() for each in emails}
    for page in pages(nameless):
        for row, told in _known_among(erasure, list(page), addresses):
            yield ids_of(row) | told


def _known_among(
    erasure: ErasureRequest, rows: list[WebhookEvent], addresses: set[str]
) -> Iterator[tuple[WebhookEvent, set[str]]]:
    told_of = {row.pk: mentioned(bytes(row.body or b"")) for row in rows}
    theirs = known(erasure, set().union(*told_of.values()))
    for row in rows:
        payload = parsed(row.body)
        told = owned(payload) | {row.object_id}
        # Looked for among the bytes first: few events hold any of them.
        is_theirs = bool(told_of[row.pk] & theirs) and bool(told & theirs)
        if not is_theirs and addresses:
            is_theirs = any(each.casefold() in addresses for each in personal_values(payload))
        if is_theirs:
            yield row, told - {""}


def known(erasure: ErasureRequest, ids: Iterable[str]) -> set[str]:
    """Those of some ids that are known to be the person's."""
    rows = in_scope(erasure.provider, erasure.account, erasure.livemode).filter(erasure=erasure)
    return {
        each
        for some in batched(ids, IDS)
        for each in rows.filter(object_id__in=some).values_list("object_id", flat=True)
    }


def redact(
    erasure: ErasureRequest, ids: Iterable[str], *, actor: str, now: datetime
) -> Iterator[Redacted]:
    """Redact the events of these ids, each few of them in a transaction of their own.

    An event that is being processed is waited for. What the events tell of is remembered.
    """
    for page in pages(of_ids(erasure, ids).filter(erased_at=None)):
        with transaction.atomic():
            done = redact_rows(list(page.select_for_update()), now=now)
            remember(erasure, done.told)
            if done.events and actor:
                audit.amend(
                    AuditEntry.Action.ERASED,
                    {WebhookEvent: done.events, Attempt: done.attempts},
                    actor=actor,
                    subject=subject_of(erasure),
                    details={"events": len(done.events), "attempts": len(done.attempts)},
                    now=now,
                )
        yield done


def redact_reasons(anyone: re.Pattern[str] | None) -> int:
    """Take these texts out of the reasons that people gave for what they did; how many had any."""
    if anyone is None:
        return 0
    given: list[tuple[type[Model], str]] = [(Replay, "reason"), (AuditReason, "text")]
    return sum(_redact_texts(anyone, model, column) for model, column in given)


def _redact_texts(anyone: re.Pattern[str], model: type[Model], column: str) -> int:
    rows = model._default_manager.exclude(**{column: ""})
    done = 0
    for row in chain.from_iterable(in_pages(rows.only(column), IDS)):
        text = getattr(row, column)
        left = anyone.sub(ERASED, text)
        if left != text:
            done += rows.filter(pk=row.pk).update(**{column: left})
    return done


def any_of(values: Iterable[str]) -> re.Pattern[str] | None:
    """What finds any of these texts, however they are escaped; None where there are none."""
    written = {
        each
        for value in values
        for each in (value, quote(value), quote_plus(value), json.dumps(value)[1:-1])
    }
    longest_first = sorted(written, key=len, reverse=True)
    return re.compile("|".join(map(re.escape, longest_first)), re.IGNORECASE) if written else None


def mentioned(text: bytes) -> set[str]:
    """Whatever has the form of a provider's id."""
    return {each.decode() for each in _ID.findall(text)}


def batched(values: Iterable[Value], size: int) -> Iterator[list[Value]]:
    """Values by so many at a time."""
    left = iter(values)
    while some := list(islice(left, size)):
        yield some


def _in_scope_of(erasure: ErasureRequest) -> EventQuerySet:
    return WebhookEvent.objects.filter(
        provider=erasure.provider, account=erasure.account, livemode=erasure.livemode
    )
