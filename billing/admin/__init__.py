"""The admin's screens of billing objects and keys, and what events changed on events' pages."""

from billing.admin import keys, objects
from billing.admin.events import billing_panels
from webhooks.admin.panels import event_panels

__all__ = ["keys", "objects"]

# Pushed from here: webhooks must know nothing of billing, to be of use without it.
event_panels.append(billing_panels)
