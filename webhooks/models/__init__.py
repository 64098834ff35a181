"""What was received, who asked for it again, each try at processing it, and the API's keys."""

from webhooks.models.events import FETCHED, Attempt, EventQuerySet, Replay, Trigger, WebhookEvent
from webhooks.models.reconciliations import Reconciliation
from webhooks.models.tokens import ApiToken, Scope

__all__ = [
    "FETCHED",
    "ApiToken",
    "Attempt",
    "EventQuerySet",
    "Reconciliation",
    "Replay",
    "Scope",
    "Trigger",
    "WebhookEvent",
]
