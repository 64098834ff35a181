"""Erasing a person: what identifies them goes, the money and the proof of it stay.

It can't be undone: what is told of the person later, by a late delivery or by the provider when
asked, is redacted before it is stored.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from itertools import chain, islice
from typing import Any, Final

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from billing.models import MODELS, BillingChange, ProviderObject
from billing.models.base import ObjectScope
from billing.privacy import stored_responses
from billing.privacy.redaction import (
    NAMING,
    named_by,
    personal_values_of,
    redact_history,
    redact_stored,
)
from webhooks import audit
from webhooks.database.paging import in_pages
from webhooks.events import Clock
from webhooks.models import AuditEntry, ErasureRequest, WebhookEvent
from webhooks.models.audit import SYSTEM
from webhooks.privacy.erasure import (
    any_of,
    chunks,
    find,
    find_nameless,
    last_of,
    redact,
    redact_reasons,
    request_erasure,
)
from webhooks.privacy.suppression import remember, subject_of

ERASE: Final = "billing.erase_customer"
"""The permission that a person needs to have a customer erased."""

PAGE: Final = 200
"""How many rows are held in memory, and entries of the history rewritten at once."""

VALUES: Final = 1000
"""How many names and addresses of one person are looked for where people wrote freely."""


class UnknownCustomer(Exception):
    """Nothing was ever heard of such a customer."""


def scopes_of(customer_id: str) -> list[ObjectScope]:
    """Where there is a customer of this id: more than one place only if providers agree on ids."""
    places: set[tuple[str, str, bool]] = set()
    for rows in (
        MODELS["customer"]._default_manager.filter(provider_id=customer_id),
        WebhookEvent.objects.filter(customer_id=customer_id),
        ErasureRequest.objects.filter(customer_id=customer_id),
    ):
        places |= set(rows.values_list("provider", "account", "livemode").distinct())
    return [
        ObjectScope(provider=provider, account=account, livemode=livemode)
        for provider, account, livemode in sorted(places)
    ]


def erase(
    customer_id: str,
    scope: ObjectScope,
    *,
    actor: str,
    reason: str,
    dry_run: bool = False,
    clock: Clock = timezone.now,
    progress: Callable[[Counter[str]], None] = lambda _: None,
) -> Counter[str]:
    """Erase a customer, and say how many rows were rewritten, by table; none when nothing is left.

    Each few rows are a transaction of their own, so memory stays the same however many there are,
    and whatever is interrupted is finished by calling again. A `dry_run` does all of it and undoes
    it, in one transaction. Of the reason, a keyed hash is put on record. Raises `UnknownCustomer`.
    """
    if scope not in scopes_of(customer_id):
        raise UnknownCustomer(f"Nothing is known of a customer {customer_id} there.")
    if not dry_run:
        return _erase(customer_id, scope, actor, reason, clock, progress)
    with transaction.atomic():
        # Not on record, or nobody else's acts could be until this one is undone.
        done = _erase(customer_id, scope, "", reason, clock, progress)
        transaction.set_rollback(True)
    return done


def _erase(
    customer_id: str,
    scope: ObjectScope,
    actor: str,
    reason: str,
    clock: Clock,
    progress: Callable[[Counter[str]], None],
) -> Counter[str]:
    erasure, is_new = request_erasure(
        **scope, customer_id=customer_id, actor=actor, now=clock(), reason=reason
    )
    done: Counter[str] = Counter()
    known = 0
    # Until nothing has come meanwhile that would have to be searched for.
    while known < erasure.objects_erased.count():
        # Found before anything is redacted: an interruption must not lose what to look for.
        anyone = any_of(_find(erasure, scope))
        known = erasure.objects_erased.count()
        done["re-runs"] += redact_reasons(anyone)
        done["answers"] += stored_responses.redact_responses(erasure, anyone)
        for ids in chunks(erasure):
            for redacted in redact(erasure, ids, actor=actor, now=clock()):
                done.update(events=len(redacted.events), attempts=len(redacted.attempts))
                done["re-runs"] += redacted.replays
                progress(done)
            done.update(_redact_billing(erasure, scope, ids, actor=actor, now=clock()))
            progress(done)
    _finish(erasure, done, actor=actor, is_new=is_new, now=clock())
    return +done


def follow(erasure: ErasureRequest, ids: Iterable[str], *, clock: Clock = timezone.now) -> None:
    """Redact what is kept of these ids of a person's, and of what names them, and so on."""
    scope = ObjectScope(
        provider=erasure.provider, account=erasure.account, livemode=erasure.livemode
    )
    wanted = set(ids)
    while wanted:
        named = {name for row in _rows_of(scope, erasure, sorted(wanted)) for name in named_by(row)}
        new = remember(erasure, named)
        for each in redact(erasure, wanted, actor=SYSTEM, now=clock()):
            new += remember(erasure, each.told)
        _redact_billing(erasure, scope, sorted(wanted), actor=SYSTEM, now=clock())
        wanted = set(new)


