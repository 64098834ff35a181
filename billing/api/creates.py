"""The API's POST requests, by which the provider creates something."""

from collections.abc import Mapping
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Any, ClassVar, Final

from django.utils import timezone
from drf_spectacular.utils import (
    OpenApiParameter,
    OpenApiResponse,
    extend_schema,
    extend_schema_view,
)
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from billing.api import reads, requests
from billing.api.idempotency import idempotent, reference
from billing.api.problems import as_problem
from billing.stripe_client import StripeClient
from webhooks.api.permissions import Grant
from webhooks.api.views import ApiView
from webhooks.models import Scope

KEY: Final = OpenApiParameter(
    "Idempotency-Key",
    {"type": "string", "minLength": 1, "maxLength": 255},
    OpenApiParameter.HEADER,
    required=True,
    description="Made up by the caller for each thing to be created, and the same when the "
    "request is sent again: the answer is then the same, and nothing is created twice.",
)
REFUSED: Final = {
    HTTPStatus.PAYMENT_REQUIRED: OpenApiResponse(description="The card was refused."),
    HTTPStatus.CONFLICT: OpenApiResponse(description="A request with this key is in flight."),
    HTTPStatus.UNPROCESSABLE_ENTITY: OpenApiResponse(
        description="The provider refuses it, or the key came with another request before."
    ),
    HTTPStatus.SERVICE_UNAVAILABLE: OpenApiResponse(
        description="The provider, or this project's database, is away; or there is no key to "
        "call the provider with."
    ),
}


class EpochField(serializers.DateTimeField):
    """A moment that the provider tells in seconds."""

    def to_representation(self, value: Any) -> str:
        # Stripe tells seconds; everything else in the API is ISO 8601.
        text = super().to_representation(datetime.fromtimestamp(value, UTC))
        return str(text)


class Created(serializers.Serializer[Mapping[str, Any]]):
    """A new object, as far as the caller needs it now. The rest comes as events."""

    # Each may be missing: the provider's answer is passed on, and its versions differ.
    id = serializers.CharField()
    status = serializers.CharField(default=None, allow_null=True)
    currency = serializers.CharField(default=None, allow_null=True)
    livemode = serializers.BooleanField(default=None, allow_null=True)


class CreatedCheckoutSession(Created):
    url = serializers.CharField(default=None, allow_null=True, help_text="to send the payer to")
    payment_status = serializers.CharField(default=None, allow_null=True)
    amount_total = serializers.IntegerField(default=None, allow_null=True)
    expires_at = EpochField(default=None, allow_null=True)


class CreatedPaymentIntent(Created):
    amount = serializers.IntegerField(default=None, allow_null=True)
    client_secret = serializers.CharField(
        default=None, allow_null=True, help_text="for the payer to confirm with; keep it secret"
    )


class CreatedRefund(Created):
    amount = serializers.IntegerField(default=None, allow_null=True)
    charge = serializers.CharField(default=None, allow_null=True)
    payment_intent = serializers.CharField(default=None, allow_null=True)


class Creating(ApiView):
    """A list that can be added to, by those who have the `create_grant`."""

    create_grant: ClassVar[Grant]
    new: ClassVar[type[requests.New]]
    created: ClassVar[type[Created]]

    def send(self, parameters: dict[str, Any], **how: Any) -> dict[str, Any]:
        """Ask the provider for it."""
        raise NotImplementedError

    def grant_for(self, request: Request) -> Grant:
        """Return the permission and scope that this request needs."""
        # Reading what there is and having money moved are different things to be allowed.
        return self.create_grant if request.method == "POST" else self.grant

    @idempotent(required=True)
    def create(self, request: Request) -> Response:
        """Have the provider create one."""
        new = self.new(data=request.data)
        new.is_valid(raise_exception=True)
        made = self.send(
            new.parameters(),
            reference=reference(request),
            # Our own account: the API creates nothing for connected ones.
            account="",
            now=timezone.now(),
        )
        return Response(self.created(made).data, status=HTTPStatus.CREATED)

    def handle_exception(self, exc: Exception) -> Response:
        """Say what the provider had against it."""
        return super().handle_exception(as_problem(exc) or exc)


def _documented(view: type[Creating]) -> type[Creating]:
    create = extend_schema(
        parameters=[KEY],
        request=view.new,
        responses={HTTPStatus.CREATED: view.created, **REFUSED},
    )
    return extend_schema_view(create=create)(view)


@_documented
class CheckoutSessionViewSet(Creating, reads.CheckoutSessionReadViewSet):
    """Visits to the provider's payment page."""

    create_grant = Grant(Scope.BILLING_WRITE, "billing.add_checkoutsession")
    new = requests.NewCheckoutSession
    created = CreatedCheckoutSession

    def send(self, parameters: dict[str, Any], **how: Any) -> dict[str, Any]:
        """Ask the provider for it."""
        return StripeClient().create_checkout_session(parameters, **how)


@_documented
class PaymentIntentViewSet(Creating, reads.PaymentIntentReadViewSet):
    """Payments, each through as many charges as it takes."""

    create_grant = Grant(Scope.BILLING_WRITE, "billing.add_paymentintent")
    new = requests.NewPaymentIntent
    created = CreatedPaymentIntent

    def send(self, parameters: dict[str, Any], **how: Any) -> dict[str, Any]:
        """Ask the provider for it."""
        return StripeClient().create_payment_intent(parameters, **how)


@_documented
class RefundViewSet(Creating, reads.RefundReadViewSet):
    """Money given back."""

    create_grant = Grant(Scope.BILLING_WRITE, "billing.add_refund")
    new = requests.NewRefund
    created = CreatedRefund

    def send(self, parameters: dict[str, Any], **how: Any) -> dict[str, Any]:
        """Ask the provider for it."""
        return StripeClient().create_refund(parameters, **how)
