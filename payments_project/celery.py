"""The Celery application: `celery -A payments_project worker`, `… beat`."""

import os
from typing import Any

from celery import Celery
from celery.signals import worker_ready

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "payments_project.settings")

app = Celery("payments")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()


@worker_ready.connect
def note_settings(**_: Any) -> None:
    """Have it on record when a worker starts with other settings than the last process did."""
    # Not at the top: Celery loads this module before the apps, and the trail's models need them.
    from webhooks import audit

    audit.note_settings()
