"""Gauges read from the database each time `/metrics` is read, by queries on indexes."""

from collections import Counter
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import Final

from django.db import Error, connection
from prometheus_client.core import GaugeMetricFamily

from webhooks import audit
from webhooks.models import Alert, WebhookEvent
from webhooks.monitoring import heartbeats
from webhooks.monitoring.alert_rules import RULES

LATE_AFTER: Final = timedelta(minutes=1)

COUNTED_AT_MOST: Final = 10_000
"""Counts stop here: counting millions of rows takes time at the worst moment to take it."""

Gauges = Callable[[datetime], Iterator[GaugeMetricFamily]]

_registered: Final[list[Gauges]] = []


def register(gauges: Gauges) -> Gauges:
    """Have an app's gauges read with these. They ask the database, and bounded questions alone."""
    _registered.append(gauges)
    return gauges


def collect(now: datetime) -> Iterator[GaugeMetricFamily]:
    """Yield the gauges; for a database that is away, only that it is."""
    try:
        found = [*_events(now), *_audit_trail(now), _heartbeats(), _open_alerts(), *_of_apps(now)]
    except Error:
        # So that the next reading connects anew, and does not fail on a dead connection.
        connection.close()
        found = []
    yield _gauge("webhooks_database_up", "Whether the database answers", bool(found))
    yield from found


def _events(now: datetime) -> Iterator[GaugeMetricFamily]:
    # A lane at a time: each is a walk along the start of one index.
    late = [WebhookEvent.objects.due(now - LATE_AFTER).in_lane(lane) for lane in WebhookEvent.Lane]
    yield _gauge(
        "webhooks_late_events",
        f"Events due for more than a minute, {COUNTED_AT_MOST} at most in a lane",
        sum(events[:COUNTED_AT_MOST].count() for events in late),
    )
    due = [WebhookEvent.objects.due(now).in_lane(lane) for lane in WebhookEvent.Lane]
    oldest = [events.values_list("available_at", flat=True).first() for events in due]
    yield _gauge(
        "webhooks_oldest_due_age_seconds",
        "How long the event has waited that is due the longest",
        max(((now - moment).total_seconds() for moment in oldest if moment), default=0),
    )
    yield _gauge(
        "webhooks_due_events",
        f"Events due and nobody's, {COUNTED_AT_MOST} at most in a lane",
        sum(events[:COUNTED_AT_MOST].count() for events in due),
    )
    retrying = [WebhookEvent.objects.retrying(now).in_lane(lane) for lane in WebhookEvent.Lane]
    yield _gauge(
        "webhooks_retrying_events",
        f"Events to be tried again, or re-run, later, {COUNTED_AT_MOST} at most in a lane",
        sum(events[:COUNTED_AT_MOST].count() for events in retrying),
    )
    failed = WebhookEvent.objects.filter(status=WebhookEvent.Status.FAILED).order_by("-id")
    yield _gauge(
        "webhooks_failed_events",
        f"Events that have failed, {COUNTED_AT_MOST} at most",
        failed[:COUNTED_AT_MOST].count(),
    )


def _audit_trail(now: datetime) -> Iterator[GaugeMetricFamily]:
    if sealed := audit.sealed_up_to(now):
        yield _gauge(
            "webhooks_sealed_up_to_timestamp_seconds",
            "Up to when what is recorded has been sealed",
            sealed.timestamp(),
        )


def _heartbeats() -> GaugeMetricFamily:
    family = GaugeMetricFamily(
        "webhooks_last_seen_timestamp_seconds",
        "When a process of a kind that is needed was last seen at work, 0 for never",
        labels=["process"],
    )
    seen = heartbeats.last_seen()
    for kind in heartbeats.expected():
        family.add_metric([kind.value], seen[kind].timestamp() if kind in seen else 0)
    return family


def _open_alerts() -> GaugeMetricFamily:
    family = GaugeMetricFamily("webhooks_open_alerts", "Open alerts, by rule", labels=["rule"])
    opened = Counter(Alert.objects.filter(resolved_at=None).values_list("rule", flat=True))
    # Those that are not open too: what was never there can't be seen to end.
    for rule in {**dict.fromkeys(RULES), **opened}:
        family.add_metric([rule], opened[rule])
    return family


def _of_apps(now: datetime) -> Iterator[GaugeMetricFamily]:
    for gauges in _registered:
        yield from gauges(now)


def _gauge(name: str, help_text: str, value: float) -> GaugeMetricFamily:
    return GaugeMetricFamily(name, help_text, value)
