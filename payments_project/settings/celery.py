"""Celery: how messages are taken, and what beat starts when."""

from celery.schedules import crontab

from payments_project.settings.apps import (
    AUDIT_SEAL_EVERY_MINUTES,
    CELERY_BROKER_URL,
    RECONCILE_BILLING_EVERY_HOURS,
    RECONCILE_EVERY_MINUTES,
    STRIPE_API_KEY,
)

# Messages only wake workers up. One is acknowledged when its work is done, and comes back when its
# worker dies; a handler that hangs costs its worker well before the lease on its event ends.
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_TIME_LIMIT = 240
CELERY_TASK_DEFAULT_QUEUE = "webhooks"
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_CONNECTION_TIMEOUT = 2
if CELERY_BROKER_URL.startswith("redis"):
    CELERY_BROKER_TRANSPORT_OPTIONS = {"socket_timeout": 2, "socket_connect_timeout": 2}
CELERY_BEAT_SCHEDULE: dict[str, dict[str, object]] = {
    "sweep": {"task": "webhooks.drain", "schedule": 2.0, "options": {"expires": 10}},
    # It expires late enough for busy workers, and so soon that an ended beat is noticed.
    "heartbeat": {"task": "webhooks.beat", "schedule": 15.0, "options": {"expires": 60}},
    "alerts": {"task": "webhooks.alerts", "schedule": 15.0, "options": {"expires": 15}},
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
if RECONCILE_BILLING_EVERY_HOURS:
    CELERY_BEAT_SCHEDULE["reconcile-billing"] = {
        "task": "billing.reconcile",
        "schedule": RECONCILE_BILLING_EVERY_HOURS * 3600.0,
    }
if RECONCILE_EVERY_MINUTES > 0:
    CELERY_BEAT_SCHEDULE["reconcile"] = {
        "task": "webhooks.reconcile",
        "schedule": RECONCILE_EVERY_MINUTES * 60.0,
        "options": {"expires": RECONCILE_EVERY_MINUTES * 60},
    }
