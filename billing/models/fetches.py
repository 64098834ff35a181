"""Locks on fetching objects from the provider."""

from typing import ClassVar

from django.db import models


class FetchLock(models.Model):
    """The lock on fetching one object: the row is there while a worker holds it.

    After `held_until` others may take it over.
    """

    # The object need not be stored yet, so this names it and does not refer to its row.
    provider = models.CharField(max_length=32)
    account = models.CharField(max_length=255, blank=True)
    livemode = models.BooleanField()
    object_type = models.CharField(max_length=255)
    provider_id = models.CharField(max_length=255)
    # Holders are told apart by it: one whose lease ran out must not release another's lock.
    token = models.CharField(max_length=32)
    held_until = models.DateTimeField()

    class Meta:
        constraints: ClassVar = [
            # It is what makes this a lock: of those who insert at once, one succeeds.
            models.UniqueConstraint(
                fields=["provider_id", "object_type", "provider", "account", "livemode"],
                name="billing_fetchlock_once",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.object_type} {self.provider_id}"
