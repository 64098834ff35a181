"""Who pays."""

from typing import ClassVar

from django.db import models

from billing.models.base import ProviderObject


class Customer(ProviderObject):
    """Somebody who pays, or may. A balance below zero is a credit."""

    object_type = "customer"

    email = models.CharField(max_length=512, blank=True)
    name = models.TextField(blank=True)
    phone = models.TextField(blank=True)
    currency = models.CharField(max_length=255, blank=True)
    balance = models.BigIntegerField(null=True, blank=True)
    delinquent = models.BooleanField(null=True, blank=True)

    class Meta(ProviderObject.Meta):
        permissions: ClassVar = [("erase_customer", "Can erase customers' personal data")]
        indexes: ClassVar = [
            *ProviderObject.Meta.indexes,
            models.Index(fields=["email"], name="billing_customer_email"),
        ]
