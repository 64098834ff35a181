"""Append entries to the hash chain."""

import hashlib
import hmac
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from django.db import Error, transaction
from django.db.models import Model

from webhooks.audit import keys
from webhooks.audit.canonical import canonical, storable_details
from webhooks.database.text import storable
from webhooks.models import AuditEntry, AuditHead, AuditReason

HEAD: Final = 1
"""The primary key of the only row of `AuditHead`."""

MAX_ACTOR: Final = 150
MAX_SUBJECT: Final = 255


class HeadLost(Exception):
    """The head row is gone while there are entries: somebody deleted it, and nothing may follow."""


NOT_RECORDABLE: Final = (Error, LookupError, HeadLost)
"""What keeps an act from going on record: the database, a missing `AUDIT_KEY`, a lost head."""


def record(
    action: AuditEntry.Action,
    *,
    actor: str,
    now: datetime,
    subject: str = "",
    details: Mapping[str, Any] | None = None,
    reason: str = "",
) -> AuditEntry:
    """Record an act in the caller's transaction, or in one of its own; return the entry.

    `details` is JSON without fractions, and without anything that identifies a customer. A
    `reason` that somebody typed may identify one, so its words are kept apart, where they can be
    erased. The head stays locked until the transaction ends: do this last. Characters that a
    database can't hold are replaced, and texts that are too long are cut.

    Raises `TypeError` for details that are no such JSON, `HeadLost` when nothing may follow.
    """
    with transaction.atomic():
        # One locked row, not "the last entry": appends that lock that one race and collide.
        head = lock_head()
        key = keys.current()
        if head.sequence and head.key_id != keys.key_id_of(key):
            _append_key_change(head, key, now)
        why = storable(reason)
        entry = _append(
            head,
            action,
            actor=storable(actor, MAX_ACTOR),
            subject=storable(subject, MAX_SUBJECT),
            # A keyed hash, for a plain one of few words can be guessed once the words are erased.
            content={**(details or {}), **({"reason": keys.keyed_hash(why)} if why else {})},
            key=key,
            now=now,
        )
        if why:
            AuditReason.objects.create(entry=entry, text=why)
        return entry


def subject_of(row: Model) -> str:
    """Return the name that entries have for a row: its model's label and its key."""
    return f"{row._meta.label_lower}:{row.pk}"


def lock_head() -> AuditHead:
    """Return the end of the chain, locked: nobody else appends until the transaction ends."""
    head, is_new = AuditHead.objects.select_for_update().get_or_create(pk=HEAD)
    # A head that was deleted must not be made anew: the chain would start again at 1 unnoticed.
    if is_new and AuditEntry.objects.exists():
        raise HeadLost("The head of the audit trail is gone; see `manage.py audit verify`.")
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
        key_id=keys.key_id_of(key),
    )
    entry.mac = mac_of(entry, previous=head.mac, key=key)
    entry.save()
    head.sequence, head.mac, head.key_id = entry.sequence, entry.mac, entry.key_id
    head.save()
    return entry


def mac_of(entry: AuditEntry, *, previous: str, key: str) -> str:
    """Return the HMAC of an entry and of the entry before it, as 64 hexadecimal digits."""
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


def _append_key_change(head: AuditHead, key: str, now: datetime) -> None:
    """Append the entry that names the former key, with its consent if it is still at hand."""
    former = keys.known().get(head.key_id)
    # Without this anyone with SQL and a key of their own could go on with the chain in its name.
    consent = consent_of(former, head.mac, keys.key_id_of(key)) if former else ""
    _append(
        head,
        AuditEntry.Action.KEY_CHANGED,
        actor="",
        subject="",
        content={"former": head.key_id, "consent": consent},
        key=key,
        now=now,
    )


def consent_of(former: str, previous: str, key_id: str) -> str:
    """Return the former key's HMAC over the new key's id: proof that its holder changed it."""
    own = keys.derived(former, keys.CHANGE)
    return hmac.new(own, f"{previous}:{key_id}".encode(), hashlib.sha256).hexdigest()
