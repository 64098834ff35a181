"""Each try at processing an event."""

from typing import ClassVar

from django.db import models

from webhooks.models.events import WebhookEvent
from webhooks.models.replays import Replay, Trigger


class Attempt(models.Model):
    """One try at processing an event, written in the transaction that it describes.

    The one with the number 0 is the answer that the sender was given, where it wants one.
    """

    class Outcome(models.TextChoices):
        PROCESSED = "processed", "Processed"
        IGNORED = "ignored", "Ignored"
        RETRYING = "retrying", "Will be retried"
        FAILED = "failed", "Failed"

    event = models.ForeignKey(WebhookEvent, on_delete=models.CASCADE, related_name="attempt_set")
    number = models.PositiveIntegerField()
    trigger = models.CharField(max_length=16, choices=Trigger)
    replay = models.ForeignKey(
        Replay, null=True, blank=True, on_delete=models.PROTECT, related_name="attempts"
    )
    started_at = models.DateTimeField()
    duration_ms = models.FloatField("duration (ms)")
    outcome = models.CharField(max_length=16, choices=Outcome)
    # As text, not rows: they are read with their attempt, and never by themselves.
    handlers = models.JSONField(
        default=list, help_text="per handler: name, outcome (succeeded, failed, skipped), ms, error"
    )
    error = models.TextField(blank=True)

    class Meta:
        # Two claimants of one event can't both settle it.
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["event", "number"], name="webhooks_attempt_once"),
        ]

    def __str__(self) -> str:
        return f"Attempt {self.number}: {self.get_outcome_display()}"
