"""Verify the whole audit trail and every row that it seals."""

from collections.abc import Callable, Iterable
from datetime import datetime

from webhooks.audit.chain_verification import ChainVerifier
from webhooks.audit.erasures import check_erasures
from webhooks.audit.report import Anchor, VerificationReport
from webhooks.audit.row_verification import check_table
from webhooks.audit.sealed_tables import tables
from webhooks.models import AuditVerification, Seal


def verify(
    *,
    anchors: Iterable[Anchor] = (),
    progress: Callable[[VerificationReport], None] = lambda _: None,
) -> VerificationReport:
    """Compare entries, seals and sealed rows with what was recorded, and report the differences.

    Every entry of `anchors` must still be there. Memory stays the same however much there is. It
    may run at any time: what is recorded, sealed, amended or removed meanwhile is no finding.
    """
    report = VerificationReport()
    # The chain first: it tells which seals can be trusted before any row is held against them.
    ChainVerifier(report, list(anchors), progress).run()
    labels = {table.label for table in tables()}
    for label in Seal.objects.order_by("table").values_list("table", flat=True).distinct():
        # Else taking an app out of the settings would take its tables out of the verification.
        if label not in labels:
            report.add(label, "there are seals of this table, and nothing declares it any more")
    for table in tables():
        check_table(table, report, progress)
    for finding in check_erasures():
        report.add(finding.where, finding.what)
    return report


def note_verification(report: VerificationReport, *, now: datetime) -> None:
    """Keep the outcome of a verification, for an alert to tell of it."""
    outcome = {"verified_at": now, "found": report.found}
    AuditVerification.objects.update_or_create(pk=1, defaults=outcome)
