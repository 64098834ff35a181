"""The requests to bring back what never reached us."""

from django.db import models


class Reconciliation(models.Model):
    """A look through a provider's own list of events for those that we never received.

    It goes from the newest event back to `since`, and what it has done is kept after each page,
    so that one that was interrupted goes on from `cursor`.
    """

    provider = models.CharField(max_length=32)
    account = models.CharField(
        max_length=255, blank=True, help_text="the connected account; empty for our own"
    )
    since = models.DateTimeField()
    undelivered_only = models.BooleanField(
        default=False, help_text="only events that the provider could not deliver everywhere"
    )
    actor = models.CharField(max_length=150, help_text="the system user, or the schedule")
    created_at = models.DateTimeField()
    # An id and not a page number: the list grows at its head while it is read.
    cursor = models.CharField(
        max_length=255, blank=True, help_text="the last event of the last page that is done with"
    )
    seen = models.PositiveBigIntegerField(default=0, help_text="events that the provider listed")
    recorded = models.PositiveBigIntegerField(default=0, help_text="those that we did not have")
    finished_at = models.DateTimeField(null=True, blank=True)

    def __str__(self) -> str:
        return f"Reconciliation {self.pk} with {self.provider} by {self.actor}"
