"""What the books are kept by: credit notes, and every movement of the balance."""

from typing import ClassVar

from django.db import models

from billing.models.base import ProviderObject


class CreditNote(ProviderObject):
    """A reduction of an invoice after it was made final."""

    object_type = "credit_note"

    customer_id = models.CharField("customer", max_length=255, blank=True)
    invoice_id = models.CharField("invoice", max_length=255, blank=True)
    number = models.CharField(max_length=255, blank=True)
    status = models.CharField(max_length=255, blank=True)
    type = models.CharField(max_length=255, blank=True)
    reason = models.CharField(max_length=255, blank=True)
    memo = models.TextField(blank=True)
    currency = models.CharField(max_length=255, blank=True)
    amount = models.BigIntegerField(null=True, blank=True)
    subtotal = models.BigIntegerField(null=True, blank=True)
    total = models.BigIntegerField(null=True, blank=True)
    out_of_band_amount = models.BigIntegerField(null=True, blank=True)
    voided_at = models.DateTimeField("voided", null=True, blank=True)

    class Meta(ProviderObject.Meta):
        indexes: ClassVar = [
            *ProviderObject.Meta.indexes,
            models.Index(fields=["status", "-id"], name="billing_credit_note_status"),
            models.Index(fields=["customer_id"], name="billing_credit_note_customer"),
            models.Index(fields=["invoice_id"], name="billing_credit_note_invoice"),
        ]


class BalanceTransaction(ProviderObject):
    """A movement of our balance at the provider: `net` is `amount` less `fee`.

    No event tells of it: it is asked for.
    """

    object_type = "balance_transaction"

    type = models.CharField(max_length=255, blank=True)
    reporting_category = models.CharField(max_length=255, blank=True)
    status = models.CharField(max_length=255, blank=True)
    currency = models.CharField(max_length=255, blank=True)
    amount = models.BigIntegerField(null=True, blank=True)
    fee = models.BigIntegerField(null=True, blank=True)
    net = models.BigIntegerField(null=True, blank=True)
    source_id = models.CharField("source", max_length=255, blank=True, help_text="what moved it")
    available_at = models.DateTimeField("available", null=True, blank=True)

    class Meta(ProviderObject.Meta):
        indexes: ClassVar = [
            *ProviderObject.Meta.indexes,
            models.Index(fields=["status", "-id"], name="billing_balance_status"),
            models.Index(fields=["source_id"], name="billing_balance_source"),
        ]
