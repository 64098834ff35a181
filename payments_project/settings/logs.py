"""Logs and error reports."""

import logging

from payments_project.reading import read

# Nothing secret may be read in the log, in an error report, or on the page for developers.
# Python's warnings go the same way, or they would be neither masked nor of the same format.
logging.captureWarnings(True)
# No line tells of processes, and to find their names out is a part of what each line costs.
logging.logProcesses = logging.logMultiprocessing = False
FORMATTERS = {
    "text": {
        "()": "webhooks.monitoring.logs.Formatter",
        "format": "%(asctime)s %(levelname)s %(name)s %(message)s",
    },
    "json": {"()": "webhooks.monitoring.logs.JsonFormatter"},
}
DEFAULT_EXCEPTION_REPORTER = "webhooks.monitoring.error_reports.Reporter"
DEFAULT_EXCEPTION_REPORTER_FILTER = "webhooks.monitoring.error_reports.Filter"
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": FORMATTERS[read("LOG_FORMAT")]},
    "handlers": {
        "console": {"class": "webhooks.monitoring.log_stream.Handler", "formatter": "line"}
    },
    "root": {"handlers": ["console"], "level": read("LOG_LEVEL")},
    "loggers": {
        # Django's and granian's own handlers, which write without that formatter, are taken away.
        "django": {"handlers": [], "level": "INFO"},
        "_granian": {"handlers": [], "propagate": True},
        "granian.access": {"handlers": [], "propagate": True},
        # A refused delivery is told once, by this project, with its code.
        "django.request": {"level": "ERROR"},
        # Of each message, every two seconds, when there is nothing to do: what is done is told.
        **{
            f"celery.{name}": {"level": "WARNING"}
            for name in ("app.trace", "beat", "worker.strategy")
        },
        # What it tells of those who log in is in the audit trail.
        "axes": {"level": "WARNING"},
        # What anybody can bring about by an address or a body is no error of ours.
        **{
            f"django.security.{name}": {"level": "CRITICAL"}
            for name in (
                *("DisallowedHost", "RequestDataTooBig", "TooManyFieldsSent", "TooManyFilesSent"),
                *("SuspiciousMultipartForm", "DisallowedModelAdminLookup"),
                "DisallowedModelAdminToField",
            )
        },
        # In more detail, Stripe's client tells what it sends and gets, client secrets included.
        "stripe": {"level": "WARNING"},
        # The same of whom alerts are sent to: an address's path may be a token.
        "urllib3": {"level": "WARNING"},
    },
}
