"""The project's settings, told apart by the environment (`.env` in development)."""

from datetime import timedelta
from pathlib import Path

import environ
from celery.schedules import crontab
from django.http import HttpRequest
from django.templatetags.static import static
from django.urls import reverse_lazy

BASE_DIR = Path(__file__).resolve().parent.parent

env = environ.Env()
env.read_env(BASE_DIR / ".env")

DEBUG = env.bool("DEBUG", default=False)
SECRET_KEY = env.str("SECRET_KEY")
SECRET_KEY_FALLBACKS = env.list("SECRET_KEY_FALLBACKS", default=[])
# The key of the audit trail's HMACs, and those it had before.
AUDIT_KEY = env.str("AUDIT_KEY", default="").strip()
AUDIT_KEY_FALLBACKS = env.list("AUDIT_KEY_FALLBACKS", default=[])
# How often what was recorded is sealed: what was altered before that can't be told. 0 is never.
AUDIT_SEAL_EVERY_MINUTES = env.int("AUDIT_SEAL_EVERY_MINUTES", default=5)
ALLOWED_HOSTS = env.list("ALLOWED_HOSTS", default=["127.0.0.1", "localhost"] if DEBUG else [])

INSTALLED_APPS = [
    "unfold",
    "unfold.contrib.filters",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "rest_framework",
    "django_filters",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "django_otp",
    "django_otp.plugins.otp_static",
    "django_otp.plugins.otp_totp",
    "axes",
    "csp",
    "webhooks",
    "billing",
    "payments_project.staff",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "payments_project.headers.HeadersMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django_otp.middleware.OTPMiddleware",
    "payments_project.staff.middleware.SecondFactorMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    # Last: it puts its own answer in the place of a login's.
    "axes.middleware.AxesMiddleware",
]

ROOT_URLCONF = "payments_project.urls"
WSGI_APPLICATION = "payments_project.wsgi.application"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ],
        },
    },
]

DATABASE_PATH = env.str("DATABASE_PATH", default=str(BASE_DIR / "data" / "app.db"))
DATABASE_URL = env.str("DATABASE_URL", default="")
if DATABASE_URL:
    DATABASES = {"default": env.db_url_config(DATABASE_URL)}
    # Connections are kept; one that has gone bad is found when it is used (see intake.record).
    DATABASES["default"]["CONN_MAX_AGE"] = None
    # Prepared statements spare PostgreSQL a sixth of the work of recording an event. PgBouncer in
    # transaction mode needs version 1.21 or newer for them.
    DATABASES["default"].setdefault("OPTIONS", {}).update(
        {"server_side_binding": True, "prepare_threshold": 5, "connect_timeout": 5}
    )
else:
    Path(DATABASE_PATH).parent.mkdir(parents=True, exist_ok=True)
    DATABASES = {
        "default": {
            "ENGINE": "django.db.backends.sqlite3",
            "NAME": DATABASE_PATH,
            "CONN_MAX_AGE": None,
            "OPTIONS": {
                # A transaction that begins by reading would be refused when it comes to write
                # and another has written since; beginning as a writer waits its turn instead.
                "transaction_mode": "IMMEDIATE",
                "timeout": 20,
                "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;",
            },
        }
    }

REDIS_URL = env.str("REDIS_URL", default="")
if REDIS_URL:
    CACHES = {
        "default": {
            "BACKEND": "django_redis.cache.RedisCache",
            "LOCATION": REDIS_URL,
            "OPTIONS": {"SOCKET_CONNECT_TIMEOUT": 0.05, "SOCKET_TIMEOUT": 0.05},
        }
    }
else:
    CACHES = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}

STRIPE_WEBHOOK_SECRET = env.str("STRIPE_WEBHOOK_SECRET", default="")
STRIPE_TOLERANCE_SECONDS = env.int("STRIPE_TOLERANCE_SECONDS", default=300)

STRIPE_API_KEY = env.str("STRIPE_API_KEY", default="").strip()
STRIPE_API_BASE = env.str("STRIPE_API_BASE", default="https://api.stripe.com")
# Whether an object's latest state is fetched: never, when events alone can't tell, or always.
STRIPE_FETCH = env.str("STRIPE_FETCH", default="undecidable")
STRIPE_FETCH_PER_SECOND = env.int("STRIPE_FETCH_PER_SECOND", default=20)
# How long a customer who has fallen behind keeps what was paid for.
BILLING_GRACE_DAYS = env.int("BILLING_GRACE_DAYS", default=7)

