"""Billing objects, as the API shows them: fields named like the models'."""

from dataclasses import asdict
from typing import Any, ClassVar

from django.utils import timezone
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from billing import models
from billing.entitlements import Entitlement, EntitlementReason, entitlements
from billing.privacy.masking import masked, shown
from webhooks.api.fields import Shown


@extend_schema_field({"type": "object", "additionalProperties": {}})
class MetadataField(serializers.JSONField):
    """Metadata as the provider keeps it, without what is secret or personal in it."""


class ItemSerializer(serializers.Serializer[Any]):
    """One thing subscribed to."""

    id = serializers.CharField()
    price_id = serializers.CharField()
    product_id = serializers.CharField()
    quantity = serializers.IntegerField(allow_null=True)
    unit_amount = serializers.IntegerField(allow_null=True)
    interval = serializers.CharField()
    current_period_end = serializers.CharField(allow_null=True, help_text="ISO 8601")


class TierSerializer(serializers.Serializer[Any]):
    """One step of a tiered price; amounts are decimal texts in minor units."""

    up_to = serializers.IntegerField(allow_null=True, help_text="null in the last one")
    unit_amount = serializers.CharField()
    flat_amount = serializers.CharField()


class ObjectSerializer(Shown):
    """An object of the provider's. Money is in minor units; null is unknown."""

    metadata = MetadataField(read_only=True)
    doubt = serializers.CharField(
        read_only=True, help_text="The reason why it is `in_doubt`, as a phrase; else empty."
    )

    def to_representation(self, instance: Any) -> Any:
        """Return the fields, masked as payloads are shown to staff.

        A customer's own name and addresses are shown to those who may see customers.
        """
        user = self.context["request"].user
        return {
            name: shown(user, instance.object_type, name, value)
            for name, value in super().to_representation(instance).items()
        }

    class Meta:
        # What late events are weighed against, and when a doubt is looked at again, is nobody
        # else's business.
        exclude: ClassVar = ["id", "snapshots", "ask_after"]


class CustomerSerializer(ObjectSerializer):
    class Meta(ObjectSerializer.Meta):
        model = models.Customer


class EntitlementSerializer(serializers.Serializer[Any]):
    """A customer's right to use a product, or the lack of it, with the reason."""

    product = serializers.CharField()
    allowed = serializers.BooleanField()
    reason = serializers.ChoiceField(choices=[reason.value for reason in EntitlementReason])
    until = serializers.DateTimeField(
        allow_null=True,
        help_text="The time when it ends unless something is heard by then, or, of a no, ended; "
        "null where that is not known.",
    )
    subscription = serializers.CharField(
        source="subscription_id", help_text="The one that decides; empty where none does."
    )
    explanation = serializers.CharField(help_text="A phrase for support staff.")
    in_doubt = serializers.BooleanField(
        help_text="true where what is not known could make this another answer"
    )
    doubt = serializers.CharField(
        help_text="The objects that are in doubt, each with the reason; else empty."
    )


def entitled(product: str, answer: Entitlement) -> dict[str, Any]:
    """Return what `EntitlementSerializer` shows of an answer."""
    return {"product": product, **asdict(answer), "in_doubt": answer.in_doubt}


class CustomerInFullSerializer(CustomerSerializer):
    updated_at = serializers.DateTimeField(
        read_only=True,
        allow_null=True,
        help_text="null for a customer of whom nothing has told, and whom other objects name",
    )
    entitlements = serializers.SerializerMethodField(
        help_text="For each product ever subscribed to; null without `billing.view_subscription`."
    )

    @extend_schema_field(EntitlementSerializer(many=True, allow_null=True))
    def get_entitlements(self, customer: models.Customer) -> Any:
        """Return the answers as of now, for those who may see what they come from."""
        if not self.context["request"].user.has_perm("billing.view_subscription"):
            return None
        answers = entitlements(customer, now=timezone.now())
        rows = [entitled(product, answer) for product, answer in answers.items()]
        return EntitlementSerializer(rows, many=True).data


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
        read_only=True, help_text="true when it is complete and its money has come"
    )

    class Meta(ObjectSerializer.Meta):
        model = models.CheckoutSession


class PayoutSerializer(ObjectSerializer):
    class Meta(ObjectSerializer.Meta):
        model = models.Payout


class PaymentMethodSerializer(ObjectSerializer):
    class Meta(ObjectSerializer.Meta):
        model = models.PaymentMethod


class SetupIntentSerializer(ObjectSerializer):
    class Meta(ObjectSerializer.Meta):
        model = models.SetupIntent


class CreditNoteSerializer(ObjectSerializer):
    class Meta(ObjectSerializer.Meta):
        model = models.CreditNote


class BalanceTransactionSerializer(ObjectSerializer):
    class Meta(ObjectSerializer.Meta):
        model = models.BalanceTransaction


class ProductSerializer(ObjectSerializer):
    class Meta(ObjectSerializer.Meta):
        model = models.Product


class PriceSerializer(ObjectSerializer):
    tiers = TierSerializer(many=True, read_only=True)

    class Meta(ObjectSerializer.Meta):
        model = models.Price


class CouponSerializer(ObjectSerializer):
    class Meta(ObjectSerializer.Meta):
        model = models.Coupon


class PromotionCodeSerializer(ObjectSerializer):
    class Meta(ObjectSerializer.Meta):
        model = models.PromotionCode


class DiscountSerializer(ObjectSerializer):
    class Meta(ObjectSerializer.Meta):
        model = models.Discount


class ChangeSerializer(Shown):
    """The change that an event made to one object: per field, the old value and the new.

    What is secret or personal is masked, as in the payload that it came from.
    """

    def to_representation(self, instance: Any) -> Any:
        """Return the fields, with the values before and after masked."""
        change = super().to_representation(instance)
        change["fields"] = {
            name: [masked(instance.object_type, name, value) for value in values]
            for name, values in instance.fields.items()
        }
        return change

    class Meta:
        model = models.BillingChange
        exclude: ClassVar = ["id"]
