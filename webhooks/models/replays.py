"""The requests to process events again."""

from django.db import models


class Trigger(models.TextChoices):
    """The occasion of an attempt."""

    DELIVERY = "delivery", "Delivery"
    ANSWER = "answer", "Answer"
    RETRY = "retry", "Retry"
    SWEEP = "sweep", "Sweep"
    STAFF = "staff", "Staff"
    COMMAND = "command", "Command"
    RECONCILIATION = "reconcile", "Reconciliation"
    API = "api", "API"


class Replay(models.Model):
    """A request to process events again: who asked, why, and how."""

    trigger = models.CharField(max_length=16, choices=Trigger)
    actor = models.CharField(max_length=150, help_text="the staff account or the system user")
    reason = models.TextField(blank=True)
    force = models.BooleanField(
        default=False, help_text="also run the handlers that had already succeeded"
    )
    created_at = models.DateTimeField()
    selection = models.JSONField(
        default=dict, help_text="which events, as the command was asked, for it to resume"
    )
    # With the selection, all that it takes to go on after an interruption.
    cursor = models.BigIntegerField(default=0, help_text="the last event made due so far")
    # Empty while it runs, and of one that was interrupted.
    finished_at = models.DateTimeField(null=True, blank=True)

    def __str__(self) -> str:
        return f"{self.get_trigger_display()} re-run by {self.actor}"
