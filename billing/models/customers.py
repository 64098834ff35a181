"""Customers."""

from typing import ClassVar

from django.db import models

from billing.models.base import ProviderObject


class Customer(ProviderObject):
    """A person or company that pays, or may. A balance below zero is a credit."""

    object_type = "customer"

    # As long as Stripe lets an address be.
    email = models.CharField(max_length=512, blank=True)
    name = models.TextField(blank=True)
    phone = models.TextField(blank=True)
    currency = models.CharField(max_length=255, blank=True)
    balance = models.BigIntegerField(null=True, blank=True)
    delinquent = models.BooleanField(null=True, blank=True)
    default_payment_method_id = models.CharField(
        "default payment method", max_length=255, blank=True, default="", db_default=""
    )

    class Meta(ProviderObject.Meta):
        permissions: ClassVar = [("erase_customer", "Can erase customers' personal data")]
        indexes: ClassVar = [
            *ProviderObject.Meta.indexes,
            # Support staff search by address.
            models.Index(fields=["email"], name="billing_customer_email"),
        ]