# Where deliveries may come from: addresses, networks, names of providers that publish theirs; and
# how their user agents begin. An endpoint's own `allowed_ips` and `allowed_user_agents` go first.
ALLOWED_WEBHOOK_IPS = env.str("ALLOWED_WEBHOOK_IPS", default="")
ALLOWED_WEBHOOK_USER_AGENTS = env.str("ALLOWED_WEBHOOK_USER_AGENTS", default="")
# How many refused deliveries a client may send in a minute, before it is told to wait.
WEBHOOK_RATE_LIMIT = env.int("WEBHOOK_RATE_LIMIT", default=100)
WEBHOOK_ALARMS = {
    "burst": 600,
    "burst_seconds": 60,
    "unproven": 5,
    "silence_seconds": 600,
    "cool_down": 1800,
}
# The doors: the last part of the URL, the provider behind it, and the setting with its secrets.
WEBHOOK_ENDPOINTS = {
    "stripe": {"provider": "stripe", "secrets_setting": "STRIPE_WEBHOOK_SECRET"},
}
CELERY_BROKER_URL = env.str("CELERY_BROKER_URL", default="")
WEBHOOK_PROCESSING = env.str(
    "WEBHOOK_PROCESSING", default="celery" if CELERY_BROKER_URL else "request"
)
WEBHOOK_MAX_BODY_BYTES = env.int("WEBHOOK_MAX_BODY_BYTES", default=1024 * 1024)
WEBHOOK_LEASE_SECONDS = 300
WEBHOOK_MAX_LOST_LEASES = 3
WEBHOOK_RETRY = {"base": 10, "factor": 3, "cap": 6 * 3600, "jitter": 0.2, "max_attempts": 12}

# Messages only wake workers up. One is acknowledged when its work is done, and comes back when its
# worker dies; a handler that hangs costs its worker well before the lease on its event ends.
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_TIME_LIMIT = 240
CELERY_TASK_DEFAULT_QUEUE = "webhooks"
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_CONNECTION_TIMEOUT = 2
if CELERY_BROKER_URL.startswith("redis"):
    CELERY_BROKER_TRANSPORT_OPTIONS = {"socket_timeout": 2, "socket_connect_timeout": 2}
CELERY_BEAT_SCHEDULE: dict[str, dict[str, object]] = {
    "sweep": {"task": "webhooks.drain", "schedule": 2.0, "options": {"expires": 10}},
    # By the clock: an interval would begin anew with each start of beat, and might never end.
    "cleanup-keys": {
        "task": "billing.cleanup_keys",
        "schedule": crontab(hour="3", minute="10"),
        "options": {"expires": 3600},
    },
    "finish-erasures": {
        "task": "billing.finish_erasures",
        "schedule": crontab(minute="40"),
        "options": {"expires": 3600},
    },
}
if AUDIT_SEAL_EVERY_MINUTES > 0:
    CELERY_BEAT_SCHEDULE["seal"] = {
        "task": "webhooks.seal",
        "schedule": AUDIT_SEAL_EVERY_MINUTES * 60.0,
        "options": {"expires": AUDIT_SEAL_EVERY_MINUTES * 60},
    }
if STRIPE_API_KEY:
    CELERY_BEAT_SCHEDULE["settle-doubts"] = {
        "task": "billing.settle_doubts",
        "schedule": 60.0,
        "options": {"expires": 60},
    }
# 0 leaves the comparing of billing state with the provider's to the command.
RECONCILE_BILLING_EVERY_HOURS = env.int("RECONCILE_BILLING_EVERY_HOURS", default=0)
RECONCILE_BILLING_REPAIR = env.bool("RECONCILE_BILLING_REPAIR", default=False)
if RECONCILE_BILLING_EVERY_HOURS:
    CELERY_BEAT_SCHEDULE["reconcile-billing"] = {
        "task": "billing.reconcile",
        "schedule": RECONCILE_BILLING_EVERY_HOURS * 3600.0,
    }
# How often providers are asked for what they could not deliver; 0 is never.
RECONCILE_EVERY_MINUTES = env.int("RECONCILE_EVERY_MINUTES", default=0)
if RECONCILE_EVERY_MINUTES > 0:
    CELERY_BEAT_SCHEDULE["reconcile"] = {
        "task": "webhooks.reconcile",
        "schedule": RECONCILE_EVERY_MINUTES * 60.0,
        "options": {"expires": RECONCILE_EVERY_MINUTES * 60},
    }

# Where the processes of this machine count for /metrics, and what reading it takes, if anything.
METRICS_DIR = env.str("METRICS_DIR", default=str(BASE_DIR / "data" / "metrics"))
METRICS_TOKEN = env.str("METRICS_TOKEN", default="").strip()

