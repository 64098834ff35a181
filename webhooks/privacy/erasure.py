"""Erasing what was received of one customer: asked for, found, then redacted.

Whoever erases somebody finds everything first (`search`), so that what is known of the person can
be looked for elsewhere, and redacts it then.
"""

from collections.abc import Iterable, Iterator
from datetime import datetime

from django.db import transaction

from webhooks import audit
from webhooks.models import Attempt, AuditEntry, ErasureRequest, WebhookEvent
from webhooks.privacy.event_redaction import Redacted, redact_rows
from webhooks.privacy.search import of_ids, pages
from webhooks.privacy.suppression import remember


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
    """Put on record that a customer is to be erased; return the request, and True if it is new.

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
        # With the request: from its commit on, whatever comes in of the customer is redacted.
        remember(erasure, [customer_id])
        # One that was put into the table by SQL has no beginning: whoever asks now begins it.
        if actor and (is_new or audit.beginning_of(erasure) is None):
            audit.record(
                AuditEntry.Action.ERASED,
                actor=actor,
                subject=erasure.subject,
                details={**audit.beginning(erasure), "reason": audit.keyed_hash(reason)},
                now=now,
            )
    return erasure, is_new


def redact(
    erasure: ErasureRequest, ids: Iterable[str], *, actor: str, now: datetime
) -> Iterator[Redacted]:
    """Redact the events of these ids, each few of them in a transaction of their own.

    An event that is being processed is waited for. What the events name is remembered. Events that
    were altered in the database are kept, and put on record: see `Redacted.held`.
    """
    for page in pages(of_ids(erasure, ids)):
        with transaction.atomic():
            done = redact_rows(list(page.select_for_update()), now=now)
            # In the same transaction: once a payload is gone, nobody could find these again.
            remember(erasure, done.ids)
            if actor:
                audit.amend(
                    AuditEntry.Action.ERASED,
                    {WebhookEvent: done.events, Attempt: done.attempts},
                    held=done.held,
                    actor=actor,
                    subject=erasure.subject,
                    details={"events": len(done.events), "attempts": len(done.attempts)},
                    now=now,
                )
        yield done
