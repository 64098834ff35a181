"""Billing objects, as the API shows them: fields named like the models'."""

from typing import Any, ClassVar

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from billing import models
from webhooks.api.fields import Shown


@extend_schema_field({"type": "object", "additionalProperties": {}})
class Metadata(serializers.JSONField):
    """What the provider keeps for us, as it is."""


class ItemSerializer(serializers.Serializer[Any]):
    """One thing subscribed to."""

    id = serializers.CharField()
    price_id = serializers.CharField()
    product_id = serializers.CharField()
    quantity = serializers.IntegerField(allow_null=True)
    unit_amount = serializers.IntegerField(allow_null=True)
    interval = serializers.CharField()
    current_period_end = serializers.CharField(allow_null=True, help_text="ISO 8601")


class ObjectSerializer(Shown):
    """An object of the provider's. Money is in minor units; null is unknown."""

    metadata = Metadata(read_only=True)

    class Meta:
        exclude: ClassVar = ["id"]


class CustomerSerializer(ObjectSerializer):
    class Meta(ObjectSerializer.Meta):
        model = models.Customer


class SubscriptionSerializer(ObjectSerializer):
    items = ItemSerializer(many=True, read_only=True)

    class Meta(ObjectSerializer.Meta):
        model = models.Subscription


class InvoiceSerializer(ObjectSerializer):
    class Meta(ObjectSerializer.Meta):
        model = models.Invoice


class PaymentIntentSerializer(ObjectSerializer):
    class Meta(ObjectSerializer.Meta):
        model = models.PaymentIntent


class ChargeSerializer(ObjectSerializer):
    class Meta(ObjectSerializer.Meta):
        model = models.Charge


class RefundSerializer(ObjectSerializer):
    class Meta(ObjectSerializer.Meta):
        model = models.Refund


class DisputeSerializer(ObjectSerializer):
    class Meta(ObjectSerializer.Meta):
        model = models.Dispute


class CheckoutSessionSerializer(ObjectSerializer):
    fulfillable = serializers.BooleanField(
        read_only=True, help_text="whether it is complete and its money has come"
    )

    class Meta(ObjectSerializer.Meta):
        model = models.CheckoutSession


class PayoutSerializer(ObjectSerializer):
    class Meta(ObjectSerializer.Meta):
        model = models.Payout


class ChangeSerializer(Shown):
    """What an event did to one object: per field, from what to what."""

    class Meta:
        model = models.BillingChange
        exclude: ClassVar = ["id"]
