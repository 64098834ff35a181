"""The counters and histograms of `/metrics`."""

# Labels have few values, and none that a stranger can choose: each value is a series that a
# monitoring system keeps for ever.

from collections.abc import Iterable, Mapping
from typing import Any, Final

from prometheus_client import Counter, Histogram, Metric

from webhooks import conf
from webhooks.monitoring import process_counters

REFUSALS: Final = Counter(
    "webhooks_refusals_total", "Deliveries refused, by code", ["endpoint", "code"]
)
RATE_LIMITED: Final = Counter(
    "webhooks_rate_limited_total", "Deliveries refused as their client had failed too often"
)
LIMITER_FAILURES: Final = Counter(
    "webhooks_limiter_failures_total", "Requests let through as the rate limiter failed"
)
INVALID_SIGNATURES: Final = Counter(
    "billing_webhook_invalid_sig_total", "Deliveries that were not proven by a signature"
)
REPLAYS_BLOCKED: Final = Counter(
    "billing_webhook_replay_block_total", "Deliveries of events that were already recorded"
)
IDEMPOTENT_HITS: Final = Counter(
    "idempotent_hits_total", "What was asked for again and not done again", ["operation"]
)
ALARMS: Final = Counter("webhooks_alarms_total", "Alarms raised, by what they are about", ["alarm"])
DELIVERIES: Final = Histogram(
    "webhooks_delivery_seconds",
    "Deliveries received, and how long proving, recording and processing them here took",
    ["endpoint"],
    buckets=(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10),
)
FORMER_SECRETS: Final = Counter(
    "webhooks_former_secret_total", "Deliveries that only a former secret proved", ["endpoint"]
)
FETCHED_EVENTS: Final = Counter(
    "webhooks_fetched_events_total", "Events that never reached us and were fetched", ["provider"]
)
ATTEMPTS: Final = Histogram(
    "webhooks_attempt_seconds",
    "Attempts at processing an event, by outcome, and how long they took",
    ["outcome"],
    buckets=(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 5, 30, 120),
)
PROVIDER_CALLS: Final = Histogram(
    "webhooks_provider_call_seconds",
    "Calls to a provider, by operation and outcome, and how long they took",
    ["provider", "operation", "outcome"],
    buckets=(0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30),
)
HANDLER_FAILURES: Final = Counter(
    "webhooks_handler_failures_total", "Handlers that failed in an attempt, by name", ["handler"]
)
HANDLERS: Final = Histogram(
    "webhooks_handler_seconds",
    "Handlers that were run in an attempt, by outcome, and how long they took",
    ["handler", "outcome"],
    buckets=(0.001, 0.005, 0.025, 0.1, 0.5, 1, 5, 30),
)

_REPLAYED_DELIVERIES: Final = IDEMPOTENT_HITS.labels("webhook")


def collect() -> Iterable[Metric]:
    """Return everything above, as counted by all processes of this machine."""
    # A series that begins at 1 has not risen: an alert would miss the first of its kind.
    for endpoint in conf.endpoints():
        FETCHED_EVENTS.labels(endpoint.provider)
        for counted in (DELIVERIES, FORMER_SECRETS):
            counted.labels(endpoint.slug)
    return process_counters.collect()


def delivered(endpoint: str, seconds: float, repeated: int) -> None:
    """Count an accepted delivery, and how many of its events were there before."""
    DELIVERIES.labels(endpoint).observe(seconds)
    if repeated:
        REPLAYS_BLOCKED.inc(repeated)
        _REPLAYED_DELIVERIES.inc(repeated)


def attempted(outcome: str, seconds: float, handlers: list[Mapping[str, Any]]) -> None:
    """Count an attempt that is committed."""
    ATTEMPTS.labels(outcome).observe(seconds)
    for handler in handlers:
        name, ended = handler["name"], handler["outcome"]
        if ended != "skipped":
            HANDLERS.labels(name, ended).observe(handler["ms"] / 1000)
        if ended == "failed":
            HANDLER_FAILURES.labels(name).inc()
