"""The server's entry point."""

import os

from django.core.exceptions import ImproperlyConfigured
from django.core.wsgi import get_wsgi_application

from payments_project.startup import insist_on_safety
from payments_project.unread_bodies import announce_close

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "payments_project.settings")

try:
    application = announce_close(get_wsgi_application())
    insist_on_safety()
except ImproperlyConfigured as error:
    # What to mend, without a traceback: no code is at fault.
    raise SystemExit(str(error)) from None

from webhooks import audit
from webhooks.alerts.watch import start_watching

# Neither is it known who changed a setting, but that it was changed, and when, is on record.
audit.note_settings()
# Last, as it may send: a server that is forked after this has the watch of its parent.
start_watching()
