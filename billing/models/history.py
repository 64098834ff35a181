"""What each event did to billing objects."""

from typing import ClassVar

from django.db import models
from django.utils import timezone


class BillingChange(models.Model):
    """What one event did to one object.

    It is also how an event is known to have had its say on the object, so that having it again
    changes nothing.
    """

    class Verdict(models.TextChoices):
        APPLIED = "applied", "Applied"
        UNCHANGED = "unchanged", "Nothing new"
        OLDER = "older", "Older than what is known"

    provider = models.CharField(max_length=32)
    account = models.CharField(max_length=255, blank=True)
    livemode = models.BooleanField("live mode")
    event_id = models.CharField("event", max_length=255)
    event_type = models.CharField(max_length=255)
    object_type = models.CharField("object", max_length=255)
    provider_id = models.CharField("id", max_length=255)
    verdict = models.CharField(max_length=16, choices=Verdict)
    fields = models.JSONField(
        default=dict, help_text="per field, from what to what; moments in ISO 8601"
    )
    created_at = models.DateTimeField("made", default=timezone.now)

    class Meta:
        verbose_name = "change"
        indexes: ClassVar = [
            models.Index(fields=["provider_id", "object_type"], name="billing_change_object"),
            models.Index(fields=["event_id"], name="billing_change_event"),
        ]

    def __str__(self) -> str:
        return f"{self.event_type}: {self.get_verdict_display()}"
