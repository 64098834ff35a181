"""The project: settings, addresses, entry points."""

from payments_project.celery import app as celery_app

__all__ = ["celery_app"]
