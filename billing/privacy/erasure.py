"""Erasing a person: what identifies them goes, the money and the proof of it stay.

It can't be undone: what is told of the person later, by a late delivery or by the provider when
asked, is redacted before it is stored.
"""

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from typing import Final

from django.db import transaction
from django.utils import timezone

from billing.models import BillingChange
from billing.privacy import stored_responses
from billing.privacy.outcomes import ALTERED, put_on_record
from billing.privacy.redaction import named_by, redact_history, redact_stored
from billing.privacy.search import PAGE, find_all, rows_of, scopes_of
from webhooks import audit
from webhooks.database.paging import in_pages
from webhooks.events import Clock, ObjectScope
from webhooks.models import AuditEntry, ErasureRequest
from webhooks.models.audit import SYSTEM
from webhooks.privacy.erasure import redact, request_erasure
from webhooks.privacy.reasons import any_of, redact_reasons
from webhooks.privacy.search import chunks, count_known
from webhooks.privacy.suppression import remember

ERASE: Final = "billing.erase_customer"
"""The permission that a person needs to have a customer erased."""


class UnknownCustomer(Exception):
    """Nothing was ever heard of such a customer."""


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
    """Erase a customer; return how many rows were rewritten, by table, none when nothing is left.

    Under `ALTERED` is the number of rows that were kept, since they don't fit their seals: they
    may hold anything, and are evidence. The erasure stays unfinished because of them.

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
    known, altered = 0, set[str]()
    # Until nothing has come meanwhile that would have to be searched for.
    while known < count_known(erasure):
        # Found before anything is redacted: an interruption must not lose what to look for.
        anyone, kept = _find(erasure, actor=actor, now=clock())
        known, altered = count_known(erasure), altered | kept
        done["re-runs"] += redact_reasons(anyone)
        keys = stored_responses.redact_keys(erasure, anyone, now=clock())
        done["answers"] += keys.count
        for ids in chunks(erasure):
            for redacted in redact(erasure, ids, actor=actor, now=clock()):
                done.update(events=len(redacted.events), attempts=len(redacted.attempts))
                done["re-runs"] += redacted.replays
                altered |= redacted.held.altered_subjects
                progress(done)
            rows, kept = _redact_billing(erasure, ids, actor=actor, now=clock())
            done.update(rows)
            altered |= kept
            progress(done)
    # Counted at the end: the same row may be met by several of the person's ids.
    done[ALTERED] = len(altered)
    # A request that is in flight may yet store an answer: beat comes back for that.
    is_over = not (altered or keys.is_one_in_flight)
    put_on_record(erasure, done, actor=actor, is_new=is_new, is_over=is_over, now=clock())
    return +done


def _find(
    erasure: ErasureRequest, *, actor: str, now: datetime
) -> tuple[re.Pattern[str] | None, set[str]]:
    """Find what is the person's; return what finds their names, and the altered rows met alone."""
    values, held = find_all(erasure)
    if actor:
        audit.amend(AuditEntry.Action.ERASED, {}, held=held, actor=actor, now=now)
    return any_of(values), held.altered_subjects


def follow(erasure: ErasureRequest, ids: Iterable[str], *, clock: Clock = timezone.now) -> None:
    """Redact what is kept of these ids of a person's, and of what names them, and so on."""
    # Ids lead to further ones: a charge to its refunds, and those to what they name.
    wanted = set(ids)
    while wanted:
        named = {name for row in rows_of(erasure, sorted(wanted)) for name in named_by(row)}
        new = remember(erasure, named)
        for each in redact(erasure, wanted, actor=SYSTEM, now=clock()):
            new += remember(erasure, each.ids)
        _redact_billing(erasure, sorted(wanted), actor=SYSTEM, now=clock())
        wanted = set(new)


def finish_all(*, clock: Clock = timezone.now) -> Iterator[tuple[str, Counter[str] | None]]:
    """Go on with what was interrupted or added to since; yield the customer and rows by table.

    It is done in the name of who signed the beginning. An erasure that nobody began on record is
    refused, and yielded with None: somebody wrote it into the table.
    """
    for erasure in ErasureRequest.objects.filter(finished_at=None).order_by("pk"):
        beginning = audit.beginning_of(erasure)
        if beginning is None:
            yield erasure.customer_id, None
            continue
        done = _erase(
            erasure.customer_id, erasure.scope, beginning.actor, "", clock, lambda _: None
        )
        yield erasure.customer_id, done


def _redact_billing(
    erasure: ErasureRequest, ids: list[str], *, actor: str, now: datetime
) -> tuple[Counter[str], set[str]]:
    """Redact the rows with these ids and their history; those that name them are remembered.

    Return how many, by table, and the entries of the history that were kept as altered.
    """
    done: Counter[str] = Counter()
    altered: set[str] = set()
    for row in rows_of(erasure, ids):
        remember(erasure, named_by(row))
        if row.provider_id in ids:
            done[row.object_type] += redact_stored(row)
    history = BillingChange.objects.filter(**erasure.scope, provider_id__in=ids).exclude(fields={})
    for changes in in_pages(history, PAGE):
        count, held = _redact_history(changes, erasure, actor=actor, now=now)
        done["history"] += count
        altered |= held.altered_subjects
    return done, altered


@transaction.atomic
def _redact_history(
    changes: list[BillingChange], erasure: ErasureRequest, *, actor: str, now: datetime
) -> tuple[int, audit.Held]:
    held = audit.hold({BillingChange: [change.pk for change in changes]})
    redacted = [
        change
        for change in changes
        if held.fits(BillingChange, change.pk) and redact_history(change)
    ]
    BillingChange.objects.bulk_update(redacted, ["fields"])
    if actor:
        audit.amend(
            AuditEntry.Action.ERASED,
            {BillingChange: [change.pk for change in redacted]},
            held=held,
            actor=actor,
            subject=erasure.subject,
            details={"history": len(redacted)},
            now=now,
        )
    return len(redacted), held
