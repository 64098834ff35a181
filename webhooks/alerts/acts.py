"""What staff do about an alert: acknowledge it, or mute what it is about. Both are on record."""

from datetime import datetime
from typing import Final

from django.db import transaction
from django.db.models import Q

from webhooks import audit
from webhooks.models import Alert, AuditEntry

HANDLE: Final = "webhooks.handle_alert"
"""The permission to do either."""


@transaction.atomic
def acknowledge(alert: Alert, *, actor: str, reason: str, now: datetime) -> bool:
    """Note that somebody sees to an alert: nobody is reminded of it. False once it is resolved."""
    opened = Alert.objects.filter(pk=alert.pk, resolved_at=None)
    if not opened.update(acknowledged_at=now, acknowledged_by=actor[:150]):
        return False
    _record(AuditEntry.Action.ACKNOWLEDGED, alert, {}, actor, reason, now)
    return True


@transaction.atomic
def mute(alert: Alert, *, until: datetime, actor: str, reason: str, now: datetime) -> None:
    """Tell nobody of an alert's rule and subject before a moment, but that it is over.

    A moment that has passed ends it.
    """
    # Earlier ones of the same too: the next one would be muted for as long as any of them is.
    same = Q(rule=alert.rule, subject=alert.subject, muted_until__gt=now)
    Alert.objects.filter(Q(pk=alert.pk) | same).update(muted_until=until)
    details = {"until": f"{until:%Y-%m-%d %H:%M:%S}"}
    _record(AuditEntry.Action.MUTED, alert, details, actor, reason, now)


def _record(
    action: AuditEntry.Action,
    alert: Alert,
    details: dict[str, str],
    actor: str,
    reason: str,
    now: datetime,
) -> None:
    audit.record(
        action,
        actor=actor,
        subject=audit.subject_of(alert),
        details={"rule": alert.rule, "subject": alert.subject, **details},
        reason=reason,
        now=now,
    )
