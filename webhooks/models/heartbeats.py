"""When the processes that do the work were last seen."""

from django.db import models


class Heartbeat(models.Model):
    """The last sign of life of any process of a kind: one row to a kind, however many run."""

    class Kind(models.TextChoices):
        WORKER = "worker", "Worker"
        BEAT = "beat", "Beat"
        LOOP = "loop", "Loop"

    kind = models.CharField(max_length=16, primary_key=True, choices=Kind)
    seen_at = models.DateTimeField("last seen")
    host = models.CharField(max_length=64, help_text="the name of its machine")

    class Meta:
        default_permissions = ()

    def __str__(self) -> str:
        return f"{self.get_kind_display()} on {self.host}"
