"""Who is asking the provider for an object just now."""

from typing import ClassVar

from django.db import models


class FetchLock(models.Model):
    """The right to ask for one object. The row is there while somebody has it.

    Whoever does not come back loses it after `held_until`.
    """

    provider = models.CharField(max_length=32)
    account = models.CharField(max_length=255, blank=True)
    livemode = models.BooleanField()
    object_type = models.CharField(max_length=255)
    provider_id = models.CharField(max_length=255)
    token = models.CharField(max_length=32)
    held_until = models.DateTimeField()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["provider_id", "object_type", "provider", "account", "livemode"],
                name="billing_fetchlock_once",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.object_type} {self.provider_id}"
