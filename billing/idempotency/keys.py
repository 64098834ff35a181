"""Idempotency keys: do a piece of work once, and repeat its outcome for as long as the key lives.

The row is inserted first and then locked, so that of any number of simultaneous callers one gets
to work. It is committed before the work begins, and settled in a transaction of its own.
"""

import hashlib
import json
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.core.serializers.json import DjangoJSONEncoder
from django.db import transaction

from billing.exceptions import InTransaction, KeyInUse, KeyReused
from billing.idempotency.hashed_keys import names_of
from billing.models import IdempotencyKey

State = IdempotencyKey.State


@dataclass(frozen=True, slots=True)
class Started:
    """The right to do the work and to settle it, until the lease ends and another takes over.

    `reference` is the same for every try at this work, and for no other work. What is stored of
    the outcome is to be encrypted for `row_reference` alone.
    """

    pk: int
    attempt: int
    reference: str
    row_reference: str


@dataclass(frozen=True, slots=True)
class StoredResponse:
    """The outcome of the work: a status, the provider's id of its object, a body to repeat.

    Bodies are stored as they are given: encrypt what is secret, for the `row_reference` of its key
    alone. It is known of an outcome that was stored before.
    """

    status: int
    id: str = ""
    body: str = ""
    row_reference: str = field(default="", compare=False)


def hash_parameters(parameters: Any) -> str:
    """Return the SHA-256 of these parameters, whatever their order."""
    canonical = json.dumps(parameters, sort_keys=True, separators=(",", ":"), cls=DjangoJSONEncoder)
    return hashlib.sha256(canonical.encode()).hexdigest()


def reference_of(row: IdempotencyKey) -> str:
    """Return what a row's response is encrypted for: whoever renames its key encrypts it anew."""
    return _reference(row, row.key)


def is_in_flight(row: IdempotencyKey, now: datetime) -> bool:
    """True while somebody is at the work of a key, and nobody else may take it over."""
    return row.state == State.STARTED and row.locked_until is not None and row.locked_until > now


@contextmanager
def outermost_transaction() -> Iterator[None]:
    """Commit what the block does when it ends. Raises `InTransaction` inside a transaction.

    Transactions of Django's test cases don't count.
    """
    # Within another transaction a key would be visible to nobody until the work is done, and gone
    # if that is rolled back after Stripe has acted.
    with ExitStack() as stack:
        try:
            stack.enter_context(transaction.atomic(durable=True))
        except RuntimeError as error:
            raise InTransaction from error
        yield


def refuse_in_transaction() -> None:
    """Raise `InTransaction` inside a transaction."""
    with outermost_transaction():
        pass


def begin(
    scope: str,
    key: str,
    parameters_hash: str,
    *,
    now: datetime,
    lease: timedelta,
    lifetime: timedelta,
    can_repeat: Callable[[StoredResponse], bool] = lambda _: True,
) -> Started | StoredResponse:
    """Return the right to do the work, or its outcome if it was done before. Either is committed.

    Work that failed, whose lease ran out, or whose outcome `can_repeat` finds to be of no use is
    taken up again. A key expires after its lifetime, which begins with the first try, but never
    while its work is under way.

    Raises `KeyReused` when the key was used with other parameters, `KeyInUse` while its work is
    under way, `InTransaction` inside a transaction.
    """
    fresh = IdempotencyKey(
        scope=scope,
        key=key,
        parameters_hash=parameters_hash,
        created_at=now,
        expires_at=now + lifetime,
    )
    with outermost_transaction():
        row = _lock(fresh)
        in_flight = is_in_flight(row, now)
        if row.expires_at <= now and not in_flight:
            _renew(row, fresh)
        if row.parameters_hash != parameters_hash:
            raise KeyReused("This key was used with other parameters.")
        if in_flight:
            raise KeyInUse("An operation with this key is under way.")
        if row.state == State.COMPLETED and can_repeat(stored := _stored(row)):
            return stored
        _take(row, until=now + lease)
    # By the key as the caller has it: the provider must see the same reference whatever has
    # become of the stored one.
    return Started(row.pk, row.attempts, _reference(row, key), reference_of(row))


def complete(started: Started, response: StoredResponse) -> bool:
    """Store the outcome, to be repeated. False when another has taken the work over."""
    return _settle(started, State.COMPLETED, response)


def abandon(started: Started, response: StoredResponse | None = None) -> bool:
    """Leave the work to the next caller. False when another has taken it over already.

    An outcome is kept for people to look at, and is not repeated.
    """
    return _settle(started, State.FAILED, response)


def _lock(fresh: IdempotencyKey) -> IdempotencyKey:
    """Return the row of this scope and key, locked, after inserting it if it isn't there."""
    rows = IdempotencyKey.objects.select_for_update().filter(
        scope=fresh.scope, key__in=names_of(fresh.scope, fresh.key)
    )
    while True:
        IdempotencyKey.objects.bulk_create([fresh], ignore_conflicts=True)
        # Asked after the insertion: an erasure may have hashed the key while that waited for it.
        # What was hashed is older than what could be inserted since.
        if found := list(rows.order_by("pk")):
            row, *others = found
            IdempotencyKey.objects.filter(pk__in=[one.pk for one in others], attempts=0).delete()
            return row
        # An expired row stood in the way, and a clean-up has just removed it.


def _reference(row: IdempotencyKey, key: str) -> str:
    # With the row's time, as an expired key may come to stand for other work.
    return hash_parameters([row.scope, key, row.created_at.timestamp()])


def _stored(row: IdempotencyKey) -> StoredResponse:
    return StoredResponse(
        row.response_status or 0, row.response_id, row.response_body, reference_of(row)
    )


def _renew(row: IdempotencyKey, fresh: IdempotencyKey) -> None:
    """Make an expired row new again, except for the number that fences earlier holders off."""
    for name in ("parameters_hash", "created_at", "expires_at", "state"):
        setattr(row, name, getattr(fresh, name))
    row.response_status, row.response_id, row.response_body = None, "", ""


def _take(row: IdempotencyKey, *, until: datetime) -> None:
    row.state = State.STARTED
    row.attempts += 1
    row.locked_until = until
    row.save()


def _settle(started: Started, state: State, response: StoredResponse | None) -> bool:
    # By the attempt's number, so that a caller whose lease ran out overwrites no newer outcome.
    mine = IdempotencyKey.objects.filter(
        pk=started.pk, attempts=started.attempt, state=State.STARTED
    )
    return bool(
        mine.update(
            state=state,
            locked_until=None,
            response_status=response and response.status,
            response_id=response.id if response else "",
            response_body=response.body if response else "",
        )
    )
