"""The keys that programs call the API with."""

from datetime import datetime
from typing import Final

from django.conf import settings
from django.db import models

PREFIX_LENGTH: Final = 12
"""The part of a key that is kept to tell it by: eight of its 43 random characters."""


class Scope(models.TextChoices):
    """A use of the API that a token may be for, within what its user may do."""

    EVENTS_READ = "events:read", "Read events"
    EVENTS_REPLAY = "events:replay", "Re-run events"
    BILLING_READ = "billing:read", "Read billing state"
    BILLING_WRITE = "billing:write", "Create payments, checkout sessions and refunds"


class ApiToken(models.Model):
    """A user's key to the API. Only its SHA-256 is kept: it can be recognised, never shown again.

    Made and revoked by `webhooks.tokens` alone.
    """

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="api_tokens"
    )
    name = models.CharField(max_length=100, help_text="what it is used by")
    prefix = models.CharField("begins with", max_length=PREFIX_LENGTH)
    # Of 43 random characters a plain hash is enough: there is nothing to guess.
    sha256 = models.CharField("SHA-256", max_length=64, unique=True, help_text="of the key")
    scopes = models.JSONField(default=list)
    created_at = models.DateTimeField("created")
    expires_at = models.DateTimeField("expires", null=True, blank=True)
    # To the minute: a program that calls often would write the row at each call.
    last_used_at = models.DateTimeField(
        "last used", null=True, blank=True, help_text="to the minute"
    )
    revoked_at = models.DateTimeField("revoked", null=True, blank=True)

    class Meta:
        verbose_name = "API token"

    def __str__(self) -> str:
        return f"{self.prefix}… {self.name}"

    def is_valid(self, now: datetime) -> bool:
        """True while it opens anything: not revoked, and not past its time."""
        return self.revoked_at is None and (self.expires_at is None or now < self.expires_at)
