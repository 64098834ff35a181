"""The settings that this app reads, and their defaults."""

from collections.abc import Mapping
from typing import Any, Final

from django.conf import settings

DEFAULTS: Final[Mapping[str, Any]] = {
    "WEBHOOK_ENDPOINTS": {
        "stripe": {"provider": "stripe", "secrets_setting": "STRIPE_WEBHOOK_SECRET"}
    },
    "WEBHOOK_PROVIDERS": (),
    "STRIPE_TOLERANCE_SECONDS": 300,
    "STRIPE_API_KEY": "",
    "STRIPE_API_BASE": "https://api.stripe.com",
    "ALLOWED_WEBHOOK_IPS": "",
    "ALLOWED_WEBHOOK_USER_AGENTS": "",
    "TRUSTED_PROXY_COUNT": 0,
    "WEBHOOK_RATE_LIMIT": 100,
    "WEBHOOK_ALARMS": {},
    "WEBHOOK_ALERTS": {},
    # Of many services in one text, as the environment has it; see `webhooks.conf.alerting`.
    "ALERT_URLS": "",
    "SITE_URL": "",
    "WEBHOOK_MAX_BODY_BYTES": 1024 * 1024,
    # Floods of one event come within minutes.
    "WEBHOOK_REPLAY_CACHE_SECONDS": 3600,
    # Needs neither a broker nor a second process: right for a first try, and for few events.
    "WEBHOOK_PROCESSING": "request",
    # Longer than the workers' time limit: a handler that hangs costs its worker first.
    "WEBHOOK_LEASE_SECONDS": 300,
    "WEBHOOK_MAX_LOST_LEASES": 3,
    "WEBHOOK_RETRY": {},
    "RECONCILE_EVERY_MINUTES": 0,
    "AUDIT_KEY": "",
    "AUDIT_KEY_FALLBACKS": (),
    "AUDIT_SEAL_EVERY_MINUTES": 5,
    "METRICS_DIR": "data/metrics",
    "METRICS_TOKEN": "",
    "API_THROTTLE_RATE": "600/min",
    "API_ANONYMOUS_THROTTLE_RATE": "60/min",
    "REDIS_URL": "",
    "CELERY_BROKER_URL": "",
    "OTEL_EXPORTER_OTLP_ENDPOINT": "",
}
"""The settings that this app reads, with what holds where the host project has none.

`WEBHOOK_ENDPOINTS` has, per slug, a `provider` and the `secrets_setting` that names the setting
with its secrets; `allowed_ips` and `allowed_user_agents` are the endpoint's own, and so are
`public_key`, `webhook_id` and `notification_url`, which some providers need. `WEBHOOK_ALARMS`
and `WEBHOOK_RETRY` are keyword arguments of `AlarmPolicy` and `RetryPolicy`, `WEBHOOK_ALERTS` has
such of `AlertPolicy` per rule, or None for one that is off.
"""


def setting(name: str) -> Any:
    """Return a setting of the host project's, or its default in `DEFAULTS`."""
    return getattr(settings, name, DEFAULTS[name])
