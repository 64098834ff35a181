"""Samples of what was refused."""

from typing import ClassVar

from django.db import models

from webhooks.models.senders import LONGEST_USER_AGENT


class Refusal(models.Model):
    """One refused delivery out of `weight`, with nothing in it but what is named here.

    Rows are made by `webhooks.intake.refusals` alone, which keeps so many.
    """

    recorded_at = models.DateTimeField("refused")
    endpoint = models.CharField(max_length=64, blank=True, help_text="as the sender named it")
    code = models.CharField(max_length=32, help_text="what the sender was told")
    client = models.CharField(
        "client address", max_length=45, blank=True, help_text="empty when nothing told it"
    )
    user_agent = models.CharField(max_length=LONGEST_USER_AGENT, blank=True)
    sha256 = models.CharField(
        "SHA-256", max_length=64, blank=True, help_text="of the body; empty when it was not read"
    )
    # Summed, weights are the number of refusals though few are recorded.
    weight = models.PositiveIntegerField(
        default=1, help_text="refusals with this code at this endpoint since the last one recorded"
    )

    class Meta:
        verbose_name = "refused delivery"
        verbose_name_plural = "refused deliveries"
        indexes: ClassVar = [
            models.Index(fields=["code", "-id"], name="webhooks_refusal_code"),
            models.Index(fields=["endpoint", "-id"], name="webhooks_refusal_endpoint"),
            models.Index(fields=["client"], name="webhooks_refusal_client"),
            models.Index(fields=["recorded_at"], name="webhooks_refusal_recorded"),
        ]

    def __str__(self) -> str:
        return f"{self.code} at {self.endpoint or 'no endpoint'}"
