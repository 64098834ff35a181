"""What was received, who asked for it again, and each try at processing it."""

from webhooks.models.events import Attempt, EventQuerySet, Replay, Trigger, WebhookEvent

__all__ = ["Attempt", "EventQuerySet", "Replay", "Trigger", "WebhookEvent"]
