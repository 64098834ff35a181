"""Showing what is masked otherwise, on the record."""

from datetime import datetime
from typing import Final

from django.db import transaction

from webhooks.audit import record, subject_of
from webhooks.models import AuditEntry, WebhookEvent

VIEW_RAW: Final = "webhooks.view_raw_payload"
"""The permission to see payloads unmasked."""


def unmask(event: WebhookEvent, *, actor: str, reason: str, now: datetime) -> bytes | None:
    """Return the signed bytes of an event, with the person's view of them put on record first.

    Return None, and nothing on record, once they were cleaned up.
    """
    # In one transaction: no view without an entry, and no entry without a view.
    with transaction.atomic():
        body = WebhookEvent.objects.values_list("body", flat=True).get(pk=event.pk)
        if body is None:
            return None
        record(
            AuditEntry.Action.PAYLOAD_VIEWED,
            actor=actor,
            now=now,
            subject=subject_of(event),
            details={"event": event.event_id},
            reason=reason,
        )
    return bytes(body)
