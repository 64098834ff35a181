"""Adding to the chain."""

import hashlib
import hmac
import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from django.db import transaction

from webhooks import conf
from webhooks.models import AuditEntry, AuditHead

HEAD = 1


def record(
    action: AuditEntry.Action,
    *,
    actor: str,
    now: datetime,
    subject: str = "",
    details: Mapping[str, Any] | None = None,
) -> AuditEntry:
    """Put an act on record, in the caller's transaction if there is one.

    `details` is JSON without fractions, and without anything that identifies a customer. The head
    stays locked until the transaction ends: do this last.
    """
    with transaction.atomic():
        head, _ = AuditHead.objects.select_for_update().get_or_create(pk=HEAD)
        key = conf.audit_keys()[0]
        entry = AuditEntry(
            sequence=head.sequence + 1,
            recorded_at=now,
            action=action,
            actor=actor,
            subject=subject,
            details=json.loads(json.dumps(dict(details or {}))),
            key_id=fingerprint(key),
        )
        entry.mac = mac_of(entry, previous=head.mac, key=key)
        entry.save(force_insert=True)
        head.sequence, head.mac = entry.sequence, entry.mac
        head.save()
    return entry


def mac_of(entry: AuditEntry, *, previous: str, key: str) -> str:
    """What an entry's `mac` must be."""
    content = [
        entry.sequence,
        entry.recorded_at.astimezone(UTC).isoformat(timespec="microseconds"),
        entry.action,
        entry.actor,
        entry.subject,
        entry.details,
        entry.key_id,
        previous,
    ]
    canonical = json.dumps(content, sort_keys=True, separators=(",", ":")).encode()
    return hmac.new(key.encode(), canonical, hashlib.sha256).hexdigest()


def fingerprint(key: str) -> str:
    """Which key it was, and nothing of the key itself."""
    return hashlib.sha256(b"audit key:" + key.encode()).hexdigest()[:16]