def finish_all(*, clock: Clock = timezone.now) -> Iterator[tuple[str, Counter[str]]]:
    """Go on with whatever was interrupted, or has been added to since; whom, and how much."""
    for erasure in ErasureRequest.objects.filter(finished_at=None).order_by("pk"):
        scope = ObjectScope(
            provider=erasure.provider, account=erasure.account, livemode=erasure.livemode
        )
        done = _erase(erasure.customer_id, scope, erasure.actor, "", clock, lambda _: None)
        yield erasure.customer_id, done


@transaction.atomic
def _finish(
    erasure: ErasureRequest, done: Counter[str], *, actor: str, is_new: bool, now: datetime
) -> None:
    erasure.finished_at = now
    erasure.save(update_fields=["finished_at"])
    if actor and (is_new or done.total()):
        audit.record(
            AuditEntry.Action.ERASED,
            actor=actor,
            subject=subject_of(erasure),
            details={"rows": dict(+done)},
            now=now,
        )


def _find(erasure: ErasureRequest, scope: ObjectScope) -> set[str]:
    """Find all that is a person's, and return the names and addresses found on the way."""
    values: set[str] = set()
    last = 0
    while last < last_of(erasure):
        for ids in chunks(erasure, last):
            for found, told in find(erasure, ids):
                remember(erasure, found)
                values |= set(islice(told, VALUES - len(values)))
            for row in _rows_of(scope, erasure, ids):
                remember(erasure, named_by(row))
                values |= set(islice(personal_values_of(row), VALUES - len(values)))
        last = last_of(erasure)
        emails = [value for value in values if "@" in value]
        for found in find_nameless(erasure, emails):
            remember(erasure, found)
    return values


def _rows_of(
    scope: ObjectScope, erasure: ErasureRequest, ids: list[str]
) -> Iterator[ProviderObject]:
    """The rows that have one of these ids, or name one."""
    for model in MODELS.values():
        for rows in _queries(model, scope, erasure, ids):
            yield from chain.from_iterable(in_pages(rows, PAGE))


def _queries(
    model: type[ProviderObject], scope: ObjectScope, erasure: ErasureRequest, ids: list[str]
) -> Iterator[QuerySet[Any]]:
    columns = {field.name for field in model._meta.concrete_fields}
    theirs: QuerySet[Any] = model._default_manager.filter(**scope)
    if "customer_id" in columns:
        # What names another customer is that one's, whatever else it names.
        theirs = theirs.filter(customer_id__in=["", erasure.customer_id])
        if erasure.customer_id in ids:
            yield theirs.filter(customer_id=erasure.customer_id)
    for column in ("provider_id", *NAMING):
        if column in columns:
            yield theirs.filter(**{f"{column}__in": ids})


def _redact_billing(
    erasure: ErasureRequest, scope: ObjectScope, ids: list[str], *, actor: str, now: datetime
) -> Counter[str]:
    """Redact the rows with these ids and their history; those that name them are remembered."""
    done: Counter[str] = Counter()
    for row in _rows_of(scope, erasure, ids):
        remember(erasure, named_by(row))
        if row.provider_id in ids:
            done[row.object_type] += redact_stored(row)
    history = BillingChange.objects.filter(**scope, provider_id__in=ids).exclude(fields={})
    for changes in in_pages(history, PAGE):
        done["history"] += _redact_history(changes, erasure, actor=actor, now=now)
    return done


@transaction.atomic
def _redact_history(
    changes: list[BillingChange], erasure: ErasureRequest, *, actor: str, now: datetime
) -> int:
    redacted = [change for change in changes if redact_history(change)]
    BillingChange.objects.bulk_update(redacted, ["fields"])
    if redacted and actor:
        audit.amend(
            AuditEntry.Action.ERASED,
            {BillingChange: [change.pk for change in redacted]},
            actor=actor,
            subject=subject_of(erasure),
            details={"history": len(redacted)},
            now=now,
        )
    return len(redacted)
