"""The last verification of the audit trail."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Final

from webhooks.doctor.findings import Examined, Finding, State
from webhooks.doctor.registry import examines
from webhooks.doctor.rules import GROUP
from webhooks.models import AuditEntry, AuditVerification

LONGEST: Final = timedelta(days=2)
"""The time without a verification after which a nightly one has not been made."""


@examines(GROUP, needs_database=True)
def examine_verification(examined: Examined) -> Iterator[Finding]:
    """Yield when the audit trail was last verified, and that it has not been for long."""
    last = AuditVerification.objects.values_list("verified_at", flat=True).first()
    first = AuditEntry.objects.order_by("sequence").values_list("recorded_at", flat=True).first()
    since = last or first
    is_late = since is not None and since < examined.now - LONGEST
    yield Finding(
        "audit_unverified",
        State.ATTENTION if is_late else State.OK,
        f"the audit trail was last verified at {last:%Y-%m-%d %H:%M:%S}"
        if last
        else "the audit trail has not been verified yet",
        "manage.py audit verify, each night from cron" if is_late else "",
        since=since,
    )
