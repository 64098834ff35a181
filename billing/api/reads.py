"""Billing state, read."""

from collections.abc import Sequence
from functools import partial
from typing import Any

from django.utils import timezone
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import (
    OpenApiParameter,
    extend_schema,
    extend_schema_view,
)
from rest_framework import generics
from rest_framework.request import Request
from rest_framework.response import Response

from billing import models
from billing.api import filters
from billing.api import serializers as shown
from billing.api.places import ObjectPlace
from billing.entitlements import entitlement
from billing.entitlements.unheard import unheard
from webhooks.api.events import EVENT_ID, named
from webhooks.api.fields import TextField
from webhooks.api.permissions import Grant, require
from webhooks.api.views import ApiView, Place, RecordViewSet, the_one
from webhooks.models import Scope
from webhooks.models.permissions import may_view

CUSTOMER_ID = OpenApiParameter(
    "provider_id", OpenApiTypes.STR, OpenApiParameter.PATH, description="The provider's id."
)


@extend_schema_view(retrieve=extend_schema(parameters=[ObjectPlace]))
class ObjectViewSet(RecordViewSet):
    """The newest to have arrived first."""

    place = ObjectPlace
    lookup_field = "provider_id"


class CustomerViewSet(ObjectViewSet):
    """Those who pay, or may."""

    grant = Grant(Scope.BILLING_READ, "billing.view_customer")
    queryset = models.Customer.objects.all()
    serializer_class = shown.CustomerSerializer
    filterset_class = filters.CustomerFilters

    def get_serializer_class(self) -> type[shown.CustomerSerializer]:
        """Return the serializer; a customer by itself tells what it may use, too."""
        # Not in lists, where each customer's answers would cost queries of their own.
        one = self.action == "retrieve"
        return shown.CustomerInFullSerializer if one else shown.CustomerSerializer

    def unstored(self, **lookups: Any) -> Sequence[models.Customer]:
        """Return a customer of whom only other objects tell, those that the user may see."""
        return _unheard(self.request, **lookups)


def _unheard(request: Request, **lookups: Any) -> Sequence[models.Customer]:
    # By what the user may see alone: an answer would tell of the rest that it is there.
    viewable = [model for model in models.MODELS.values() if may_view(request.user, model)]
    return unheard(lookups.pop("provider_id"), viewable, **lookups)


class ProductPlace(ObjectPlace):
    """A product that is asked about, and where its customer's id is looked for."""

    product = TextField(max_length=255, help_text="The provider's id of it.")

    def lookups(self) -> dict[str, Any]:
        """Return the fields to filter customers by, with their values."""
        found = super().lookups()
        # Asked about, and no field of the customer's.
        del found["product"]
        return found


class EntitlementView(ApiView):
    """A customer's entitlement to a product, as of now."""

    grant = CustomerViewSet.grant

    @extend_schema(
        operation_id="customers_entitlement",
        parameters=[CUSTOMER_ID, ProductPlace],
        responses=shown.EntitlementSerializer,
    )
    def get(self, request: Request, provider_id: str) -> Response:
        """Return one answer, for a product never subscribed to as well."""
        # The answer tells of subscriptions: a permission to see customers does not cover that.
        require(request, SubscriptionViewSet.grant.permission)
        place = ProductPlace(data=request.query_params.dict())
        # Not the product: it tells no two customers of one id apart.
        apart = list(ObjectPlace().fields)
        customer = the_one(
            models.Customer.objects.all(),
            apart,
            partial(_unheard, request),
            provider_id=provider_id,
            **place.lookups(),
        )
        product = place.validated_data["product"]
        answer = entitlement(customer, product, now=timezone.now())
        return Response(shown.EntitlementSerializer(shown.entitled(product, answer)).data)


class SubscriptionViewSet(ObjectViewSet):
    """Subscriptions: the services that customers pay for again and again."""

    grant = Grant(Scope.BILLING_READ, "billing.view_subscription")
    queryset = models.Subscription.objects.all()
    serializer_class = shown.SubscriptionSerializer
    filterset_class = filters.SubscriptionFilters


class InvoiceViewSet(ObjectViewSet):
    """Bills."""

    grant = Grant(Scope.BILLING_READ, "billing.view_invoice")
    queryset = models.Invoice.objects.all()
    serializer_class = shown.InvoiceSerializer
    filterset_class = filters.InvoiceFilters


class PaymentIntentReadViewSet(ObjectViewSet):
    """Payments, each through as many charges as it takes."""

    grant = Grant(Scope.BILLING_READ, "billing.view_paymentintent")
    queryset = models.PaymentIntent.objects.all()
    serializer_class = shown.PaymentIntentSerializer
    filterset_class = filters.PaymentIntentFilters


class ChargeViewSet(ObjectViewSet):
    """Attempts to take money."""

    grant = Grant(Scope.BILLING_READ, "billing.view_charge")
    queryset = models.Charge.objects.all()
    serializer_class = shown.ChargeSerializer
    filterset_class = filters.ChargeFilters


class RefundReadViewSet(ObjectViewSet):
    """Money given back."""

    grant = Grant(Scope.BILLING_READ, "billing.view_refund")
    queryset = models.Refund.objects.all()
    serializer_class = shown.RefundSerializer
    filterset_class = filters.OfChargeFilters


class DisputeViewSet(ObjectViewSet):
    """Charges called into question."""

    grant = Grant(Scope.BILLING_READ, "billing.view_dispute")
    queryset = models.Dispute.objects.all()
    serializer_class = shown.DisputeSerializer
    filterset_class = filters.OfChargeFilters


class CheckoutSessionReadViewSet(ObjectViewSet):
    """Visits to the provider's payment page."""

    grant = Grant(Scope.BILLING_READ, "billing.view_checkoutsession")
    queryset = models.CheckoutSession.objects.all()
    serializer_class = shown.CheckoutSessionSerializer
    filterset_class = filters.CheckoutSessionFilters


class PayoutViewSet(ObjectViewSet):
    """Money on its way to our bank."""

    grant = Grant(Scope.BILLING_READ, "billing.view_payout")
    queryset = models.Payout.objects.all()
    serializer_class = shown.PayoutSerializer
    filterset_class = filters.PayoutFilters


@extend_schema(parameters=[EVENT_ID, Place])
class ChangesView(ApiView, generics.ListAPIView[models.BillingChange]):
    """The changes that an event made to billing objects, the latest first.

    Of objects that the user may not see, none is told.
    """

    # A change holds the object's values, names and addresses too: to read events is not enough.
    grant = Grant(Scope.EVENTS_READ, "billing.view_billingchange", also=(Scope.BILLING_READ,))
    queryset = models.BillingChange.objects.all()
    serializer_class = shown.ChangeSerializer
    # `Place` refuses unknown parameters here; the filters would refuse its own as well.
    filter_backends = ()

    def get_queryset(self) -> Any:
        event = named(self.request, self.kwargs["event_id"])
        # By provider too, since two providers may have given the same id.
        changes = super().get_queryset().filter(event_id=event.event_id, provider=event.provider)
        user = self.request.user
        viewable = [name for name, model in models.MODELS.items() if may_view(user, model)]
        return changes.filter(object_type__in=viewable)
