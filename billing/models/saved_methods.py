"""Ways to pay that were saved, and the saving of one."""

from typing import ClassVar

from django.db import models

from billing.models.base import ProviderObject


class PaymentMethod(ProviderObject):
    """A way to pay; no customer's once it was detached.

    Of a card, brand, last digits and expiry are kept: what PCI DSS allows, and staff need.
    """

    object_type = "payment_method"

    customer_id = models.CharField("customer", max_length=255, blank=True)
    type = models.CharField(max_length=255, blank=True)
    card_brand = models.CharField(max_length=255, blank=True)
    card_funding = models.CharField(max_length=255, blank=True)
    card_last4 = models.CharField(max_length=255, blank=True)
    exp_month = models.BigIntegerField("expiry month", null=True, blank=True)
    exp_year = models.BigIntegerField("expiry year", null=True, blank=True)

    class Meta(ProviderObject.Meta):
        indexes: ClassVar = [
            *ProviderObject.Meta.indexes,
            models.Index(fields=["customer_id"], name="billing_method_customer"),
        ]


class SetupIntent(ProviderObject):
    """The saving of a way to pay, for payments to come."""

    object_type = "setup_intent"

    customer_id = models.CharField("customer", max_length=255, blank=True)
    payment_method_id = models.CharField("payment method", max_length=255, blank=True)
    status = models.CharField(max_length=255, blank=True)
    usage = models.CharField(max_length=255, blank=True)
    cancellation_reason = models.CharField(max_length=255, blank=True)
    error_code = models.CharField(max_length=255, blank=True)
    error_message = models.TextField(blank=True)

    class Meta(ProviderObject.Meta):
        indexes: ClassVar = [
            *ProviderObject.Meta.indexes,
            models.Index(fields=["status", "-id"], name="billing_setup_status"),
            models.Index(fields=["customer_id"], name="billing_setup_customer"),
            models.Index(fields=["payment_method_id"], name="billing_setup_method"),
        ]
