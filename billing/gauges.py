"""What is in doubt, for `/metrics`: read from the database by queries on indexes."""

from collections.abc import Iterator
from datetime import datetime

from django.db.models import Count, Min
from prometheus_client.core import GaugeMetricFamily

from billing.models import MODELS
from billing.reach import beside_live
from webhooks.monitoring import gauges
from webhooks.monitoring.gauges import COUNTED_AT_MOST


@gauges.register
def doubts(now: datetime) -> Iterator[GaugeMetricFamily]:
    """Yield how many objects of each type are in doubt, and for how long the longest has been."""
    label = ["object_type"]
    count = GaugeMetricFamily(
        "billing_objects_in_doubt", f"Objects in doubt, {COUNTED_AT_MOST} at most", labels=label
    )
    age = GaugeMetricFamily(
        "billing_oldest_doubt_age_seconds",
        "How long the object in doubt has been as it is that has been so the longest",
        labels=label,
    )
    for object_type, model in MODELS.items():
        doubtful = model._default_manager.filter(in_doubt=True).exclude(beside_live())
        rows = doubtful.order_by("id")[:COUNTED_AT_MOST]
        found = rows.aggregate(count=Count("id"), oldest=Min("updated_at"))
        since = found["oldest"] or now
        count.add_metric([object_type], found["count"])
        age.add_metric([object_type], (now - since).total_seconds())
    yield count
    yield age