API_THROTTLE_RATE = env.str("API_THROTTLE_RATE", default="600/min")
API_ANONYMOUS_THROTTLE_RATE = env.str("API_ANONYMOUS_THROTTLE_RATE", default="60/min")

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "webhooks.api.authentication.TokenAuthentication",
        "rest_framework.authentication.SessionAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
    "DEFAULT_THROTTLE_CLASSES": [
        "webhooks.api.throttling.CallerThrottle",
        "webhooks.api.throttling.StrangerThrottle",
    ],
    "DEFAULT_PARSER_CLASSES": ["webhooks.api.parsers.StrictJSONParser"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PAGINATION_CLASS": "webhooks.api.pagination.KeysetPagination",
    "DEFAULT_FILTER_BACKENDS": ["webhooks.api.filters.StrictFilterBackend"],
    "DEFAULT_METADATA_CLASS": None,
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "EXCEPTION_HANDLER": "webhooks.api.problems.answer",
    "TEST_REQUEST_DEFAULT_FORMAT": "json",
    # A provider's JSON can hold lone surrogates, which only escapes can carry.
    "UNICODE_JSON": False,
    "URL_FORMAT_OVERRIDE": None,
    "NUM_PROXIES": env.int("TRUSTED_PROXY_COUNT", default=0),
}

SPECTACULAR_SETTINGS = {
    "TITLE": "Payments",
    "DESCRIPTION": "Billing state, the events it comes from, and what can be created at Stripe. "
    "Money is in minor units, moments are in UTC, lists are in pages: follow `next`.",
    "VERSION": "1",
    "OAS_VERSION": "3.1.1",
    "SERVE_INCLUDE_SCHEMA": False,
    "COMPONENT_SPLIT_REQUEST": True,
    "SCHEMA_PATH_PREFIX": "/api/v1/",
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "POSTPROCESSING_HOOKS": [
        "drf_spectacular.hooks.postprocess_schema_enums",
        "webhooks.api.schema.add_strictness",
        "webhooks.api.schema.add_problems",
    ],
}

AUTHENTICATION_BACKENDS = [
    # First: it refuses those who are locked out before their password is looked at.
    "axes.backends.AxesStandaloneBackend",
    "django.contrib.auth.backends.ModelBackend",
]
PASSWORD_HASHERS = [
    "django.contrib.auth.hashers.ScryptPasswordHasher",
    # For what was hashed before; a password is hashed anew when it is next used.
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {
        "NAME": "django.contrib.auth.password_validation.MinimumLengthValidator",
        "OPTIONS": {"min_length": 12},
    },
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.NumericPasswordValidator"},
]

# Whether staff need a second factor: never (off), if they set one up (optional), or always.
STAFF_SECOND_FACTOR = env.str("STAFF_SECOND_FACTOR", default="optional")
OTP_TOTP_ISSUER = "Payments"

AXES_HANDLER = "payments_project.staff.lockouts.LockoutHandler"
AXES_LOCKOUT_PARAMETERS = [["username", "ip_address"], "ip_address"]
AXES_FAILURE_LIMIT = 5
AXES_COOLOFF_TIME = timedelta(minutes=15)
# Nobody can keep somebody locked out by going on, nor fill the table.
AXES_RESET_COOL_OFF_ON_FAILURE_DURING_LOCKOUT = False
AXES_RESET_ON_SUCCESS = True
AXES_CLIENT_IP_CALLABLE = "payments_project.staff.lockouts.client_address"
AXES_USERNAME_CALLABLE = "payments_project.staff.lockouts.account"
AXES_LOCKOUT_CALLABLE = "payments_project.staff.lockouts.refusal"
# Log-ins are in the audit trail.
AXES_DISABLE_ACCESS_LOG = True
AXES_ENABLE_ADMIN = False
AXES_VERBOSE = False

# Providers don't follow redirects, and neither do probes.
SECURE_SSL_REDIRECT = env.bool("SECURE_SSL_REDIRECT", default=not DEBUG)
SECURE_REDIRECT_EXEMPT = [r"^webhooks/", r"^healthz$", r"^readyz$", r"^metrics$"]
# Without a proxy in front, the header would be anybody's to send.
TRUSTED_PROXY_COUNT = env.int("TRUSTED_PROXY_COUNT", default=0)
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if TRUSTED_PROXY_COUNT else None
SECURE_HSTS_SECONDS = 0 if DEBUG else 365 * 24 * 3600
SECURE_HSTS_INCLUDE_SUBDOMAINS = True
SECURE_HSTS_PRELOAD = True
SESSION_ENGINE = "payments_project.sessions"
# The names keep another host of the same domain from setting them; browsers demand HTTPS for it.
SESSION_COOKIE_NAME = "sessionid" if DEBUG else "__Host-sessionid"
SESSION_COOKIE_SECURE = not DEBUG
SESSION_COOKIE_HTTPONLY = True
# Strict would log out whoever follows a link to an event from a chat or an e-mail, and make the
# forms in their other tabs fail.
SESSION_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_AGE = 8 * 3600
SESSION_EXPIRE_AT_BROWSER_CLOSE = True
CSRF_COOKIE_NAME = "csrftoken" if DEBUG else "__Host-csrftoken"
CSRF_COOKIE_SECURE = not DEBUG
CSRF_COOKIE_SAMESITE = "Lax"
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
# Of whatever is no page; pages have theirs in payments_project.headers.
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": ["'none'"],
        "base-uri": ["'none'"],
        "form-action": ["'none'"],
        "frame-ancestors": ["'none'"],
    }
}

