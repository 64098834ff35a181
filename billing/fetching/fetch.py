"""Fetches objects from the provider, for what events alone can't tell.

Outside any transaction, by one worker at a time for each object. Those who waited for another's
answer make use of it.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Final

from django.db import IntegrityError, transaction
from django.utils import timezone

from billing import conf
from billing.changes import Change, RefundChange
from billing.conf import Fetching
from billing.fetching import rate_limit
from billing.fetching.doubts import is_postponed, postpone
from billing.fetching.lock import held
from billing.history import Cause, caused_by
from billing.idempotency.keys import refuse_in_transaction
from billing.models import MODELS, BillingChange, ProviderObject, Refund
from billing.operations import apply_answer, sum_refunds
from billing.ordering import OrderingReason, Snapshot
from billing.privacy.redaction import keep_erased
from billing.translators import TRANSLATORS
from webhooks.events import Clock, Event, ObjectScope
from webhooks.exceptions import ProviderApiUnavailable, Unprepared
from webhooks.privacy.suppression import without_erased
from webhooks.providers import PROVIDERS

Verdict = BillingChange.Verdict

MAX_ROUNDS: Final = 3
"""The most fetches of one object in a row, when events keep coming in meanwhile."""


@dataclass(frozen=True, slots=True)
class Subject:
    """An object to fetch."""

    scope: ObjectScope
    object_type: str
    provider_id: str

    @property
    def can_be_fetched(self) -> bool:
        """True when its provider can be asked for it, with the key that we have."""
        name = self.scope["provider"]
        provider, translator = PROVIDERS.get(name), TRANSLATORS.get(name)
        if provider is None or translator is None or translator.translate_object is None:
            return False
        return provider.can_fetch(self.object_type, livemode=self.scope["livemode"])

    def row(self) -> ProviderObject | None:
        """Return what is stored of it."""
        rows = MODELS[self.object_type]._default_manager
        return rows.filter(provider_id=self.provider_id, **self.scope).first()


def request_first_fetch(event: Event, scope: ObjectScope, changes: Iterable[Change]) -> None:
    """Request that an event's objects are fetched before it is applied, if they always should be.

    Raises `Unprepared`, which is the request: the event's processing ends its transaction, fetches
    them, and begins anew.
    """
    # Once per attempt, or the request would be made again each time the event begins anew.
    if conf.fetching() is not Fetching.ALWAYS or event.preparations:
        return
    subjects = [
        Subject(scope, change.object_type, change.provider_id)
        for change in changes
        if not change.deleted
    ]
    request(event, [one for one in subjects if not _was_fetched_since(one, event.received_at)])


def request_fetch_of_undecided(
    event: Event, scope: ObjectScope, made: Iterable[BillingChange]
) -> None:
    """Request that the objects which an event left in doubt are fetched. Raises `Unprepared`."""
    if conf.fetching() is Fetching.NEVER or event.preparations >= MAX_ROUNDS:
        return
    in_doubt = [change for change in made if change.verdict == Verdict.UNDECIDABLE]
    # What this event had asked for has been answered. Only events that came meanwhile are reason
    # to ask again: what is still unknown or incomplete then would be so once more.
    if event.preparations:
        in_doubt = [one for one in in_doubt if one.reason == OrderingReason.UNDECIDED]
    subjects = [Subject(scope, one.object_type, one.provider_id) for one in in_doubt]
    if event.preparations:
        now = timezone.now()
        subjects = [one for one in subjects if not is_postponed(one.row(), now=now)]
    request(event, subjects)


def request(event: Event, subjects: Sequence[Subject]) -> None:
    """Request that those of the objects that can be fetched are. Raises `Unprepared`."""
    wanted = [subject for subject in subjects if subject.can_be_fetched]
    if wanted:
        raise Unprepared(partial(_refresh_all, wanted, event))


def _refresh_all(subjects: Iterable[Subject], event: Event) -> None:
    cause = caused_by(event, BillingChange.Source.FETCH)
    for subject in subjects:
        refresh(subject, cause, since=event.received_at)


def refresh(
    subject: Subject, cause: Cause, *, since: datetime | None = None, clock: Clock = timezone.now
) -> BillingChange | None:
    """Fetch an object and store what the provider answers.

    None when the provider has no such object, or when another worker has fetched it after `since`.
    Raises `ProviderApiUnavailable`, `ProviderApiRefused`, or `InTransaction`.
    """
    with held(subject.scope, subject.object_type, subject.provider_id, clock):
        made = None
        # Others may have fetched it while this one waited for its turn.
        for _ in range(0 if _was_fetched_since(subject, since) else MAX_ROUNDS):
            made = _refresh_once(subject, cause, clock)
            # Events that came in between may contradict an answer: then it takes another one.
            if made is None or made.reason != OrderingReason.UNDECIDED:
                break
        if row := subject.row():
            postpone(row, now=clock())
        return made


def fetch(subject: Subject, *, clock: Clock = timezone.now) -> list[tuple[Change, Snapshot]] | None:
    """Return an object as the provider has it now, and then those that the answer carries in it.

    None when the provider has none of this id.

    Waits for its turn within the rate limit. Raises `ProviderApiUnavailable`,
    `ProviderApiRefused`, or, inside a transaction, `InTransaction`.
    """
    refuse_in_transaction()
    provider, account = subject.scope["provider"], subject.scope["account"]
    wait = partial(
        rate_limit.wait_for_turn, provider, account, per_second=conf.fetches_per_second()
    )
    wait()
    # Before the call: what arrives while it is under way may not be in the answer yet.
    asked_at = clock()
    answer = PROVIDERS[provider].fetch(
        subject.object_type, subject.provider_id, account=account, before_more=wait
    )
    if answer is None:
        return None
    # What was erased here the provider may still have.
    told = without_erased(answer.subject, subject.provider_id, **subject.scope)
    changes = TRANSLATORS[provider].changes_of_object(subject.object_type, told)
    if not changes or changes[0].provider_id != subject.provider_id:
        raise ProviderApiUnavailable(
            f"The answer is not about the {subject.object_type} asked for."
        )
    of_answer = partial(
        Snapshot.of_answer, asked_at=asked_at, asked_from=answer.asked_from, at=answer.at
    )
    return [(one, of_answer(one)) for one in changes]


def _refresh_once(subject: Subject, cause: Cause, clock: Clock) -> BillingChange | None:
    found = fetch(subject, clock=clock)
    if found is None:
        return None
    made = _store_for_good(subject, *found[0], cause, clock)
    for change, told in _to_store(subject.scope, found[1:]):
        other = Subject(subject.scope, change.object_type, change.provider_id)
        verdict = _store_for_good(other, change, told, cause, clock).verdict
        if verdict == Verdict.UNDECIDABLE and not change.complete:
            # Under this object's lock still, which is no circle: a charge names nothing.
            refresh(other, cause, clock=clock)
    with transaction.atomic():
        sum_refunds(cause, [change for change, _ in found])
    return made


def _to_store(
    scope: ObjectScope, carried: Sequence[tuple[Change, Snapshot]]
) -> list[tuple[Change, Snapshot]]:
    # Those that are stored have events of their own. What is only named may have changed since.
    ids = [change.provider_id for change, _ in carried if isinstance(change, RefundChange)]
    rows = Refund._default_manager.filter(provider_id__in=ids, **scope) if ids else ()
    stored = {row.provider_id for row in rows}
    return [one for one in carried if one[0].provider_id not in stored]


def _store_for_good(
    subject: Subject, change: Change, answer: Snapshot, cause: Cause, clock: Clock
) -> BillingChange:
    made = _store(change, answer, cause)
    if row := subject.row():
        # A customer who was erased since Stripe was asked: the erasure came too early to see this.
        keep_erased(row, made, now=clock())
    return made


def _store(change: Change, answer: Snapshot, cause: Cause) -> BillingChange:
    try:
        with transaction.atomic():
            return apply_answer(change, answer, cause)
    except IntegrityError:
        # An event has just been the first to tell of it, so now there is a row to lock.
        with transaction.atomic():
            return apply_answer(change, answer, cause)


def _was_fetched_since(subject: Subject, moment: datetime | None) -> bool:
    row = subject.row()
    if row is None or row.fetched_at is None or moment is None:
        return False
    return row.fetched_at >= moment
