"""Events: what was received, what became of it, and asking for it again."""

from http import HTTPStatus

import django_filters
from django.db.models import BooleanField, ExpressionWrapper, Q, QuerySet
from django.utils import timezone
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema, extend_schema_view
from rest_framework import generics
from rest_framework.request import Request
from rest_framework.response import Response

from webhooks.api.filters import AccountFilter, ExactFilter, FlagFilter, MomentFilter
from webhooks.api.pagination import PARAMETERS
from webhooks.api.permissions import Grant, require
from webhooks.api.problems import Problem
from webhooks.api.serializers import (
    AttemptSerializer,
    EventSerializer,
    ReplayedSerializer,
    ReplaySerializer,
)
from webhooks.api.views import ApiView, Place, RecordViewSet, the_one
from webhooks.models import Attempt, Scope, Trigger, WebhookEvent
from webhooks.processing.replay import FORCE, REPLAY, replay, request_replay

EVENT_ID = OpenApiParameter(
    "event_id", OpenApiTypes.STR, OpenApiParameter.PATH, description="The provider's id."
)


class EventFilters(django_filters.FilterSet):
    """The query parameters that choose events."""

    provider = ExactFilter()
    status = django_filters.ChoiceFilter(choices=WebhookEvent.Status.choices)
    type = ExactFilter()
    customer = ExactFilter("customer_id")
    object = ExactFilter("object_id")
    account = AccountFilter()
    livemode = FlagFilter()
    received_after = MomentFilter("received_at", "gte", label="Then or later.")
    received_before = MomentFilter("received_at", "lt", label="Before then.")


@extend_schema_view(retrieve=extend_schema(parameters=[Place]))
class EventViewSet(RecordViewSet):
    """Events, the newest first."""

    grant = Grant(Scope.EVENTS_READ, "webhooks.view_webhookevent")
    # Bodies may have a megabyte each, and a list has a hundred events.
    queryset = WebhookEvent.objects.defer("body").annotate(
        has_payload=ExpressionWrapper(Q(body__isnull=False), BooleanField())
    )
    serializer_class = EventSerializer
    filterset_class = EventFilters
    lookup_field = "event_id"


@extend_schema(parameters=[EVENT_ID, Place])
class AttemptsView(ApiView, generics.ListAPIView[Attempt]):
    """The tries at processing an event, the newest first."""

    grant = EventViewSet.grant
    queryset = Attempt.objects.select_related("replay").defer("error")
    serializer_class = AttemptSerializer
    # `Place` refuses unknown parameters here; the filters would refuse its own as well.
    filter_backends = ()

    def get_queryset(self) -> QuerySet[Attempt]:
        return super().get_queryset().filter(event=named(self.request, self.kwargs["event_id"]))


class ReplayView(ApiView):
    """Process an event again."""

    grant = Grant(Scope.EVENTS_REPLAY, REPLAY)

    @extend_schema(
        operation_id="events_replay",
        parameters=[EVENT_ID, Place],
        request=ReplaySerializer,
        responses={202: ReplayedSerializer},
    )
    def post(self, request: Request, event_id: str) -> Response:
        """Run the handlers that have not succeeded, all of them with `force`."""
        serializer = ReplaySerializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        # Forced handlers do again what they did: that takes a permission of its own.
        if serializer.validated_data["force"]:
            require(request, FORCE)
        event = named(request, event_id)
        # A selection of one: re-running has one verb, however many events it is given.
        events = WebhookEvent.objects.filter(pk=event.pk)
        if not events.replayable().exists():
            raise Problem(
                HTTPStatus.CONFLICT,
                "payload_gone",
                "The event's payload has been cleaned up; it can't be processed again.",
            )
        requested = request_replay(
            trigger=Trigger.API,
            actor=request.user.get_username(),
            now=timezone.now(),
            events=[event.pk],
            **serializer.validated_data,
        )
        done = replay(events, requested)
        # Read anew: what was processed is the row, not the object that was loaded before.
        row = events.values("provider", "event_id", "status", "attempts", "last_error").get()
        outcome = next(iter(done.outcomes), None)
        return Response(
            ReplayedSerializer({**row, "outcome": outcome}).data, status=HTTPStatus.ACCEPTED
        )


def named(request: Request, event_id: str) -> WebhookEvent:
    """Return the event with this id, at the provider that the request may name."""
    place = Place(
        data={name: value for name, value in request.query_params.items() if name not in PARAMETERS}
    )
    events = WebhookEvent.objects.defer("body")
    event: WebhookEvent = the_one(events, list(place.fields), event_id=event_id, **place.lookups())
    return event
