"""The admin's screens of billing objects, and what events changed on the pages of events."""

from billing.admin import objects
from billing.admin.events import billing_panels
from webhooks.admin.panels import event_panels

__all__ = ["objects"]

# Pushed from here: webhooks must know nothing of billing, to be of use without it.
event_panels.append(billing_panels)
