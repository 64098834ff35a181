"""What people, commands and the system did, in a chain that shows every alteration."""

from typing import ClassVar

from django.db import models


class AuditEntry(models.Model):
    """One act on record. Rows are made by `webhooks.audit.record` alone, and never change.

    Entries are numbered without gaps. `mac` is the HMAC of all of an entry, the `mac` of the one
    before included, so that altering or removing one breaks the chain. Nothing in an entry may
    identify a person other than staff: it could never be erased.
    """

    class Action(models.TextChoices):
        PAYLOAD_VIEWED = "payload.viewed", "Raw payload viewed"
        RERUN = "event.rerun", "Events re-run"
        FORCED = "event.forced", "Events re-run, with what had succeeded"
        IGNORED = "event.ignored", "Events ignored"
        RELEASED = "event.released", "Event released"
        CLEANED_UP = "event.cleaned_up", "Events cleaned up"
        ERASED = "customer.erased", "Personal data erased"
        COMMAND = "command.run", "Command run"
        SETTINGS = "settings.changed", "Settings changed"
        LOGIN = "staff.login", "Logged in"
        LOGIN_FAILED = "staff.login_failed", "Log-in failed"
        LOGOUT = "staff.logout", "Logged out"
        PERMISSIONS = "staff.permissions", "Permissions changed"
        SECOND_FACTOR = "staff.second_factor", "Second factor changed"
        TOKEN_MADE = "token.made", "API token made"
        TOKEN_REVOKED = "token.revoked", "API token revoked"
        SEALED = "audit.sealed", "Rows sealed"
        EXPORTED = "audit.exported", "Audit trail exported"
        KEY_CHANGED = "audit.key_changed", "Audit key changed"

    sequence = models.BigIntegerField(primary_key=True)
    recorded_at = models.DateTimeField("recorded")
    action = models.CharField(max_length=32, choices=Action)
    actor = models.CharField(max_length=150, help_text="the staff account or the system user")
    subject = models.CharField(
        max_length=255, blank=True, help_text="what it was done to: a model's label and a key"
    )
    details = models.JSONField(default=dict, blank=True)
    key_id = models.CharField("key", max_length=16, help_text="a fingerprint of the key")
    mac = models.CharField("HMAC", max_length=64)

    class Meta:
        verbose_name = "audit entry"
        verbose_name_plural = "audit trail"
        permissions: ClassVar = [("export_auditentry", "Can export the audit trail")]
        indexes: ClassVar = [
            models.Index(
                fields=["-sequence"],
                name="webhooks_audit_sealed",
                condition=models.Q(action="audit.sealed"),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.sequence}: {self.get_action_display()}"


class AuditHead(models.Model):
    """The end of the chain: one row, locked by whoever adds an entry."""

    sequence = models.BigIntegerField(default=0)
    mac = models.CharField(max_length=64, blank=True)

    def __str__(self) -> str:
        return f"head at {self.sequence}"
