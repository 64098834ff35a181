"""What was received, who asked for it again, each try at processing it, and the API's keys."""

from webhooks.models.events import Attempt, EventQuerySet, Replay, Trigger, WebhookEvent
from webhooks.models.tokens import ApiToken, Scope

__all__ = ["ApiToken", "Attempt", "EventQuerySet", "Replay", "Scope", "Trigger", "WebhookEvent"]
