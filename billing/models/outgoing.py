"""Money going out: refunds, disputes, payouts."""

from typing import ClassVar

from django.db import models

from billing.models.base import ProviderObject


class Refund(ProviderObject):
    """Money given back. One that succeeded can still fail."""

    object_type = "refund"

    charge_id = models.CharField("charge", max_length=255, blank=True)
    payment_intent_id = models.CharField("payment", max_length=255, blank=True)
    status = models.CharField(max_length=255, blank=True)
    currency = models.CharField(max_length=255, blank=True)
    amount = models.BigIntegerField(null=True, blank=True)
    reason = models.CharField(max_length=255, blank=True)
    failure_reason = models.CharField(max_length=255, blank=True)

    class Meta(ProviderObject.Meta):
        indexes: ClassVar = [
            *ProviderObject.Meta.indexes,
            models.Index(fields=["status", "-id"], name="billing_refund_status"),
            # A charge's page lists the refunds that name it.
            models.Index(fields=["charge_id"], name="billing_refund_charge"),
            models.Index(fields=["payment_intent_id"], name="billing_refund_payment"),
        ]


class Dispute(ProviderObject):
    """A charge called into question by the payer's bank. One that was lost can still be won."""

    object_type = "dispute"

    charge_id = models.CharField("charge", max_length=255, blank=True)
    payment_intent_id = models.CharField("payment", max_length=255, blank=True)
    status = models.CharField(max_length=255, blank=True)
    currency = models.CharField(max_length=255, blank=True)
    amount = models.BigIntegerField(null=True, blank=True)
    reason = models.CharField(max_length=255, blank=True)
    evidence_due_at = models.DateTimeField("evidence due", null=True, blank=True)

    class Meta(ProviderObject.Meta):
        indexes: ClassVar = [
            *ProviderObject.Meta.indexes,
            models.Index(fields=["status", "-id"], name="billing_dispute_status"),
            models.Index(fields=["charge_id"], name="billing_dispute_charge"),
            models.Index(fields=["payment_intent_id"], name="billing_dispute_payment"),
        ]


class Payout(ProviderObject):
    """Money on its way to our bank. One that was paid can still fail."""

    object_type = "payout"

    status = models.CharField(max_length=255, blank=True)
    currency = models.CharField(max_length=255, blank=True)
    amount = models.BigIntegerField(null=True, blank=True)
    arrival_at = models.DateTimeField("arrival", null=True, blank=True, help_text="as expected")
    method = models.CharField(max_length=255, blank=True)
    automatic = models.BooleanField(null=True, blank=True)
    failure_code = models.CharField(max_length=255, blank=True)
    failure_message = models.TextField(blank=True)

    class Meta(ProviderObject.Meta):
        indexes: ClassVar = [
            *ProviderObject.Meta.indexes,
            models.Index(fields=["status", "-id"], name="billing_payout_status"),
        ]
