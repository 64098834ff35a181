"""Erasures of personal data, recorded so that it is not stored again."""

from typing import ClassVar

from django.db import models

from webhooks.events import ObjectScope


class ErasureRequest(models.Model):
    """The erasing of a customer, by the provider's id. It is never over: see `SuppressedId`."""

    provider = models.CharField(max_length=32)
    account = models.CharField(max_length=255, blank=True)
    livemode = models.BooleanField("live mode")
    customer_id = models.CharField("customer", max_length=255)
    actor = models.CharField(max_length=150, help_text="the staff account or the system user")
    begun_at = models.DateTimeField("begun")
    # Emptied again when later events name ids that take a search.
    finished_at = models.DateTimeField(
        "finished", null=True, blank=True, help_text="none: it was interrupted, run it again"
    )

    class Meta:
        db_table = "webhooks_erasure"
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["customer_id", "provider", "account", "livemode"],
                name="webhooks_erasure_once",
            ),
        ]

    def __str__(self) -> str:
        return self.customer_id

    @property
    def scope(self) -> ObjectScope:
        """The provider, account and mode that the person was a customer in."""
        return ObjectScope(provider=self.provider, account=self.account, livemode=self.livemode)

    @property
    def subject(self) -> str:
        """The person as the audit trail names it: by the provider's id alone."""
        return f"billing.customer:{self.customer_id}"[:255]


class SuppressedId(models.Model):
    """An id of an erased person's: what comes in about it later is stored redacted.

    Nothing but the provider's id is kept. The customer itself is one of them.
    """

    # PROTECT: without its request nobody would know whom a suppressed id belongs to.
    erasure = models.ForeignKey(
        ErasureRequest, on_delete=models.PROTECT, related_name="objects_erased"
    )
    provider = models.CharField(max_length=32)
    account = models.CharField(max_length=255, blank=True)
    livemode = models.BooleanField("live mode")
    object_id = models.CharField("id", max_length=255)
    # Whoever can write SQL could have anybody's events redacted otherwise. With a default of the
    # database's, as servers of the version before store ids too while they still run.
    mac = models.CharField(
        "HMAC", max_length=64, db_default="", help_text="of the id and its erasure"
    )

    # The scope is repeated here so that one index answers for each event that comes in.
    class Meta:
        db_table = "webhooks_erased"
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["object_id", "provider", "account", "livemode"], name="webhooks_erased_once"
            ),
        ]

    def __str__(self) -> str:
        return self.object_id
