"""The audit trail of people, commands and the system: a chain that shows every alteration."""

from typing import ClassVar, Final

from django.db import models

from webhooks.models.append_only import AppendOnly, AppendOnlyManager

SYSTEM: Final = "system"
"""The actor of what nobody asked for: seals, late redactions, settings that changed."""


class AuditEntry(AppendOnly):
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
        ALARM = "alarm.raised", "Alarm raised"
        ACKNOWLEDGED = "alert.acknowledged", "Alert acknowledged"
        MUTED = "alert.muted", "Alert muted"
        ALTERED = "audit.altered", "Row found altered"
        SEALED = "audit.sealed", "Rows sealed"
        EXPORTED = "audit.exported", "Audit trail exported"
        KEY_CHANGED = "audit.key_changed", "Audit key changed"

    # Numbered by us: a sequence of the database's leaves gaps where transactions fail.
    sequence = models.BigIntegerField(primary_key=True)
    recorded_at = models.DateTimeField("recorded")
    action = models.CharField(max_length=32, choices=Action)
    actor = models.CharField(max_length=150, help_text="the staff account or the system user")
    subject = models.CharField(
        max_length=255, blank=True, help_text="what it was done to: a model's label and a key"
    )
    details = models.JSONField(default=dict, blank=True)
    key_id = models.CharField("key", max_length=16, help_text="the id of the key that was used")
    mac = models.CharField("HMAC", max_length=64)

    objects: ClassVar[models.Manager["AuditEntry"]] = AppendOnlyManager()

    class Meta:
        verbose_name = "audit entry"
        verbose_name_plural = "audit trail"
        default_permissions = ("view",)
        permissions: ClassVar = [("export_auditentry", "Can export the audit trail")]
        indexes: ClassVar = [
            models.Index(fields=["action", "-sequence"], name="webhooks_audit_action"),
            models.Index(fields=["actor", "-sequence"], name="webhooks_audit_actor"),
            models.Index(fields=["subject", "-sequence"], name="webhooks_audit_subject"),
            models.Index(fields=["recorded_at"], name="webhooks_audit_recorded"),
        ]

    def __str__(self) -> str:
        return f"{self.sequence}: {self.get_action_display()}"


class AuditReason(models.Model):
    """The reason for what an entry tells, in words that may name people.

    They can be erased, and the entry with their keyed hash can't: so they are not in the entry.
    """

    entry = models.OneToOneField(
        AuditEntry, on_delete=models.PROTECT, primary_key=True, related_name="reason"
    )
    text = models.TextField()

    class Meta:
        default_permissions = ()

    def __str__(self) -> str:
        return self.text


class AuditHead(models.Model):
    """The end of the chain: one row, locked by whoever adds an entry."""

    sequence = models.BigIntegerField(default=0)
    mac = models.CharField(max_length=64, blank=True)
    key_id = models.CharField(max_length=16, blank=True)

    class Meta:
        default_permissions = ()

    def __str__(self) -> str:
        return f"head at {self.sequence}"


class AuditVerification(models.Model):
    """The outcome of the last `audit verify`: one row.

    In no entry of the trail, as nothing can be appended to one whose end is lost.
    """

    verified_at = models.DateTimeField()
    found = models.PositiveIntegerField(help_text="how much was not as it was recorded")

    class Meta:
        default_permissions = ()

    def __str__(self) -> str:
        return f"{self.found} found"


class Seal(AppendOnly):
    """A commitment, by keyed hashes, to some thousand rows of a table as they were at one moment.

    An entry commits to its seals by their roots, so that a seal that is altered or deleted is
    found; and a row that is altered, deleted or inserted differs from its seal. A row's fixed
    columns have a hash of their own: what may be erased later does not take part in it.

    `ids` are eight bytes each. `macs` are, in the same order, per row 16 bytes for the fixed
    columns and 16 for the erasable ones; of amended rows the latter alone; of removed ones none. A
    byte more says that the amended or removed rows had no seal before.
    """

    class Kind(models.TextChoices):
        ROWS = "rows", "Rows"
        STRAGGLERS = "stragglers", "Rows that were committed late"
        AMENDED = "amended", "Rows whose erasable part was rewritten"
        REMOVED = "removed", "Rows that were deleted"

    id = models.BigIntegerField(primary_key=True)
    entry = models.BigIntegerField(help_text="the sequence of the entry that commits to it")
    kind = models.CharField(max_length=16, choices=Kind)
    table = models.CharField(max_length=100, help_text="a model's label")
    first = models.BigIntegerField()
    last = models.BigIntegerField()
    count = models.PositiveIntegerField()
    sealed_at = models.DateTimeField("sealed")
    key_id = models.CharField("key", max_length=16, help_text="the id of the key that was used")
    ids = models.BinaryField()
    macs = models.BinaryField()
    root = models.CharField("HMAC", max_length=64)

    objects: ClassVar[models.Manager["Seal"]] = AppendOnlyManager()

    class Meta:
        default_permissions = ()
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["entry", "id"], name="webhooks_seal_entry"),
        ]
        indexes: ClassVar = [
            models.Index(fields=["table", "kind", "last"], name="webhooks_seal_range"),
        ]

    def __str__(self) -> str:
        return f"seal {self.id} of {self.table} {self.first}-{self.last} ({self.kind})"
