"""Idempotency keys."""

from typing import ClassVar

from django.db import models


class IdempotencyKey(models.Model):
    """An operation that is to happen once, and its outcome.

    `scope` tells the owners of keys apart: `stripe` and `stripe:<account>` for calls to Stripe,
    `api:<user>` for requests of a user's. `attempts` is the fencing token: an attempt may settle
    the row only while the number is its own.
    """

    class State(models.TextChoices):
        STARTED = "started", "Started"
        COMPLETED = "completed", "Completed"
        FAILED = "failed", "Failed"  # without an outcome to repeat: to be tried again

    scope = models.CharField(max_length=255)
    key = models.CharField(max_length=255)
    parameters_hash = models.CharField(max_length=64, help_text="SHA-256 of what was asked for")
    state = models.CharField(max_length=16, choices=State, default=State.FAILED)
    attempts = models.PositiveIntegerField(default=0)
    response_status = models.PositiveSmallIntegerField(null=True, blank=True)
    # A response may hold a client secret, and personal data.
    response_body = models.TextField(blank=True, help_text="encrypted")
    response_id = models.CharField(
        max_length=255, blank=True, help_text="the object's id at the provider"
    )
    created_at = models.DateTimeField()
    locked_until = models.DateTimeField(
        null=True, blank=True, help_text="when others may take it over from who is at it"
    )
    expires_at = models.DateTimeField(help_text="from then on the key is as good as new")

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["scope", "key"], name="billing_idempotencykey_once"),
        ]
        indexes: ClassVar = [
            # For the cleanup, which must not read keys that are still in use.
            models.Index(fields=["expires_at"], name="billing_idempotencykey_expiry"),
            # For staff: by the key or its beginning, by the object, by what did not come to an end
            # or to a good one. Partial: of a million keys few are of these.
            models.Index(
                fields=["key"],
                name="billing_idempotencykey_key",
                opclasses=["varchar_pattern_ops"],
            ),
            models.Index(fields=["response_id"], name="billing_idempotencykey_object"),
            models.Index(
                fields=["state", "-id"],
                name="billing_idempotencykey_open",
                condition=~models.Q(state="completed"),
            ),
            models.Index(
                fields=["-id"],
                name="billing_idempotencykey_refused",
                condition=models.Q(response_status__gte=400),
            ),
        ]

    def __str__(self) -> str:
        # Not by the key: its caller may have made it of a name, and titles of pages show this.
        return f"{self.scope} {self.pk}"
