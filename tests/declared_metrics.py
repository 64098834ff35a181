"""The metrics that the code declares, found without running it."""

import re
from typing import Final

from tests.documents import ROOT

DECLARED: Final = re.compile(
    r'\b(?:Counter|Histogram|GaugeMetricFamily|_gauge)\(\s*"((?:webhooks|billing|idempotent)_\w+)"'
)

SOURCES: Final = ("webhooks/monitoring/*.py", "billing/gauges.py", "payments_project/metrics.py")


def declared_metrics() -> set[str]:
    """Return their names; of a histogram, the name of the whole."""
    sources = (source.read_text() for pattern in SOURCES for source in ROOT.glob(pattern))
    return {name for source in sources for name in DECLARED.findall(source)}
