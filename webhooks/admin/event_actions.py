"""The acts of staff on events: each asks for its own permission, and for a reason."""

from collections.abc import Callable, Sequence
from typing import Any, Final

from django.contrib import messages
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.contrib.admin.utils import unquote
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone

from webhooks.admin.acts import IGNORING, RERUNNING, UNMASKING, Act, ignore_events, unmask_payload
from webhooks.admin.payload import raw_panel
from webhooks.admin.readonly import ReadOnlyAdmin
from webhooks.admin.rerun import ReasonForm, RerunForm, rerun
from webhooks.admin.states import state
from webhooks.admin.style import action
from webhooks.admin.values import badge, page_url
from webhooks.models import WebhookEvent
from webhooks.privacy.unmasking import VIEW_RAW
from webhooks.processing.ignore import IGNORE
from webhooks.processing.replay import BULK, REPLAY

Effect = Callable[[HttpRequest, Sequence[int], Any], None]
_ACTS: Final = {"rerun": RERUNNING, "ignore": IGNORING, "raw": UNMASKING}


class EventActions(ReadOnlyAdmin):
    """Re-running, ignoring, and looking at what is masked."""

    actions = ("rerun_selected", "ignore_selected")
    actions_detail = ("rerun", "ignore", "raw")

    def has_replay_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """True when the user may re-run events, one at a time."""
        return self.has_view_permission(request) and request.user.has_perm(REPLAY)

    def has_ignore_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """True when the user may have events ignored."""
        return self.has_view_permission(request) and request.user.has_perm(IGNORE)

    def has_raw_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """True when the user may see payloads unmasked."""
        return self.has_view_permission(request) and request.user.has_perm(VIEW_RAW)

    def get_actions_detail(self, request: HttpRequest, object_id: str) -> list[Any]:
        """Return the actions that this user may take on the event as it stands."""
        event = self.get_object(request, unquote(object_id))
        if event is None:
            return []
        now, itself = timezone.now(), WebhookEvent.objects.filter(pk=event.pk)
        permitted = super().get_actions_detail(request, object_id)
        return [one for one in permitted if _ACTS[one.path].possible(itself, now).exists()]

    def raw_url(self, request: HttpRequest, event: WebhookEvent) -> str:
        """Return the address of the payload unmasked; empty for those who may not see it."""
        if not self.has_raw_permission(request):
            return ""
        return reverse("admin:webhooks_webhookevent_raw", args=[event.pk])

    @action(
        description="Re-run",
        permissions=["replay"],
        url_path="rerun",
        icon="replay",
        variant="primary",
    )
    def rerun(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Ask for a reason, then re-run one event."""
        return self._about_one(request, object_id, RERUNNING, RerunForm, rerun)

    @action(description="Ignore", permissions=["ignore"], url_path="ignore", icon="block")
    def ignore(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Ask for a reason, then have one event ignored."""
        return self._about_one(request, object_id, IGNORING, ReasonForm, ignore_events)

    @action(description="Raw payload", permissions=["raw"], url_path="raw", icon="visibility")
    def raw(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Ask for a reason, then show the payload unmasked: in the answer, and nowhere else."""
        event = self._named(request, object_id)
        form = ReasonForm(request, request.POST or None)
        if not form.is_valid():
            return self._confirm(request, UNMASKING, [event], form, cancel_url=page_url(event))
        # A POST's own answer: no address shows it, and going back asks anew.
        body = unmask_payload(request, event, form)
        if body is None:
            messages.warning(request, "The payload has been cleaned up.")
            return HttpResponseRedirect(page_url(event))
        context = self.page_context(
            request, original=event, title=str(event), panels=[raw_panel(body, event.provider)]
        )
        return TemplateResponse(request, "webhooks/raw.html", context)

    @action(description="Re-run the selected events", permissions=["replay"])
    def rerun_selected(self, request: HttpRequest, queryset: Any) -> HttpResponse | None:
        """Ask for a reason, then re-run the events that were ticked."""
        if len(_ticked(request)) > 1 and not request.user.has_perm(BULK):
            messages.error(request, "You may re-run one event at a time.")
            return None
        return self._about_those_ticked(request, queryset, RERUNNING, RerunForm, rerun)

    @action(description="Ignore the selected events", permissions=["ignore"])
    def ignore_selected(self, request: HttpRequest, queryset: Any) -> HttpResponse | None:
        """Ask for a reason, then have the events that were ticked ignored."""
        return self._about_those_ticked(request, queryset, IGNORING, ReasonForm, ignore_events)

    def _named(self, request: HttpRequest, object_id: str) -> WebhookEvent:
        event: WebhookEvent | None = self.get_object(request, unquote(object_id))
        if event is None:
            raise Http404
        return event

    def _about_one(
        self,
        request: HttpRequest,
        object_id: str,
        act: Act,
        form_class: type[ReasonForm],
        effect: Effect,
    ) -> HttpResponse:
        event = self._named(request, object_id)
        form = form_class(request, request.POST or None)
        page = page_url(event)
        if form.is_valid():
            effect(request, [event.pk], form)
            return HttpResponseRedirect(page)
        return self._confirm(request, act, [event], form, cancel_url=page)

    def _about_those_ticked(
        self,
        request: HttpRequest,
        queryset: Any,
        act: Act,
        form_class: type[ReasonForm],
        effect: Effect,
    ) -> HttpResponse | None:
        # "All on every page" is not on offer here, whatever the request says.
        events = list(queryset.filter(pk__in=_ticked(request)))
        # The list's own form posts here first, without a reason: that is no answer to refuse.
        form = form_class(request, request.POST if "reason" in request.POST else None)
        if form.is_valid():
            effect(request, [event.pk for event in events], form)
            return None
        return self._confirm(request, act, events, form, cancel_url=request.get_full_path())

    def _confirm(
        self,
        request: HttpRequest,
        act: Act,
        events: list[WebhookEvent],
        form: ReasonForm,
        cancel_url: str,
    ) -> HttpResponse:
        now = timezone.now()
        # Told before somebody writes a reason for nothing; decided when the act is done.
        possible = act.possible(WebhookEvent.objects.filter(pk__in=[e.pk for e in events]), now)
        able = set(possible.values_list("pk", flat=True))
        states = [(event, state(event, now)) for event in events]
        context = self.page_context(
            request,
            original=events[0] if len(events) == 1 else None,
            title=act.title,
            act=act,
            form=form,
            events=[(one, badge(each.label, each.kind), one.pk in able) for one, each in states],
            cancel_url=cancel_url,
            checkbox_name=ACTION_CHECKBOX_NAME,
        )
        return TemplateResponse(request, "webhooks/act.html", context)


def _ticked(request: HttpRequest) -> list[str]:
    return request.POST.getlist(ACTION_CHECKBOX_NAME)
