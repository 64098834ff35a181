"""The history of billing objects."""

from typing import ClassVar

from django.db import models
from django.utils import timezone

from billing.ordering import OrderingReason


class BillingChange(models.Model):
    """An entry of the history: what one event, or one answer from the provider, did to one object.

    It is also the proof that an event was applied to the object, so that its next attempt changes
    nothing.
    """

    class Verdict(models.TextChoices):
        APPLIED = "applied", "Applied"
        UNCHANGED = "unchanged", "Nothing new"
        OLDER = "older", "Older than what is known"
        UNDECIDABLE = "undecidable", "Can't be told from events"

    class Source(models.TextChoices):
        EVENT = "event", "Event"
        FETCH = "fetch", "Asked because of an event"
        REPAIR = "repair", "Mended"

    provider = models.CharField(max_length=32)
    account = models.CharField(max_length=255, blank=True)
    livemode = models.BooleanField("live mode")
    event_id = models.CharField(
        "event", max_length=255, blank=True, help_text="none for what was mended"
    )
    # The type is kept beside the id: the cleanup deletes events, and leaves the history.
    event_type = models.CharField(max_length=255, blank=True)
    object_type = models.CharField("object", max_length=255)
    provider_id = models.CharField("id", max_length=255)
    source = models.CharField(max_length=16, choices=Source, default=Source.EVENT)
    verdict = models.CharField(max_length=16, choices=Verdict)
    reason = models.CharField(
        max_length=16, choices=OrderingReason, help_text="how what counts was told from the rest"
    )
    fields = models.JSONField(
        default=dict, help_text="per field, from what to what; moments in ISO 8601"
    )
    created_at = models.DateTimeField("made", default=timezone.now)

    class Meta:
        verbose_name = "change"
        indexes: ClassVar = [
            # An object's page shows its history, and an event's page what the event did.
            models.Index(fields=["provider_id", "object_type"], name="billing_change_object"),
            models.Index(fields=["event_id"], name="billing_change_event"),
        ]

    def __str__(self) -> str:
        return f"{self.event_type}: {self.get_verdict_display()}"
