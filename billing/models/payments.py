"""Money coming in: payment intents, charges, checkout sessions."""

from typing import ClassVar

from django.db import models

from billing.models.base import ProviderObject
from billing.statuses import CheckoutPaymentStatus, CheckoutStatus


class PaymentIntent(ProviderObject):
    """A payment to be made, through as many attempts as it takes.

    It names its invoice in the provider's older shapes only.
    """

    object_type = "payment_intent"

    customer_id = models.CharField("customer", max_length=255, blank=True)
    invoice_id = models.CharField("invoice", max_length=255, blank=True)
    # Of several attempts the last one: each charge names its payment intent itself.
    latest_charge_id = models.CharField("latest charge", max_length=255, blank=True)
    status = models.CharField(max_length=255, blank=True)
    currency = models.CharField(max_length=255, blank=True)
    amount = models.BigIntegerField(null=True, blank=True)
    amount_received = models.BigIntegerField(null=True, blank=True)
    amount_capturable = models.BigIntegerField(null=True, blank=True)
    description = models.TextField(blank=True)
    canceled_at = models.DateTimeField("canceled", null=True, blank=True)
    cancellation_reason = models.CharField(max_length=255, blank=True)
    error_code = models.CharField(max_length=255, blank=True, help_text="of the last attempt")
    error_message = models.TextField(blank=True)

    class Meta(ProviderObject.Meta):
        indexes: ClassVar = [
            *ProviderObject.Meta.indexes,
            models.Index(fields=["status", "-id"], name="billing_payment_status"),
            models.Index(fields=["customer_id"], name="billing_payment_customer"),
            models.Index(fields=["invoice_id"], name="billing_payment_invoice"),
        ]


class Charge(ProviderObject):
    """One attempt to take money, and how much of it was given back.

    `refunded` means in full. It names its invoice in the provider's older shapes only.
    """

    object_type = "charge"

    customer_id = models.CharField("customer", max_length=255, blank=True)
    payment_intent_id = models.CharField("payment", max_length=255, blank=True)
    invoice_id = models.CharField("invoice", max_length=255, blank=True)
    status = models.CharField(max_length=255, blank=True)
    currency = models.CharField(max_length=255, blank=True)
    amount = models.BigIntegerField(null=True, blank=True)
    amount_captured = models.BigIntegerField(null=True, blank=True)
    amount_refunded = models.BigIntegerField(null=True, blank=True)
    paid = models.BooleanField(null=True, blank=True)
    captured = models.BooleanField(null=True, blank=True)
    refunded = models.BooleanField(null=True, blank=True, help_text="in full")
    disputed = models.BooleanField(null=True, blank=True)
    failure_code = models.CharField(max_length=255, blank=True)
    failure_message = models.TextField(blank=True)
    card_brand = models.CharField(max_length=255, blank=True)
    card_last4 = models.CharField("card's last four", max_length=255, blank=True)

    class Meta(ProviderObject.Meta):
        indexes: ClassVar = [
            *ProviderObject.Meta.indexes,
            models.Index(fields=["status", "-id"], name="billing_charge_status"),
            models.Index(fields=["customer_id"], name="billing_charge_customer"),
            models.Index(fields=["payment_intent_id"], name="billing_charge_payment"),
            models.Index(fields=["invoice_id"], name="billing_charge_invoice"),
        ]


class CheckoutSession(ProviderObject):
    """A visit to the provider's payment page."""

    object_type = "checkout.session"

    customer_id = models.CharField("customer", max_length=255, blank=True)
    subscription_id = models.CharField("subscription", max_length=255, blank=True)
    payment_intent_id = models.CharField("payment", max_length=255, blank=True)
    invoice_id = models.CharField("invoice", max_length=255, blank=True)
    client_reference_id = models.CharField(
        "reference", max_length=255, blank=True, help_text="ours, given when it was made"
    )
    customer_email = models.CharField(max_length=512, blank=True)
    mode = models.CharField(max_length=255, blank=True)
    status = models.CharField(max_length=255, blank=True)
    payment_status = models.CharField(max_length=255, blank=True)
    currency = models.CharField(max_length=255, blank=True)
    amount_subtotal = models.BigIntegerField(null=True, blank=True)
    amount_total = models.BigIntegerField(null=True, blank=True)
    expires_at = models.DateTimeField("expires", null=True, blank=True)

    class Meta(ProviderObject.Meta):
        indexes: ClassVar = [
            *ProviderObject.Meta.indexes,
            models.Index(fields=["status", "-id"], name="billing_checkout_status"),
            models.Index(fields=["customer_id"], name="billing_checkout_customer"),
            models.Index(fields=["subscription_id"], name="billing_checkout_subscription"),
            models.Index(fields=["payment_intent_id"], name="billing_checkout_payment"),
            models.Index(fields=["invoice_id"], name="billing_checkout_invoice"),
        ]

    @property
    def fulfillable(self) -> bool:
        """True when the order may be fulfilled: the session is complete and its money has come."""
        # Completed is not paid: some ways to pay take days. An unknown payment status is no money.
        return self.status == CheckoutStatus.COMPLETE and self.payment_status not in (
            "",
            CheckoutPaymentStatus.UNPAID,
        )
