"""Settings of the apps: endpoints, guards, Stripe, billing, audit trail, metrics."""

import re

from payments_project.endpoints import read_aliases, read_endpoints, read_secrets
from payments_project.reading import read

WEBHOOK_ENDPOINTS = read_endpoints(read("WEBHOOK_ENDPOINTS"))
WEBHOOK_PROVIDERS = read("WEBHOOK_PROVIDERS")
WEBHOOK_ALIASES = read_aliases(read("WEBHOOK_ALIASES"), WEBHOOK_ENDPOINTS)

_ALIASES = "".join(rf"|{re.escape(path.removeprefix('/'))}/?\Z" for path in WEBHOOK_ALIASES)
MACHINE_PATHS = rf"/(?:webhooks/|(?:healthz|readyz|metrics)\Z{_ALIASES})"
"""What providers, probes and Prometheus ask for: nobody there has a session or a form."""

STRIPE_WEBHOOK_SECRET = read("STRIPE_WEBHOOK_SECRET")
# Settings of names that the environment chooses: an endpoint's secrets are named for it.
globals().update(read_secrets(WEBHOOK_ENDPOINTS))
STRIPE_TOLERANCE_SECONDS = read("STRIPE_TOLERANCE_SECONDS")

# A key that was pasted with a line end would fail with every call.
STRIPE_API_KEY = read("STRIPE_API_KEY").strip()
STRIPE_API_BASE = read("STRIPE_API_BASE")
STRIPE_FETCH = read("STRIPE_FETCH")
STRIPE_FETCH_PER_SECOND = read("STRIPE_FETCH_PER_SECOND")
BILLING_GRACE_DAYS = read("BILLING_GRACE_DAYS")

ALLOWED_WEBHOOK_IPS = read("ALLOWED_WEBHOOK_IPS")
ALLOWED_WEBHOOK_USER_AGENTS = read("ALLOWED_WEBHOOK_USER_AGENTS")
WEBHOOK_RATE_LIMIT = read("WEBHOOK_RATE_LIMIT")
CELERY_BROKER_URL = read("CELERY_BROKER_URL")
WEBHOOK_PROCESSING = read("WEBHOOK_PROCESSING", default="celery" if CELERY_BROKER_URL else None)
WEBHOOK_MAX_BODY_BYTES = read("WEBHOOK_MAX_BODY_BYTES")
WEBHOOK_REPLAY_CACHE_SECONDS = read("WEBHOOK_REPLAY_CACHE_SECONDS")

RECONCILE_BILLING_EVERY_HOURS = read("RECONCILE_BILLING_EVERY_HOURS")
RECONCILE_BILLING_REPAIR = read("RECONCILE_BILLING_REPAIR")
RECONCILE_EVERY_MINUTES = read("RECONCILE_EVERY_MINUTES")

AUDIT_KEY = read("AUDIT_KEY").strip()
AUDIT_KEY_FALLBACKS = read("AUDIT_KEY_FALLBACKS")
AUDIT_SEAL_EVERY_MINUTES = read("AUDIT_SEAL_EVERY_MINUTES")

OTEL_EXPORTER_OTLP_ENDPOINT = read("OTEL_EXPORTER_OTLP_ENDPOINT")

METRICS_DIR = read("METRICS_DIR")
METRICS_TOKEN = read("METRICS_TOKEN").strip()

ALERT_URLS = read("ALERT_URLS")
SITE_URL = read("SITE_URL")
# By rule, what differs from the table in webhooks/alerts/rules.py; None switches a rule off:
# {"events_wait": {"threshold": 600}, "refusals": None}
WEBHOOK_ALERTS: dict[str, dict[str, float] | None] = {}
