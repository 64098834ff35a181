"""The project's settings, with waits cut short and an app that brings faults about."""

from payments_project.settings import *  # noqa: F403
from payments_project.settings import CELERY_BEAT_SCHEDULE, INSTALLED_APPS

INSTALLED_APPS = [*INSTALLED_APPS, "tests.faults"]

# In the order that matters: a worker's turn, the limit on a task, the lease.
TURN_SECONDS = 0.5
CELERY_TASK_TIME_LIMIT = 1.5  # type: ignore[assignment]
WEBHOOK_LEASE_SECONDS = 2
WEBHOOK_RETRY = {"base": 0.1, "factor": 1, "jitter": 0, "max_attempts": 8}
CELERY_BEAT_SCHEDULE = {"sweep": {**CELERY_BEAT_SCHEDULE["sweep"], "schedule": 0.3}}
