"""The screens of the events."""

from collections.abc import Iterable
from dataclasses import fields
from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.utils import timezone

from webhooks.admin.attempts import attempts_panel
from webhooks.admin.event_actions import EventActions
from webhooks.admin.facts import event_facts
from webhooks.admin.filters import DayRangeFilter, ProviderFilter, StatusFilter, TypeFilter
from webhooks.admin.panels import EventKey, Panel, event_panels
from webhooks.admin.payload import payload_panel
from webhooks.admin.states import state
from webhooks.admin.style import BooleanFilter
from webhooks.admin.values import badge, code, event_type, moment, origin, two_lines
from webhooks.models import WebhookEvent


@admin.register(WebhookEvent)
class EventAdmin(EventActions):
    """The events received, what became of each, and what can be done about it."""

    list_display = ("event", "state_shown", "subject", "customer", "received", "delivered")
    list_filter = (
        StatusFilter,
        TypeFilter,
        ("received_at", DayRangeFilter),
        ("livemode", BooleanFilter),
        ProviderFilter,
    )
    search_fields = ("event_id", "object_id", "customer_id")
    hash_field = "sha256"
    search_help_text = "Event, object or customer id, or payload hash"

    def get_queryset(self, request: HttpRequest) -> Any:
        # Up to a megabyte each, on a list of fifty.
        return super().get_queryset(request).defer("body")

    @admin.display(description="event")
    def event(self, row: WebhookEvent) -> str:
        """Return its type and its id."""
        return two_lines(event_type(row.type), code(row.event_id))

    @admin.display(description="status")
    def state_shown(self, row: WebhookEvent) -> str:
        """Return its status as staff see it, and what happens next."""
        current = state(row, timezone.now())
        label = badge(current.label, current.kind)
        return two_lines(label, current.next) if current.next else label

    @admin.display(description="object")
    def subject(self, row: WebhookEvent) -> str:
        """Return the object it is about."""
        return two_lines(row.object_type, code(row.object_id))

    @admin.display(description="customer")
    def customer(self, row: WebhookEvent) -> str:
        """Return the customer it is about, and its mode, live or test."""
        return two_lines(origin(row.provider, row.livemode), code(row.customer_id))

    @admin.display(description="received, hash")
    def received(self, row: WebhookEvent) -> str:
        """Return when it first came, and enough of the payload's hash to recognise it."""
        return two_lines(moment(row.received_at), code(row.sha256[:12]))

    @admin.display(description="deliveries")
    def delivered(self, row: WebhookEvent) -> str:
        """Return how often it came, and that we had to ask for it if so."""
        return f"{row.times_delivered}, fetched" if row.was_fetched else str(row.times_delivered)

    def panels(self, request: HttpRequest, obj: WebhookEvent) -> Iterable[Panel]:
        yield event_facts(obj)
        yield attempts_panel(obj)
        # A value and not the row: other apps are told which event it is, not given it to change.
        key = EventKey(**{field.name: getattr(obj, field.name) for field in fields(EventKey)})
        for panels in event_panels:
            yield from panels(request, key)
        yield payload_panel(obj, self.raw_url(request, obj))