LANGUAGE_CODE = "en-us"
TIME_ZONE = "UTC"
USE_TZ = True

STATIC_URL = "static/"
STATIC_ROOT = BASE_DIR / "staticfiles"
WHITENOISE_USE_FINDERS = DEBUG

# Nothing secret may be read in the log, in an error report, or on the page for developers.
DEFAULT_EXCEPTION_REPORTER = "webhooks.monitoring.error_reports.Reporter"
DEFAULT_EXCEPTION_REPORTER_FILTER = "webhooks.monitoring.error_reports.Filter"
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "line": {
            "()": "webhooks.monitoring.logs.Formatter",
            "format": "%(asctime)s %(levelname)s %(name)s %(message)s",
        }
    },
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["console"], "level": env.str("LOG_LEVEL", default="INFO")},
    "loggers": {
        # Django's own handlers, which write without that formatter, are taken away.
        "django": {"handlers": [], "level": "INFO"},
        # A refused delivery is told once, by this project, with its code.
        "django.request": {"level": "ERROR"},
        # What it tells of those who log in is in the audit trail.
        "axes": {"level": "WARNING"},
        # What any stranger can bring about is no error of ours.
        **{
            f"django.security.{name}": {"level": "CRITICAL"}
            for name in (
                *("DisallowedHost", "RequestDataTooBig", "TooManyFieldsSent", "TooManyFilesSent"),
                "SuspiciousMultipartForm",
            )
        },
        # In more detail, Stripe's client tells what it sends and gets, client secrets included.
        "stripe": {"level": "WARNING"},
    },
}


def _screen(title: str, icon: str, model: str, **query: str) -> dict[str, object]:
    """A line of the sidebar, for those who may see the model (`app.model`)."""
    app, name = model.split(".")

    def may_view(request: HttpRequest) -> bool:
        return request.user.has_perm(f"{app}.view_{name}")

    link = reverse_lazy(f"admin:{app}_{name}_changelist", query=query or None)
    shortcut = {"active": False} if query else {}
    return {"title": title, "icon": icon, "link": link, "permission": may_view, **shortcut}


UNFOLD = {
    "SITE_TITLE": "Payments",
    "SITE_HEADER": "Payments",
    "SITE_SYMBOL": "receipt_long",
    "SHOW_HISTORY": False,
    "ENVIRONMENT": ["Development", "info"] if DEBUG else ["Production", "danger"],
    "GLOBAL_CALLBACK": "payments_project.headers.without_inline_colours",
    "STYLES": [lambda request: static("staff/admin.css")],
    "ACCOUNT": {
        "navigation": [{"title": "Second factor", "link": reverse_lazy("second-factor")}],
    },
    "DASHBOARD_CALLBACK": "webhooks.admin.dashboard.dashboard",
    "SIDEBAR": {
        "navigation": [
            {
                "title": "Webhooks",
                "items": [
                    _screen("Events", "bolt", "webhooks.webhookevent"),
                    _screen("Failed events", "error", "webhooks.webhookevent", status="failed"),
                    _screen("Refused deliveries", "block", "webhooks.refusal"),
                ],
            },
            {
                "title": "Billing",
                "items": [
                    _screen("Customers", "person", "billing.customer"),
                    _screen("Subscriptions", "autorenew", "billing.subscription"),
                    _screen("Invoices", "receipt", "billing.invoice"),
                    _screen("Payments", "payments", "billing.paymentintent"),
                    _screen("Charges", "credit_card", "billing.charge"),
                    _screen("Refunds", "undo", "billing.refund"),
                    _screen("Disputes", "gavel", "billing.dispute"),
                    _screen("Checkout sessions", "shopping_cart", "billing.checkoutsession"),
                    _screen("Payouts", "account_balance", "billing.payout"),
                ],
            },
            {
                "title": "Access",
                "items": [
                    _screen("Users", "badge", "auth.user"),
                    _screen("Groups", "group", "auth.group"),
                    _screen("API tokens", "key", "webhooks.apitoken"),
                    _screen("Audit trail", "policy", "webhooks.auditentry"),
                    {"title": "API", "icon": "api", "link": reverse_lazy("docs")},
                ],
            },
        ],
    },
}
