"""Acts that rewrite what may be rewritten of sealed rows."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from django.db.models import Model

from webhooks.audit.chain import record
from webhooks.models import AuditEntry


def amend(
    action: AuditEntry.Action,
    rows: Mapping[type[Model], Iterable[int]],
    *,
    actor: str,
    now: datetime,
    subject: str = "",
    details: Mapping[str, Any] | None = None,
) -> AuditEntry:
    """`record`, for an act that rewrote rows. In the transaction that did so, and last."""
    return record(action, actor=actor, now=now, subject=subject, details=details)
