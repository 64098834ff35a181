"""The environment variables that the settings read, each with its default and its meaning.

docs/configuration.md and the tests' environment are held to these declarations. Importing this
reads no variable; payments_project.reading reads them.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

from billing.conf import DEFAULTS as BILLING
from payments_project.staff.conf import SecondFactor
from payments_project.variables import REQUIRED, ValueType, Variable
from webhooks.conf import DEFAULTS as WEBHOOKS

BASE_DIR: Final[Path] = Path(__file__).resolve().parent.parent

VARIABLES: Final[Mapping[str, tuple[Variable, ...]]] = {
    "Receiving": (
        Variable(
            "STRIPE_WEBHOOK_SECRET",
            "Stripe's signing secret; several while one is changed, the current one first",
            shown="required",
            secret=True,
        ),
        Variable(
            "WEBHOOK_ENDPOINTS",
            "the endpoints: `slug`, or `slug=provider` where these differ, comma-separated; each "
            "has variables of its own",
            ("stripe",),
            ValueType.LIST,
        ),
        Variable(
            "WEBHOOK_PROVIDERS",
            "providers of your own: dotted paths of classes or instances, comma-separated",
            WEBHOOKS["WEBHOOK_PROVIDERS"],
            ValueType.LIST,
        ),
        Variable(
            "WEBHOOK_ALIASES",
            "other addresses that lead to an endpoint: `/path=slug`, comma-separated",
            (),
            ValueType.LIST,
        ),
        Variable(
            "STRIPE_TOLERANCE_SECONDS",
            "how far a signature's time may be from now, in either direction",
            WEBHOOKS["STRIPE_TOLERANCE_SECONDS"],
            ValueType.NUMBER,
        ),
        Variable(
            "WEBHOOK_MAX_BODY_BYTES",
            "larger bodies are refused",
            WEBHOOKS["WEBHOOK_MAX_BODY_BYTES"],
            ValueType.NUMBER,
        ),
        Variable(
            "ALLOWED_WEBHOOK_IPS",
            "who may deliver: addresses, networks, or `stripe` and `telegram` for what they "
            "publish; an endpoint's own `allowed_ips` goes first",
            WEBHOOKS["ALLOWED_WEBHOOK_IPS"],
            shown="any",
        ),
        Variable(
            "ALLOWED_WEBHOOK_USER_AGENTS",
            "prefixes of user agents that may deliver; an endpoint's own `allowed_user_agents` "
            "goes first",
            WEBHOOKS["ALLOWED_WEBHOOK_USER_AGENTS"],
            shown="any",
        ),
        Variable(
            "WEBHOOK_RATE_LIMIT",
            "refused deliveries per client and minute; an IPv6 network of 64 bits is one client; "
            "0 is no limit",
            WEBHOOKS["WEBHOOK_RATE_LIMIT"],
            ValueType.NUMBER,
        ),
        Variable(
            "TRUSTED_PROXY_COUNT",
            "how many proxies stand in front; their `X-Forwarded-For` and `X-Forwarded-Proto` are "
            "believed. They must drop header names with underscores, as nginx does: to this "
            "server `X_Forwarded_For` is the same header",
            WEBHOOKS["TRUSTED_PROXY_COUNT"],
            ValueType.NUMBER,
        ),
    ),
    "Processing": (
        Variable(
            "WEBHOOK_PROCESSING",
            "where events are processed: `request`, in the request that brings them; `celery`, "
            "by workers; `loop`, by `process_events --loop`",
            WEBHOOKS["WEBHOOK_PROCESSING"],
            shown="`celery` with a broker, else `request`",
        ),
        Variable(
            "CELERY_BROKER_URL",
            "broker of the Celery workers",
            WEBHOOKS["CELERY_BROKER_URL"],
            ValueType.ADDRESS,
        ),
        Variable(
            "RECONCILE_EVERY_MINUTES",
            "how often beat asks for what was not delivered in the last three days; 0 is never",
            WEBHOOKS["RECONCILE_EVERY_MINUTES"],
            ValueType.NUMBER,
        ),
    ),
    "Stripe and billing": (
        Variable(
            "STRIPE_API_KEY",
            "for whatever asks Stripe: the latest state of objects, missed events, payments",
            WEBHOOKS["STRIPE_API_KEY"],
            secret=True,
        ),
        Variable("STRIPE_API_BASE", "another Stripe, for trials", WEBHOOKS["STRIPE_API_BASE"]),
        Variable(
            "STRIPE_FETCH",
            "when the latest state of an object is fetched: `never`, `undecidable`, `always`",
            BILLING["STRIPE_FETCH"],
        ),
        Variable(
            "STRIPE_FETCH_PER_SECOND",
            "how many objects may be fetched in a second",
            BILLING["STRIPE_FETCH_PER_SECOND"],
            ValueType.NUMBER,
        ),
        Variable(
            "BILLING_GRACE_DAYS",
            "how long a customer who falls behind keeps what was paid for",
            BILLING["BILLING_GRACE_DAYS"],
            ValueType.NUMBER,
        ),
        Variable(
            "RECONCILE_BILLING_EVERY_HOURS",
            "how often beat compares what changed with what Stripe has; 0 is never",
            BILLING["RECONCILE_BILLING_EVERY_HOURS"],
            ValueType.NUMBER,
        ),
        Variable(
            "RECONCILE_BILLING_REPAIR",
            "`true` stores what Stripe has; `false` only logs what differs",
            BILLING["RECONCILE_BILLING_REPAIR"],
            ValueType.SWITCH,
        ),
    ),
    "Database and Redis": (
        Variable(
            "DATABASE_URL",
            "PostgreSQL in production: `postgres://user:password@host/name`",
            type=ValueType.ADDRESS,
            shown="SQLite at `DATABASE_PATH`",
        ),
        Variable(
            "DATABASE_PATH",
            "where SQLite keeps its file",
            str(BASE_DIR / "data" / "app.db"),
            shown="`./data/app.db`",
        ),
        Variable(
            "REDIS_URL",
            "answers floods of duplicates, and lets servers share their rate limits; no event "
            "depends on it",
            WEBHOOKS["REDIS_URL"],
            ValueType.ADDRESS,
        ),
        Variable(
            "WEBHOOK_REPLAY_CACHE_SECONDS",
            "how long Redis remembers an event, to answer a flood of its deliveries; 0 is not",
            WEBHOOKS["WEBHOOK_REPLAY_CACHE_SECONDS"],
            ValueType.NUMBER,
        ),
    ),
    "Staff, API and audit trail": (
        Variable(
            "STAFF_SECOND_FACTOR",
            "second factor of staff: `off`, `optional` (for those who set one up), `required`",
            str(SecondFactor.OPTIONAL),
        ),
        Variable(
            "API_THROTTLE_RATE",
            "requests per token or user, refused ones included, per `s`, `min`, `hour` or `day`",
            WEBHOOKS["API_THROTTLE_RATE"],
        ),
        Variable(
            "API_ANONYMOUS_THROTTLE_RATE",
            "requests without a valid token, per client; an IPv6 network of 64 bits is one client",
            WEBHOOKS["API_ANONYMOUS_THROTTLE_RATE"],
        ),
        Variable(
            "AUDIT_KEY",
            "key of the audit trail",
            WEBHOOKS["AUDIT_KEY"],
            shown="required unless `DEBUG`",
            secret=True,
        ),
        Variable(
            "AUDIT_KEY_FALLBACKS", "former keys", WEBHOOKS["AUDIT_KEY_FALLBACKS"], ValueType.LIST
        ),
        Variable(
            "AUDIT_SEAL_EVERY_MINUTES",
            "how often beat, or `process_events --loop`, seals what was recorded; 0 is never",
            WEBHOOKS["AUDIT_SEAL_EVERY_MINUTES"],
            ValueType.NUMBER,
        ),
    ),
    "Alerts": (
        Variable(
            "ALERT_URLS",
            "whom alerts are told: addresses of apprise's, comma-separated, as `mailtos://…`, "
            "`slack://…`; without any, the admin alone tells",
            WEBHOOKS["ALERT_URLS"],
            secret=True,
        ),
        Variable(
            "SITE_URL",
            "where messages lead to: `https://payments.example.com`",
            WEBHOOKS["SITE_URL"],
            shown="`https://` and the first of `ALLOWED_HOSTS`",
        ),
    ),
    "Metrics and logs": (
        Variable(
            "METRICS_DIR",
            "where the processes of one installation count for `/metrics`; a folder of its own on "
            "each machine",
            str(BASE_DIR / WEBHOOKS["METRICS_DIR"]),
            shown=f"`./{WEBHOOKS['METRICS_DIR']}`",
        ),
        Variable(
            "METRICS_TOKEN",
            "bearer token for `/metrics`; without one anybody may read them",
            WEBHOOKS["METRICS_TOKEN"],
            secret=True,
        ),
        Variable("LOG_LEVEL", "of the log on standard error", "INFO", ValueType.LEVEL),
        Variable(
            "LOG_FORMAT",
            "of the log: `text`, or `json`, one object a line",
            "text",
            ValueType.FORMAT,
        ),
        Variable(
            "OTEL_EXPORTER_OTLP_ENDPOINT",
            "who takes traces, by OTLP over HTTP, such as `http://127.0.0.1:4318`; needs the "
            "packages of requirements-tracing.txt",
            WEBHOOKS["OTEL_EXPORTER_OTLP_ENDPOINT"],
        ),
    ),
    "Django": (
        Variable("SECRET_KEY", "Django's", REQUIRED, shown="required", secret=True),
        Variable("SECRET_KEY_FALLBACKS", "former keys, while one is changed", (), ValueType.LIST),
        Variable("DEBUG", "`true` in development only", False, ValueType.SWITCH),
        Variable("ALLOWED_HOSTS", "host names", (), ValueType.LIST),
        Variable(
            "SECURE_SSL_REDIRECT",
            "never applies to webhooks, health and metrics: a redirect would lose deliveries",
            True,
            ValueType.SWITCH,
            shown="true unless `DEBUG`",
        ),
        Variable(
            "SECURE_HSTS_INCLUDE_SUBDOMAINS",
            "browsers demand HTTPS of the host's subdomains too",
            True,
            ValueType.SWITCH,
        ),
        Variable(
            "SECURE_HSTS_PRELOAD",
            "the host may be put on the list that browsers come with",
            True,
            ValueType.SWITCH,
        ),
        Variable(
            "ENV_FILE",
            "a file with more variables, a `NAME=value` a line; the environment's own go first; "
            "empty is none",
            str(BASE_DIR / ".env"),
            shown="`./.env`, where there is one",
        ),
    ),
}
"""By what they are for, in the order of docs/configuration.md."""


def declared() -> Iterator[Variable]:
    """Return every variable."""
    for variables in VARIABLES.values():
        yield from variables
