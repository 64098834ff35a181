"""The Celery application: `celery -A payments_project worker`, `… beat`."""

import os
from typing import Any

from celery import Celery
from celery.signals import (
    beat_init,
    setup_logging,
    worker_init,
    worker_process_shutdown,
    worker_ready,
)

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "payments_project.settings")

app = Celery("payments")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()


@app.on_configure.connect
def exit_without_settings(**_: Any) -> None:
    """Exit with what there is to mend where the settings can't be read: no code is at fault."""
    from django.conf import settings
    from django.core.exceptions import ImproperlyConfigured

    try:
        settings.SECRET_KEY  # noqa: B018 - whichever is asked for first reads all
    except ImproperlyConfigured as error:
        raise SystemExit(str(error)) from None


@setup_logging.connect
def leave_logging_alone(**_: Any) -> None:
    """Keep Celery from setting up logging: it would write tasks' lines unmasked, in its own form.

    For that it is enough that somebody is connected. `LOG_LEVEL` goes for workers and beat, too.
    """


@worker_init.connect
@beat_init.connect
def insist_on_safety(**_: Any) -> None:
    """Exit where the settings are plainly unsafe, before anything is taken from the broker."""
    import django
    from django.apps import apps
    from django.core.exceptions import ImproperlyConfigured

    from payments_project import startup

    if not apps.ready:
        django.setup()
    try:
        startup.insist_on_safety()
    except ImproperlyConfigured as error:
        # Celery logs what its signals' receivers raise, and goes on; an exit it lets through.
        raise SystemExit(str(error)) from None


@worker_ready.connect
def note_settings(**_: Any) -> None:
    """Have it on record when a worker starts with other settings than the last process did."""
    # Not at the top: Celery loads this module before the apps, and the trail's models need them.
    from webhooks import audit

    audit.note_settings()


@worker_process_shutdown.connect
def send_traces(**_: Any) -> None:
    """Send what a worker's process has not sent: Celery ends it without telling anybody else."""
    from webhooks.monitoring import traces

    traces.stop()
