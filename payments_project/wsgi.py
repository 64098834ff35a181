"""The server's entry point."""

import os

from django.core import checks
from django.core.exceptions import ImproperlyConfigured
from django.core.wsgi import get_wsgi_application

from payments_project.unread_bodies import announce_close

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "payments_project.settings")

application = announce_close(get_wsgi_application())

from webhooks import audit  # noqa: E402 - its models need the apps

# Servers don't run Django's checks: without this, one that can't prove deliveries would start.
found = checks.run_checks(tags=["webhooks", "billing"])
if problems := [problem for problem in found if problem.is_serious()]:
    raise ImproperlyConfigured("\n".join(f"{p.id}: {p.msg} {p.hint or ''}" for p in problems))

# Neither is it known who changed a setting, but that it was changed, and when, is on record.
audit.note_settings()
