"""The screen of alerts: what needs somebody, who was told, and who sees to it."""

from collections.abc import Iterable
from datetime import timedelta
from typing import Any, Final

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.utils import unquote
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.utils import timezone

from webhooks.admin.filters import Choices
from webhooks.admin.panels import Fact, Facts, Panel, Table
from webhooks.admin.readonly import ReadOnlyAdmin
from webhooks.admin.rerun import ReasonForm
from webhooks.admin.style import ChoiceFilter, action
from webhooks.admin.values import NOTHING, BadgeKind, badge, code, moment, page_url, two_lines
from webhooks.alerts import acts
from webhooks.models import Alert, AlertMessage
from webhooks.monitoring.alert_rules import RULES, title_of

SEVERITY_KINDS: Final[dict[str, BadgeKind]] = {
    Alert.Severity.CRITICAL: "danger",
    Alert.Severity.WARNING: "warning",
}
OPEN, RESOLVED = "open", "resolved"


class StateFilter(ChoiceFilter):
    """Open, or resolved."""

    title = "state"
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Choices:
        return [(OPEN, "Open"), (RESOLVED, "Resolved")]

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        if self.value() not in (OPEN, RESOLVED):
            return queryset
        return queryset.filter(resolved_at__isnull=self.value() == OPEN)


class RuleFilter(ChoiceFilter):
    """One of the rules there are."""

    title = "rule"
    parameter_name = "rule"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Choices:
        return [(name, rule.title) for name, rule in RULES.items()]

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        return queryset.filter(rule=self.value()) if self.value() else queryset


class MuteForm(ReasonForm):
    """For how long, and why."""

    hours = forms.TypedChoiceField(
        label="For",
        coerce=int,
        choices=[(1, "an hour"), (8, "8 hours"), (24, "a day"), (168, "a week"), (0, "no longer")],
    )


@admin.register(Alert)
class AlertAdmin(ReadOnlyAdmin):
    """Alerts, the latest first, with their messages and what staff did about them."""

    list_display = ("condition", "state", "text", "how_many", "began")
    list_filter = (StateFilter, RuleFilter)
    actions_detail = ("acknowledge", "mute")

    @admin.display(description="alert")
    def condition(self, row: Alert) -> str:
        """Return what it is about."""
        return two_lines(title_of(row.rule), code(row.subject))

    @admin.display(description="state")
    def state(self, row: Alert) -> str:
        """Return if it is open, how much it matters, and if somebody has it in hand."""
        if row.resolved_at:
            return badge("Resolved", "success")
        label = badge(row.get_severity_display(), SEVERITY_KINDS[row.severity])
        is_muted = row.muted_until is not None and row.muted_until > timezone.now()
        in_hand = [("acknowledged", row.acknowledged_at), ("muted", is_muted)]
        told = ", ".join(word for word, is_so in in_hand if is_so)
        return two_lines(label, told) if told else label

    @admin.display(description="how many")
    def how_many(self, row: Alert) -> str:
        """Return how many there were when it was last looked at."""
        return f"{row.count:,}" if row.count else NOTHING

    @admin.display(description="since")
    def began(self, row: Alert) -> str:
        """Return since when it has been so."""
        return moment(row.since)

    def panels(self, request: HttpRequest, obj: Alert) -> Iterable[Panel]:
        yield self._facts(obj)
        sent = obj.messages.order_by("pk")
        headers = ["To", "What", "State", "Tried", "Made"]
        yield Table("Messages", headers, [_message(each) for each in sent], empty="nobody is told")

    def _facts(self, alert: Alert) -> Facts:
        rule = RULES.get(alert.rule)
        about = [
            Fact("State", self.state(alert)),
            Fact("Subject", code(alert.subject)),
            Fact("How many", self.how_many(alert)),
            Fact("What", alert.text, wide=True),
            Fact("What to do", code(f"docs/runbook.md#{rule.anchor}") if rule else NOTHING, True),
        ]
        times = [
            Fact("Since", moment(alert.since)),
            Fact("Opened", moment(alert.opened_at)),
            Fact("Last seen", moment(alert.seen_at)),
            Fact("Resolved", moment(alert.resolved_at)),
            Fact("Acknowledged", moment(alert.acknowledged_at)),
            Fact("Acknowledged by", alert.acknowledged_by or NOTHING),
            Fact("Muted until", moment(alert.muted_until)),
        ]
        return Facts(title_of(alert.rule), [about, times])

    def has_handle_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """True when the user may acknowledge and mute alerts."""
        return self.has_view_permission(request) and request.user.has_perm(acts.HANDLE)

    @action(
        description="Acknowledge",
        permissions=["handle"],
        url_path="acknowledge",
        icon="check",
        variant="primary",
    )
    def acknowledge(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Ask for a reason, then note that the user sees to it."""
        alert, form = self._named(request, object_id), ReasonForm(request, request.POST or None)
        if not form.is_valid():
            told = "Nobody is reminded of it any more. It stays open until its cause is gone."
            return self._ask(request, alert, "Acknowledge", told, form)
        who, why = request.user.get_username(), form.cleaned_data["reason"]
        if acts.acknowledge(alert, actor=who, reason=why, now=timezone.now()):
            messages.success(request, "Acknowledged.")
        else:
            messages.warning(request, "It has been resolved.")
        return HttpResponseRedirect(page_url(alert))

    @action(description="Mute", permissions=["handle"], url_path="mute", icon="notifications_off")
    def mute(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Ask for how long and for a reason, then mute what the alert is about."""
        alert, form = self._named(request, object_id), MuteForm(request, request.POST or None)
        if not form.is_valid():
            told = "Until then nobody is told of this, but that it is over; it is shown here."
            return self._ask(request, alert, "Mute", told, form)
        now = timezone.now()
        acts.mute(
            alert,
            until=now + timedelta(hours=form.cleaned_data["hours"]),
            actor=request.user.get_username(),
            reason=form.cleaned_data["reason"],
            now=now,
        )
        messages.success(request, "Muted." if form.cleaned_data["hours"] else "Not muted any more.")
        return HttpResponseRedirect(page_url(alert))

    def _named(self, request: HttpRequest, object_id: str) -> Alert:
        alert: Alert | None = self.get_object(request, unquote(object_id))
        if alert is None:
            raise Http404
        return alert

    def _ask(
        self, request: HttpRequest, alert: Alert, title: str, told: str, form: ReasonForm
    ) -> HttpResponse:
        context = self.page_context(
            request,
            original=alert,
            title=title,
            consequence=told,
            form=form,
            panels=[self._facts(alert)],
            cancel_url=page_url(alert),
        )
        return TemplateResponse(request, "webhooks/alert_act.html", context)


def _message(message: AlertMessage) -> list[str]:
    if message.sent_at:
        state = two_lines(badge("Sent", "success"), moment(message.sent_at))
    elif message.given_up_at:
        state = two_lines(badge("Given up", "danger"), message.error)
    else:
        state = two_lines(badge("Waiting", "warning"), message.error or NOTHING)
    made = moment(message.created_at)
    what = message.get_kind_display()
    return [message.address_name, what, state, str(message.attempts), made]
