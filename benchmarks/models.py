"""The table of the plain view."""

from typing import ClassVar

from django.db import models


class PlainEvent(models.Model):
    """An event as the first version of a receiver would store it."""

    id = models.BigAutoField(primary_key=True)
    event_id = models.CharField(max_length=255, unique=True)
    type = models.CharField(max_length=255)
    payload = models.JSONField()
    received_at = models.DateTimeField(auto_now_add=True)

    objects: ClassVar[models.Manager["PlainEvent"]] = models.Manager()

    class Meta:
        app_label = "benchmarks"

    def __str__(self) -> str:
        return self.event_id
