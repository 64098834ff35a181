"""Verifying all that is on record."""

from collections.abc import Callable, Iterable

from webhooks.audit.chain_verification import Chain
from webhooks.audit.report import Anchor, Report
from webhooks.audit.row_verification import check_table
from webhooks.audit.sealed_tables import tables
from webhooks.models import Seal


def verify(
    *, anchors: Iterable[Anchor] = (), progress: Callable[[Report], None] = lambda _: None
) -> Report:
    """Whether everything is as it was put on record: entries, seals, and the rows that these seal.

    Memory stays the same however much there is. It may be run at any time: what is recorded,
    sealed, amended or removed meanwhile is no finding.
    """
    report = Report()
    Chain(report, list(anchors), progress).walk()
    labels = {table.label for table in tables()}
    for label in Seal.objects.order_by("table").values_list("table", flat=True).distinct():
        if label not in labels:
            report.find(label, "there are seals of this table, and nothing declares it any more")
    for table in tables():
        check_table(table, report, progress)
    return report
