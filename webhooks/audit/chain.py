"""Adding to the chain."""

import hashlib
import hmac
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from django.db import transaction
from django.db.models import Model

from webhooks.audit import keys
from webhooks.audit.canonical import canonical, storable, storable_details
from webhooks.models import AuditEntry, AuditHead, AuditReason

HEAD: Final = 1
MAX_ACTOR: Final = 150
MAX_SUBJECT: Final = 255


class HeadLost(Exception):
    """There are entries, and the row that says where they end is gone: somebody deleted it."""


def record(
    action: AuditEntry.Action,
    *,
    actor: str,
    now: datetime,
    subject: str = "",
    details: Mapping[str, Any] | None = None,
    reason: str = "",
) -> AuditEntry:
    """Put an act on record, in the caller's transaction if there is one.

    `details` is JSON without fractions, and without anything that identifies a customer; what
    people give as their `reason` may do so, and is kept where it can be erased. The head stays
    locked until the transaction ends: do this last. What a database can't hold of the texts is
    replaced, and what is too long is cut.

    Raises `TypeError` for details that are no such JSON, `HeadLost` when nothing may follow.
    """
    with transaction.atomic():
        head = lock_head()
        key = keys.current()
        if head.sequence and head.key_id != keys.fingerprint(key):
            _append(
                head,
                AuditEntry.Action.KEY_CHANGED,
                actor="",
                subject="",
                content=_change(head, key),
                key=key,
                now=now,
            )
        why = storable(reason)
        entry = _append(
            head,
            action,
            actor=storable(actor, MAX_ACTOR),
            subject=storable(subject, MAX_SUBJECT),
            content={**(details or {}), **({"reason": keys.keyed_hash(why)} if why else {})},
            key=key,
            now=now,
        )
        if why:
            AuditReason.objects.create(entry=entry, text=why)
        return entry


def subject_of(row: Model) -> str:
    """What an entry calls a row."""
    return f"{row._meta.label_lower}:{row.pk}"


def lock_head() -> AuditHead:
    """The end of the chain; nobody else adds to it until the transaction ends."""
    head, is_new = AuditHead.objects.select_for_update().get_or_create(pk=HEAD)
    if is_new and AuditEntry.objects.exists():
        raise HeadLost("The head of the audit trail is gone; `manage.py audit verify` tells more.")
    return head


def _append(
    head: AuditHead,
    action: AuditEntry.Action,
    *,
    actor: str,
    subject: str,
    content: Mapping[str, Any],
    key: str,
    now: datetime,
) -> AuditEntry:
    entry = AuditEntry(
        sequence=head.sequence + 1,
        recorded_at=now,
        action=action,
        actor=actor,
        subject=subject,
        details=storable_details(content),
        key_id=keys.fingerprint(key),
    )
    entry.mac = mac_of(entry, previous=head.mac, key=key)
    entry.save()
    head.sequence, head.mac, head.key_id = entry.sequence, entry.mac, entry.key_id
    head.save()
    return entry


def mac_of(entry: AuditEntry, *, previous: str, key: str) -> str:
    """What an entry's `mac` must be."""
    content = [
        entry.sequence,
        entry.recorded_at,
        entry.action,
        entry.actor,
        entry.subject,
        entry.details,
        entry.key_id,
        previous,
    ]
    own = keys.derived(key, keys.ENTRY)
    return hmac.new(own, canonical(content), hashlib.sha256).hexdigest()


def _change(head: AuditHead, key: str) -> dict[str, Any]:
    """The former key's consent to the one that follows it, if the former is still at hand."""
    former = keys.known().get(head.key_id)
    consent = consent_of(former, head.mac, keys.fingerprint(key)) if former else ""
    return {"former": head.key_id, "consent": consent}


def consent_of(former: str, previous: str, key_id: str) -> str:
    """What an entry that changes the key says to prove that the former key's holder did it."""
    own = keys.derived(former, keys.CHANGE)
    return hmac.new(own, f"{previous}:{key_id}".encode(), hashlib.sha256).hexdigest()
