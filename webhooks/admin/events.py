"""The screens of the events."""

from collections.abc import Iterable
from dataclasses import fields
from typing import Any

from django.contrib import admin
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.contrib.admin.utils import unquote
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.utils import timezone
from unfold.contrib.filters.admin import BooleanRadioFilter
from unfold.decorators import action
from unfold.enums import ActionVariant

from webhooks.admin.attempts import attempts_panel
from webhooks.admin.facts import event_facts
from webhooks.admin.filters import DayRangeFilter, ProviderFilter, StatusFilter, TypeFilter
from webhooks.admin.panels import EventKey, Panel, event_panels
from webhooks.admin.payload import payload_panel
from webhooks.admin.readonly import ReadOnlyAdmin
from webhooks.admin.rerun import RerunForm, rerun
from webhooks.admin.states import state
from webhooks.admin.values import badge, code, event_type, mode, moment, page_url, two_lines
from webhooks.models import WebhookEvent
from webhooks.replays import REPLAY


@admin.register(WebhookEvent)
class EventAdmin(ReadOnlyAdmin):
    """The events received, what became of each, and the button that runs them again."""

    list_display = ("event", "standing", "subject", "customer", "received", "delivered")
    list_filter = (
        StatusFilter,
        TypeFilter,
        ("received_at", DayRangeFilter),
        ("livemode", BooleanRadioFilter),
        ProviderFilter,
    )
    search_fields = ("event_id", "object_id", "customer_id")
    hash_field = "sha256"
    search_help_text = "Event, object or customer id, or payload hash"
    actions = ("rerun_selected",)
    actions_detail = ("rerun",)

    def get_queryset(self, request: HttpRequest) -> Any:
        return super().get_queryset(request).defer("body")

    @admin.display(description="event")
    def event(self, row: WebhookEvent) -> str:
        """Its type and its id."""
        return two_lines(event_type(row.type), code(row.event_id))

    @admin.display(description="status")
    def standing(self, row: WebhookEvent) -> str:
        """Where it stands, and what happens next."""
        now = state(row, timezone.now())
        label = badge(now.label, now.kind)
        return two_lines(label, now.next) if now.next else label

    @admin.display(description="object")
    def subject(self, row: WebhookEvent) -> str:
        """What it is about."""
        return two_lines(row.object_type, code(row.object_id))

    @admin.display(description="customer")
    def customer(self, row: WebhookEvent) -> str:
        """Whom it is about, and whether it is in earnest."""
        return two_lines(mode(row.livemode), code(row.customer_id))

    @admin.display(description="received, hash")
    def received(self, row: WebhookEvent) -> str:
        """When it first came, and enough of the payload's hash to know it again."""
        return two_lines(moment(row.received_at), code(row.sha256[:12]))

    @admin.display(description="deliveries")
    def delivered(self, row: WebhookEvent) -> str:
        """How often it came, and whether we had to ask for it."""
        return f"{row.times_delivered}, fetched" if row.was_fetched else str(row.times_delivered)

    def panels(self, request: HttpRequest, obj: WebhookEvent) -> Iterable[Panel]:
        yield event_facts(obj)
        yield attempts_panel(obj)
        key = EventKey(**{field.name: getattr(obj, field.name) for field in fields(EventKey)})
        for panels in event_panels:
            yield from panels(request, key)
        yield payload_panel(obj)

    def has_replay_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Whether the user may re-run events."""
        return self.has_view_permission(request) and request.user.has_perm(REPLAY)

    @action(
        description="Re-run",
        permissions=["replay"],
        url_path="rerun",
        icon="replay",
        variant=ActionVariant.PRIMARY,
    )
    def rerun(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Ask for a reason, then re-run one event."""
        event = self.get_object(request, unquote(object_id))
        if event is None:
            raise Http404
        form = RerunForm(request, request.POST or None)
        page = page_url(event)
        if form.is_valid():
            rerun(request, [event.pk], form)
            return HttpResponseRedirect(page)
        return self._ask(request, [event], form, cancel_url=page)

    @action(description="Re-run the selected events", permissions=["replay"])
    def rerun_selected(self, request: HttpRequest, queryset: Any) -> HttpResponse | None:
        """Ask for a reason, then re-run the events that were ticked."""
        # "All on every page" is not on offer here, whatever the request says.
        events = list(queryset.filter(pk__in=request.POST.getlist(ACTION_CHECKBOX_NAME)))
        form = RerunForm(request, request.POST if "reason" in request.POST else None)
        if form.is_valid():
            rerun(request, [event.pk for event in events], form)
            return None
        return self._ask(request, events, form, cancel_url=request.get_full_path())

    def _ask(
        self, request: HttpRequest, events: list[WebhookEvent], form: RerunForm, cancel_url: str
    ) -> HttpResponse:
        now = timezone.now()
        pks = [event.pk for event in events]
        able = set(
            WebhookEvent.objects.replayable().filter(pk__in=pks).values_list("pk", flat=True)
        )
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "original": events[0] if len(events) == 1 else None,
            "title": "Re-run",
            "form": form,
            "events": [(event, state(event, now), event.pk in able) for event in events],
            "cancel_url": cancel_url,
            "checkbox_name": ACTION_CHECKBOX_NAME,
        }
        return TemplateResponse(request, "admin/rerun.html", context)
