"""Finding what was received of one customer, however much that is.

The ids found are kept in `SuppressedId`, which also lists what is still to do: both ends walk along
it while it grows.
"""

import re
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Final, TypeVar

from django.db.models import Q

from webhooks import audit
from webhooks.database.paging import in_pages, keys_in_pages
from webhooks.models import ErasureRequest, EventQuerySet, SuppressedId, WebhookEvent
from webhooks.privacy.event_redaction import ids_of, is_redacted, parse
from webhooks.privacy.identities import customers_named, owned, personal_values
from webhooks.privacy.suppression import in_scope
from webhooks.privacy.vocabularies import vocabulary_of

Value = TypeVar("Value")

IDS: Final = 200
"""The most ids looked up at a time."""

ROWS: Final = 100
"""The most events held in memory, and redacted in one transaction, at a time."""

WINDOW: Final = 10_000
"""The most keys of events held in memory at a time."""

ID_FORM: Final = r"[A-Za-z]{2,16}_[A-Za-z0-9_]{1,240}"
"""The form of ids in any text: a short kind, an underscore, a code, as providers form theirs."""

_ID: Final = re.compile(ID_FORM.encode())


def chunks(erasure: ErasureRequest, last: int = 0) -> Iterator[list[str]]:
    """Yield the ids known of a person since the `last`, those that become known on the way too."""
    known = SuppressedId.objects.filter(erasure=erasure)
    for rows in in_pages(known.select_related("erasure"), IDS, after=last):
        # An id that somebody wrote into the table would have a stranger's data erased.
        if ids := [row.object_id for row in rows if audit.is_signed(row)]:
            yield ids


def count_known(erasure: ErasureRequest) -> int:
    """Return how many ids are known of a person, and provably are."""
    return sum(map(len, chunks(erasure)))


def last_of(erasure: ErasureRequest) -> int:
    """Return the key of the latest of the ids known of a person."""
    return (
        SuppressedId.objects.filter(erasure=erasure).order_by("-pk").values_list("pk", flat=True)[0]
    )


def of_ids(erasure: ErasureRequest, ids: Iterable[str]) -> EventQuerySet:
    """Return the events that are the person's by one of these ids."""
    ids = list(ids)
    # An event that names another customer is that one's, whatever object it is about.
    by_id = Q(object_id__in=ids) | Q(event_id__in=ids)
    return _in_scope_of(erasure).filter(
        Q(customer_id=erasure.customer_id, customer_id__in=ids)
        | (by_id & Q(customer_id__in=["", erasure.customer_id]))
    )


def pages(events: EventQuerySet) -> Iterator[EventQuerySet]:
    """Yield events by a few at a time, in the order of their keys."""
    # Many keys to a window: one query finds the person's events for a hundred pages of payloads.
    for keys in keys_in_pages(events, WINDOW):
        for some in batched(keys, ROWS):
            yield events.filter(pk__in=some).order_by("pk")


def find(erasure: ErasureRequest, ids: Iterable[str]) -> Iterator[tuple[set[str], set[str]]]:
    """Yield what the events of these ids hold: further ids of the person's, and personal values."""
    for page in pages(of_ids(erasure, ids)):
        found: set[str] = set()
        values: set[str] = set()
        for row in _intact(_unredacted(page)):
            found |= ids_of(row)
            values |= personal_values(parse(row.body), vocabulary_of(row.provider))
        yield found, values


def find_nameless(
    erasure: ErasureRequest, emails: Iterable[str]
) -> Iterator[tuple[set[str], list[audit.Finding]]]:
    """Yield the ids in events that name no customer, and yet are the person's; and the altered.

    Those that name something of the person's, and what a guest did with the same mail address. One
    that was altered in the database names nothing that counts, and may be the person's.
    """
    nameless = _in_scope_of(erasure).filter(customer_id="", body__isnull=False)
    addresses = {each.casefold() for each in emails}
    for page in pages(nameless):
        theirs = dict(_known_among(erasure, list(page), addresses))
        held = _held(theirs)
        found = [row for row in _unredacted(theirs) if held.fits(WebhookEvent, row.pk)]
        yield set().union(*(ids_of(row) | theirs[row] for row in found)), held.altered


def _known_among(
    erasure: ErasureRequest, rows: list[WebhookEvent], addresses: set[str]
) -> Iterator[tuple[WebhookEvent, set[str]]]:
    vocabulary = vocabulary_of(erasure.provider)
    payloads = {row.pk: parse(row.body) for row in rows}
    named = {row.pk: owned(payloads[row.pk], vocabulary) | {row.object_id} - {""} for row in rows}
    customers = {pk: customers_named(payload, vocabulary) for pk, payload in payloads.items()}
    theirs = known(erasure, set().union(*named.values(), *customers.values()))
    for row in rows:
        is_theirs = not theirs.isdisjoint(named[row.pk] | customers[row.pk])
        if not is_theirs and addresses:
            values = personal_values(payloads[row.pk], vocabulary)
            is_theirs = any(each.casefold() in addresses for each in values)
        if is_theirs:
            yield row, named[row.pk]


def _unredacted(rows: Iterable[WebhookEvent]) -> list[WebhookEvent]:
    return [row for row in rows if not is_redacted(row)]


def _intact(rows: list[WebhookEvent]) -> list[WebhookEvent]:
    held = _held(rows)
    return [row for row in rows if held.fits(WebhookEvent, row.pk)]


def _held(rows: Iterable[WebhookEvent]) -> audit.Held:
    # An id that somebody wrote into a payload would have another person's data erased.
    return audit.hold({WebhookEvent: [row.pk for row in rows]})


def known(erasure: ErasureRequest, ids: Iterable[str]) -> set[str]:
    """Return those of some ids that are known to be the person's."""
    rows = in_scope(**erasure.scope).filter(erasure=erasure)
    return {
        row.object_id
        for some in batched(ids, IDS)
        for row in rows.filter(object_id__in=some).select_related("erasure")
        if audit.is_signed(row)
    }


def mentioned(text: bytes) -> set[str]:
    """Return whatever in a text has the form of a provider's id."""
    return {each.decode() for each in _ID.findall(text)}


def batched(values: Iterable[Value], size: int) -> Iterator[list[Value]]:
    """Yield values by so many at a time."""
    left = iter(values)
    while some := list(islice(left, size)):
        yield some


def _in_scope_of(erasure: ErasureRequest) -> EventQuerySet:
    return WebhookEvent.objects.filter(**erasure.scope)
