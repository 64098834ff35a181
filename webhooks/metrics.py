"""What is counted, for `/metrics`. Labels have few values, none of them a stranger's to choose."""

from typing import Final

from prometheus_client import Counter

REFUSALS: Final = Counter(
    "webhooks_refusals_total", "Deliveries refused, by code", ["endpoint", "code"]
)
RATE_LIMITED: Final = Counter(
    "webhooks_rate_limited_total", "Deliveries refused as their client had failed too often"
)
LIMITER_FAILURES: Final = Counter(
    "webhooks_limiter_failures_total", "Deliveries let through as the rate limiter failed"
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
