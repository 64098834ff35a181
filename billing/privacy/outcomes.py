"""What became of an erasure, on record: what was erased, what was kept, and whether it is over."""

from collections import Counter
from datetime import datetime
from typing import Final

from django.db import transaction

from webhooks import audit
from webhooks.models import AuditEntry, ErasureRequest

ALTERED: Final = "altered"
"""Among the tables of what was erased: rows that were kept, for they had been altered by SQL."""


@transaction.atomic
def put_on_record(
    erasure: ErasureRequest,
    done: Counter[str],
    *,
    actor: str,
    is_new: bool,
    is_over: bool,
    now: datetime,
) -> None:
    """Put on record what was erased, by table, if that is news; finish what is over."""
    if is_over:
        # Emptied again by what becomes known later: see `webhooks.privacy.suppression`.
        erasure.finished_at = now
        erasure.save(update_fields=["finished_at"])
    # Tried again every hour for rows that were kept, it must not fill the trail.
    is_news = is_new or done.total() > done[ALTERED] or done[ALTERED] != rows_kept(erasure)
    if actor and is_news:
        audit.record(
            AuditEntry.Action.ERASED,
            actor=actor,
            subject=erasure.subject,
            details={"request": erasure.pk, "rows": dict(+done)},
            now=now,
        )


def rows_kept(erasure: ErasureRequest) -> int:
    """Return how many altered rows were kept when an erasure was last tried, by the trail."""
    entries = AuditEntry.objects.filter(action=AuditEntry.Action.ERASED, subject=erasure.subject)
    kept = [
        entry.details["rows"].get(ALTERED, 0)
        for entry in audit.all_intact(entries, lambda entry: _is_outcome(entry, erasure))
    ]
    return kept[-1] if kept else 0


def _is_outcome(entry: AuditEntry, erasure: ErasureRequest) -> bool:
    # Release 0.1.0 did not name the request.
    is_its_own = entry.details.get("request", erasure.pk) == erasure.pk
    return is_its_own and isinstance(entry.details.get("rows"), dict)
