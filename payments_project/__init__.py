"""The project: settings, addresses, entry points."""

from payments_project.celery import app as celery_app

__all__ = ["__version__", "celery_app"]

# Nothing is built or installed that would have a version of its own, so this is the only one. The
# admin shows it, and a test holds the changelog to it.
__version__ = "0.1.0"
