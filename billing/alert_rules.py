"""The rule about billing objects in doubt. Importing it registers it."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Final

from billing.models import MODELS
from billing.reach import beside_live
from webhooks.monitoring.alert_rules import Finding, Look, Rule, Severity, Terms, register

COUNTED_AT_MOST: Final = 10_000


def billing_in_doubt(look: Look) -> Iterator[Finding]:
    """Find objects in doubt that nothing has changed for as long as the threshold."""
    before = look.now - timedelta(seconds=look.terms.threshold)
    doubtful = [
        # In the partial index of those in doubt, of which there are few.
        model._default_manager.filter(in_doubt=True, updated_at__lte=before)
        .exclude(beside_live())
        .order_by()
        for model in MODELS.values()
    ]
    if count := sum(rows[:COUNTED_AT_MOST].count() for rows in doubtful):
        text = "Events alone can't tell the latest state of objects, and the provider has not."
        yield Finding(text, count=count)


register(
    Rule(
        "billing_in_doubt",
        "Billing is in doubt",
        Severity.WARNING,
        Terms(threshold=3600, cool_down=300),
        "seconds that an object is in doubt",
        "No object is in doubt for long.",
        billing_in_doubt,
    )
)
