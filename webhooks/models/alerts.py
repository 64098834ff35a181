"""Conditions that need somebody, the messages about them, and what evaluating them goes by."""

from typing import ClassVar

from django.db import models


class Alert(models.Model):
    """A condition that needs somebody, from when it was first seen until it is resolved."""

    class Severity(models.TextChoices):
        CRITICAL = "critical", "Critical"
        WARNING = "warning", "Warning"

    rule = models.CharField(max_length=32)
    subject = models.CharField(
        max_length=64, blank=True, help_text="the endpoint or version it is about; empty for all"
    )
    severity = models.CharField(max_length=16, choices=Severity)
    text = models.CharField(max_length=500, help_text="what was found last")
    count = models.PositiveIntegerField(default=0, help_text="how many, when last looked at")
    since = models.DateTimeField(help_text="since when it has been so")
    opened_at = models.DateTimeField("opened")
    seen_at = models.DateTimeField("last seen", help_text="when it was so last")
    told_at = models.DateTimeField(help_text="when somebody was last to be told that it is so")
    acknowledged_at = models.DateTimeField("acknowledged", null=True, blank=True)
    acknowledged_by = models.CharField(max_length=150, blank=True)
    muted_until = models.DateTimeField(null=True, blank=True)
    resolved_at = models.DateTimeField("resolved", null=True, blank=True)

    class Meta:
        default_permissions = ("view",)
        permissions: ClassVar = [("handle_alert", "Can acknowledge and mute alerts")]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["rule", "subject"],
                condition=models.Q(resolved_at=None),
                name="webhooks_alert_open_once",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.rule} {self.subject}".rstrip()


class AlertMessage(models.Model):
    """A message about an alert to one address: sent once, or tried until it is given up.

    `attempts` is the fencing token, as it is an event's. The address itself holds secrets, and is
    in the settings alone.
    """

    class Kind(models.TextChoices):
        RAISED = "raised", "Raised"
        REMINDED = "reminded", "Reminded"
        RESOLVED = "resolved", "Resolved"

    alert = models.ForeignKey(Alert, on_delete=models.CASCADE, related_name="messages")
    kind = models.CharField(max_length=16, choices=Kind)
    address = models.CharField(max_length=16, help_text="a keyed hash of it")
    address_name = models.CharField("to", max_length=64, help_text="its place and its scheme")
    created_at = models.DateTimeField("created")
    due_at = models.DateTimeField(help_text="when it may next be sent; a claim moves it")
    attempts = models.PositiveIntegerField(default=0)
    error = models.CharField(max_length=100, blank=True)
    sent_at = models.DateTimeField("sent", null=True, blank=True)
    given_up_at = models.DateTimeField("given up", null=True, blank=True)

    class Meta:
        default_permissions = ()
        indexes: ClassVar = [
            models.Index(
                fields=["due_at"],
                name="webhooks_message_due",
                condition=models.Q(sent_at=None, given_up_at=None),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} to {self.address_name}"


class AlertWatch(models.Model):
    """Whose turn it is to evaluate, and how far events were looked at: one row.

    `turn` is the fencing token of whoever evaluates.
    """

    turn = models.PositiveBigIntegerField(default=0)
    next_at = models.DateTimeField(help_text="when the next turn may be taken")
    last_event = models.BigIntegerField(default=0, help_text="the last whose version is known")

    class Meta:
        default_permissions = ()

    def __str__(self) -> str:
        return f"turn {self.turn}"


class ApiVersion(models.Model):
    """A version of a provider's API that events came in."""

    provider = models.CharField(max_length=32)
    version = models.CharField(max_length=255)
    noticed_at = models.DateTimeField(
        null=True, help_text="none: it was there before anybody looked"
    )

    class Meta:
        default_permissions = ()
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["provider", "version"], name="webhooks_api_version_once"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.provider} {self.version}"
