"""What is for sale, and for how much less."""

from typing import ClassVar

from django.db import models

from billing.models.base import ProviderObject


class Product(ProviderObject):
    """Something for sale."""

    object_type = "product"

    name = models.TextField(blank=True)
    description = models.TextField(blank=True)
    active = models.BooleanField(null=True, blank=True)
    default_price_id = models.CharField("default price", max_length=255, blank=True)


class Price(ProviderObject):
    """A product's price.

    `unit_amount_decimal` is exact, in minor units; `unit_amount` is null where that is no whole
    number. `tiers` is a list of `billing.changes.PriceTier`, known once the price was asked for.
    """

    object_type = "price"

    product_id = models.CharField("product", max_length=255, blank=True)
    active = models.BooleanField(null=True, blank=True)
    nickname = models.TextField(blank=True)
    lookup_key = models.CharField(max_length=255, blank=True)
    type = models.CharField(max_length=255, blank=True)
    currency = models.CharField(max_length=255, blank=True)
    unit_amount = models.BigIntegerField(null=True, blank=True)
    unit_amount_decimal = models.CharField(max_length=64, blank=True)
    billing_scheme = models.CharField(max_length=255, blank=True)
    tiers = models.JSONField(default=list, blank=True)
    tiers_mode = models.CharField(max_length=255, blank=True)
    interval = models.CharField(max_length=255, blank=True)
    interval_count = models.BigIntegerField(null=True, blank=True)
    usage_type = models.CharField(max_length=255, blank=True)
    tax_behavior = models.CharField(max_length=255, blank=True)

    class Meta(ProviderObject.Meta):
        indexes: ClassVar = [
            *ProviderObject.Meta.indexes,
            models.Index(fields=["product_id"], name="billing_price_product"),
            # Entitlements are asked for by it.
            models.Index(fields=["lookup_key"], name="billing_price_lookup"),
        ]


class Coupon(ProviderObject):
    """A reduction: by `percent_off`, as decimal text, or by `amount_off`."""

    object_type = "coupon"

    name = models.TextField(blank=True)
    percent_off = models.CharField(max_length=32, blank=True)
    amount_off = models.BigIntegerField(null=True, blank=True)
    currency = models.CharField(max_length=255, blank=True)
    duration = models.CharField(max_length=255, blank=True)
    duration_in_months = models.BigIntegerField(null=True, blank=True)
    max_redemptions = models.BigIntegerField(null=True, blank=True)
    times_redeemed = models.BigIntegerField(null=True, blank=True)
    redeem_by = models.DateTimeField(null=True, blank=True)
    valid = models.BooleanField(null=True, blank=True)


class PromotionCode(ProviderObject):
    """A code that customers type in to have a coupon. With a customer it is that one's alone."""

    object_type = "promotion_code"

    code = models.TextField(blank=True)
    coupon_id = models.CharField("coupon", max_length=255, blank=True)
    customer_id = models.CharField("customer", max_length=255, blank=True)
    active = models.BooleanField(null=True, blank=True)
    max_redemptions = models.BigIntegerField(null=True, blank=True)
    times_redeemed = models.BigIntegerField(null=True, blank=True)
    expires_at = models.DateTimeField("expires", null=True, blank=True)

    class Meta(ProviderObject.Meta):
        indexes: ClassVar = [
            *ProviderObject.Meta.indexes,
            models.Index(fields=["coupon_id"], name="billing_promotion_coupon"),
            models.Index(fields=["customer_id"], name="billing_promotion_customer"),
        ]


class Discount(ProviderObject):
    """A coupon as it is applied to a customer, a subscription or an invoice."""

    object_type = "discount"

    coupon_id = models.CharField("coupon", max_length=255, blank=True)
    promotion_code_id = models.CharField("promotion code", max_length=255, blank=True)
    customer_id = models.CharField("customer", max_length=255, blank=True)
    subscription_id = models.CharField("subscription", max_length=255, blank=True)
    invoice_id = models.CharField("invoice", max_length=255, blank=True)
    started_at = models.DateTimeField("started", null=True, blank=True)
    ends_at = models.DateTimeField("ends", null=True, blank=True)

    class Meta(ProviderObject.Meta):
        indexes: ClassVar = [
            *ProviderObject.Meta.indexes,
            models.Index(fields=["coupon_id"], name="billing_discount_coupon"),
            models.Index(fields=["promotion_code_id"], name="billing_discount_promotion"),
            models.Index(fields=["customer_id"], name="billing_discount_customer"),
            models.Index(fields=["subscription_id"], name="billing_discount_subscription"),
            models.Index(fields=["invoice_id"], name="billing_discount_invoice"),
        ]
