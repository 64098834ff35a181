"""What was received, who asked for it again, and each try at processing it."""

from webhooks.models.events import FETCHED, Attempt, EventQuerySet, Replay, Trigger, WebhookEvent
from webhooks.models.reconciliations import Reconciliation

__all__ = [
    "FETCHED",
    "Attempt",
    "EventQuerySet",
    "Reconciliation",
    "Replay",
    "Trigger",
    "WebhookEvent",
]
