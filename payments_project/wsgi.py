"""The server's entry point."""

import os

from django.core.wsgi import get_wsgi_application

from payments_project.startup import insist_on_safety
from payments_project.unread_bodies import announce_close

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "payments_project.settings")

application = announce_close(get_wsgi_application())

from webhooks import audit  # noqa: E402 - its models need the apps

insist_on_safety()

# Neither is it known who changed a setting, but that it was changed, and when, is on record.
audit.note_settings()
