"""Drift: objects that are not stored as the provider has them."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import chain
from typing import Any

from django.db.models import QuerySet
from django.utils import timezone

from billing.fetching.doubts import postpone
from billing.fetching.fetch import Subject, fetch, refresh
from billing.history import Cause, Differences
from billing.models import BillingChange, ProviderObject
from webhooks.database.paging import in_pages
from webhooks.events import Clock, ObjectScope
from webhooks.exceptions import ProviderApiRefused, ProviderApiUnavailable

BATCH = 200

MENDED_BY = "reconcile_billing"
"""The name in the history, in place of an event's id."""


@dataclass(frozen=True, slots=True)
class Compared:
    """An object as it was found.

    `differences` are from what is stored to what the provider has, by field. An object that is
    `gone` is not at the provider; one that is `out_of_reach` can't be fetched: its provider has
    no such ability, or the key is one of the other mode. `failure` says why there was no answer.
    """

    subject: Subject
    differences: Differences = field(default_factory=dict)
    was_in_doubt: bool = False
    gone: bool = False
    out_of_reach: bool = False
    failure: str = ""
    mended: bool = False

    @property
    def is_well(self) -> bool:
        """True when what is stored is what the provider has, by now."""
        has_drifted = bool(self.differences) or self.was_in_doubt
        return self.mended or not (has_drifted or self.gone or self.out_of_reach or self.failure)


def compare_all(
    rows: Iterable[QuerySet[Any]], *, repair: bool, clock: Clock = timezone.now
) -> Iterator[Compared]:
    """Compare each of the stored objects with the provider's; with `repair`, mend what differs.

    One call per object, and another for each that is mended. One that fails doesn't end the rest.
    Memory stays the same however many objects there are. Must not run in a transaction.
    """
    for queryset in rows:
        for row in chain.from_iterable(in_pages(queryset, BATCH)):
            yield _compare_safely(row, repair=repair, clock=clock)


def _compare_safely(row: ProviderObject, *, repair: bool, clock: Clock) -> Compared:
    subject = Subject(row.scope, row.object_type, row.provider_id)
    if not subject.can_be_fetched:
        return Compared(subject, out_of_reach=True)
    try:
        return _compare(row, subject, repair=repair, clock=clock)
    except (ProviderApiUnavailable, ProviderApiRefused) as error:
        # An account that is connected no more may never be so again.
        if row.account and isinstance(error, ProviderApiRefused):
            postpone(row, now=clock())
        return Compared(subject, failure=str(error))


def _compare(row: ProviderObject, subject: Subject, *, repair: bool, clock: Clock) -> Compared:
    found = fetch(subject, clock=clock)
    if found is None:
        postpone(row, now=clock())
        return Compared(subject, gone=not row.deleted)
    _, answer = found[0]
    stored = row.facts()
    differences = {
        name: [stored.get(name), value]
        for name, value in answer.facts.items()
        if stored.get(name) != value
    }
    if not (repair and (differences or row.in_doubt)):
        return Compared(subject, differences, was_in_doubt=row.in_doubt)
    # Fetched anew and not stored as compared: under the object's lock, with events since.
    made = refresh(subject, _mend(row.scope), clock=clock)
    mended = made is not None and made.verdict != BillingChange.Verdict.UNDECIDABLE
    return Compared(subject, differences, was_in_doubt=row.in_doubt, mended=mended)


def _mend(scope: ObjectScope) -> Cause:
    return Cause(scope, BillingChange.Source.REPAIR, event_type=MENDED_BY)
