"""Asking the provider what an object is like, for what events alone can't tell.

Outside any transaction, by one worker at a time for each object. Whoever waited for another's
answer makes use of it.
"""

import secrets
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Final

from django.db import IntegrityError, transaction
from django.utils import timezone

from billing import conf
from billing.changes import Change
from billing.conf import Fetching
from billing.fetching import rate_limit
from billing.idempotency.keys import refuse_in_transaction
from billing.models import MODELS, BillingChange, FetchLock, ProviderObject
from billing.models.base import Scope
from billing.operations import Cause, apply_answer, caused_by
from billing.ordering.snapshots import Snapshot, facts_of
from billing.privacy.redaction import keep_erased
from billing.translators import stripe
from webhooks.events import Clock, Event
from webhooks.exceptions import ProviderUnavailable, Unprepared
from webhooks.privacy.redaction import redact
from webhooks.privacy.suppression import erasure_of_object
from webhooks.providers import PROVIDERS, Answer

LEASE: Final = timedelta(seconds=30)
PATIENCE_SECONDS: Final = 10.0
POLL_SECONDS: Final = 0.05
MAX_ROUNDS: Final = 3
"""How often one object is asked for in a row, when events keep coming in meanwhile."""


@dataclass(frozen=True, slots=True)
class Subject:
    """An object to ask for."""

    scope: Scope
    object_type: str
    provider_id: str

    @property
    def can_be_fetched(self) -> bool:
        """Whether its provider can be asked, with the key that we have."""
        provider = PROVIDERS.get(self.scope["provider"])
        return provider is not None and provider.can_fetch(
            self.object_type, livemode=self.scope["livemode"]
        )

    def row(self) -> ProviderObject | None:
        """What is stored of it."""
        rows = MODELS[self.object_type]._default_manager
        return rows.filter(provider_id=self.provider_id, **self.scope).first()


def ask_first(event: Event, changes: Iterable[Change]) -> None:
    """Where the provider is always to be asked, have that done before an event is applied.

    Raises `Unprepared`.
    """
    if conf.fetching() is not Fetching.ALWAYS or event.preparations:
        return
    scope = caused_by(event).scope
    subjects = [
        Subject(scope, change.object_type, change.provider_id)
        for change in changes
        if not change.deleted
    ]
    _ask(event, [one for one in subjects if not _was_asked_since(one, event.received_at)])


def ask_where_undecided(event: Event, made: Iterable[BillingChange]) -> None:
    """Have the provider asked about what an event left in doubt. Raises `Unprepared`."""
    if conf.fetching() is Fetching.NEVER or event.preparations >= MAX_ROUNDS:
        return
    scope = caused_by(event).scope
    _ask(
        event,
        [
            Subject(scope, change.object_type, change.provider_id)
            for change in made
            if change.verdict == BillingChange.Verdict.UNDECIDABLE
        ],
    )


def _ask(event: Event, subjects: Sequence[Subject]) -> None:
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
    """Ask the provider for an object and store what it answers.

    None when it has no such object, or when another's question since `since` has been answered.
    Raises `ProviderUnavailable`, `ProviderRefused`, or `InTransaction`.
    """
    with _held(subject, since, clock) as is_ours:
        made = None
        for _ in range(MAX_ROUNDS if is_ours else 0):
            made = _ask_once(subject, cause, clock)
            if made is None or made.verdict != BillingChange.Verdict.UNDECIDABLE:
                break
        return made


def fetch(subject: Subject, *, clock: Clock = timezone.now) -> tuple[Change, Snapshot] | None:
    """An object as the provider says that it is now; None when it has none of this id.

    Within the rate that is set. Raises `ProviderUnavailable`, `ProviderRefused`, or, inside a
    transaction, `InTransaction`.
    """
    refuse_in_transaction()
    provider, account = subject.scope["provider"], subject.scope["account"]
    rate_limit.wait_for_turn(provider, account, per_second=conf.fetches_per_second())
    asked_at = clock()
    answer = PROVIDERS[provider].fetch(subject.object_type, subject.provider_id, account=account)
    if answer is None:
        return None
    # What was erased here the provider may still have.
    is_erased = erasure_of_object(answer.subject, **subject.scope)
    told = redact(answer.subject) if is_erased else answer.subject
    change = stripe.translate_object(told)
    if change is None or change.provider_id != subject.provider_id:
        raise ProviderUnavailable(f"The answer is not about the {subject.object_type} asked for.")
    return change, _statement(change, answer, asked_at)


def _statement(change: Change, answer: Answer, asked_at: datetime) -> Snapshot:
    return Snapshot(
        event_id="",
        at=answer.at,
        said=facts_of(change),
        heard_at=asked_at,
        asked_from=answer.asked_from,
    )


def _ask_once(subject: Subject, cause: Cause, clock: Clock) -> BillingChange | None:
    found = fetch(subject, clock=clock)
    if found is None:
        return None
    made = _store(*found, cause)
    if row := subject.row():
        # Whoever was erased since Stripe was asked: what the erasing came too early to see.
        keep_erased(row, made, now=clock())
    return made


def _store(change: Change, answer: Snapshot, cause: Cause) -> BillingChange:
    try:
        with transaction.atomic():
            return apply_answer(change, answer, cause)
    except IntegrityError:
        # An event has just been the first to tell of it.
        with transaction.atomic():
            return apply_answer(change, answer, cause)


def _was_asked_since(subject: Subject, moment: datetime | None) -> bool:
    row = subject.row()
    if row is None or row.fetched_at is None or moment is None:
        return False
    return row.fetched_at >= moment


@contextmanager
def _held(subject: Subject, since: datetime | None, clock: Clock) -> Iterator[bool]:
    """Be the only one to ask for an object; False when that is no longer needed."""
    token, deadline = secrets.token_hex(16), time.monotonic() + PATIENCE_SECONDS
    while not _take(subject, token, clock()):
        if time.monotonic() > deadline:
            raise ProviderUnavailable("Another worker is asking for the same object.")
        time.sleep(POLL_SECONDS)
    try:
        yield not _was_asked_since(subject, since)
    finally:
        FetchLock.objects.filter(token=token).delete()


def _take(subject: Subject, token: str, now: datetime) -> bool:
    key = {
        **subject.scope,
        "object_type": subject.object_type,
        "provider_id": subject.provider_id,
    }
    held = {"token": token, "held_until": now + LEASE}
    try:
        with transaction.atomic():
            FetchLock.objects.create(**key, **held)
    except IntegrityError:
        return bool(FetchLock.objects.filter(**key, held_until__lt=now).update(**held))
    return True
