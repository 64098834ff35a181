"""Wiring of what brings faults about; installed by `tests.faults.settings` only."""

from celery.signals import task_postrun
from django.apps import AppConfig
from django.db.backends.signals import connection_created


class FaultsConfig(AppConfig):
    """Has effects that can be counted, and points at which a process can be ended."""

    name = "tests.faults"

    def ready(self) -> None:
        import tests.faults.handlers  # noqa: F401
        from tests.faults import points, settings
        from webhooks import tasks

        tasks.TURN_SECONDS = settings.TURN_SECONDS
        connection_created.connect(points.watch)
        task_postrun.connect(points.task_is_done)
