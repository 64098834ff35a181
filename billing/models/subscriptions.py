"""Subscriptions and invoices."""

from typing import ClassVar

from django.db import models

from billing.models.base import ProviderObject


class Subscription(ProviderObject):
    """A recurring payment of a customer's.

    `items` is a list of `billing.changes.SubscriptionItem`. The current period is the one that
    all items are in: it ends when the first of them does.
    """

    object_type = "subscription"

    customer_id = models.CharField("customer", max_length=255, blank=True)
    latest_invoice_id = models.CharField("latest invoice", max_length=255, blank=True)
    status = models.CharField(max_length=255, blank=True)
    currency = models.CharField(max_length=255, blank=True)
    collection_method = models.CharField(max_length=255, blank=True)
    # JSON, as items are read with their subscription only, and replaced as a whole.
    items = models.JSONField(default=list, blank=True)
    abridged = models.BooleanField(
        default=False,
        db_default=False,
        help_text="some of its items are not known",
    )
    current_period_start = models.DateTimeField(null=True, blank=True)
    current_period_end = models.DateTimeField(null=True, blank=True)
    trial_start = models.DateTimeField(null=True, blank=True)
    trial_end = models.DateTimeField(null=True, blank=True)
    started_at = models.DateTimeField("started", null=True, blank=True)
    cancel_at = models.DateTimeField(null=True, blank=True, help_text="when it is to be canceled")
    cancel_at_period_end = models.BooleanField(null=True, blank=True)
    canceled_at = models.DateTimeField(
        "canceled", null=True, blank=True, help_text="when somebody decided that it ends"
    )
    ended_at = models.DateTimeField("ended", null=True, blank=True)

    class Meta(ProviderObject.Meta):
        indexes: ClassVar = [
            *ProviderObject.Meta.indexes,
            models.Index(fields=["status", "-id"], name="billing_subscription_status"),
            models.Index(fields=["customer_id"], name="billing_subscription_customer"),
        ]


class Invoice(ProviderObject):
    """A bill, drafted or sent.

    The invoice itself names its payment in the provider's older shapes only; in the newer ones
    it is known once the payment was made.
    """

    object_type = "invoice"

    customer_id = models.CharField("customer", max_length=255, blank=True)
    subscription_id = models.CharField("subscription", max_length=255, blank=True)
    payment_intent_id = models.CharField("payment", max_length=255, blank=True)
    charge_id = models.CharField("charge", max_length=255, blank=True)
    abridged = models.BooleanField(
        default=False,
        db_default=False,
        help_text="some of its payments are not known",
    )
    number = models.CharField(max_length=255, blank=True)
    status = models.CharField(max_length=255, blank=True)
    currency = models.CharField(max_length=255, blank=True)
    amount_due = models.BigIntegerField(null=True, blank=True)
    amount_paid = models.BigIntegerField(null=True, blank=True)
    amount_remaining = models.BigIntegerField(null=True, blank=True)
    subtotal = models.BigIntegerField(null=True, blank=True)
    total = models.BigIntegerField(null=True, blank=True)
    billing_reason = models.CharField(max_length=255, blank=True)
    collection_method = models.CharField(max_length=255, blank=True)
    attempt_count = models.BigIntegerField(
        "attempts", null=True, blank=True, help_text="how often payment was tried"
    )
    next_payment_attempt_at = models.DateTimeField("next attempt", null=True, blank=True)
    due_at = models.DateTimeField("due", null=True, blank=True)
    period_start = models.DateTimeField(null=True, blank=True)
    period_end = models.DateTimeField(null=True, blank=True)
    # Stripe's `status_transitions`: once set, no event takes them back.
    finalized_at = models.DateTimeField("finalized", null=True, blank=True)
    paid_at = models.DateTimeField("paid", null=True, blank=True)
    voided_at = models.DateTimeField("voided", null=True, blank=True)
    marked_uncollectible_at = models.DateTimeField("marked uncollectible", null=True, blank=True)

    class Meta(ProviderObject.Meta):
        indexes: ClassVar = [
            *ProviderObject.Meta.indexes,
            models.Index(fields=["status", "-id"], name="billing_invoice_status"),
            models.Index(fields=["customer_id"], name="billing_invoice_customer"),
            # Grace for a subscription that is past due counts from its oldest unpaid invoice.
            models.Index(fields=["subscription_id"], name="billing_invoice_subscription"),
            models.Index(fields=["payment_intent_id"], name="billing_invoice_payment"),
            models.Index(fields=["charge_id"], name="billing_invoice_charge"),
        ]
