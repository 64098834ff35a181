"""The screens of the audit trail."""

from collections.abc import Iterable, Mapping
from typing import Any, ClassVar, Final

from django.apps import apps
from django.contrib import admin
from django.db.models import Model
from django.http import HttpRequest, HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone

from webhooks import audit
from webhooks.admin.entries import (
    details_of,
    linked_subject,
    mac_of,
    neighbour,
    reason_of,
    subject_shown,
)
from webhooks.admin.filters import DayRangeFilter
from webhooks.admin.panels import Fact, Facts, Panel, Withheld
from webhooks.admin.readonly import ReadOnlyAdmin
from webhooks.admin.style import ChoiceFilter, action
from webhooks.admin.values import NOTHING, code, moment
from webhooks.models import (
    Attempt,
    AuditEntry,
    ErasureRequest,
    Replay,
    SuppressedId,
    WebhookEvent,
)
from webhooks.models.permissions import may_view

EXPORT = "webhooks.export_auditentry"
"""The permission to take the trail away in a file."""


BUT_SEALS: Final = "-seals"
"""In the place of an act: all but the seals, which would hide what people did."""


class ActionFilter(ChoiceFilter):
    """A filter by action."""

    title = "act"
    parameter_name = "act"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        acts = [(value, str(label)) for value, label in AuditEntry.Action.choices]
        return [(BUT_SEALS, "All but seals"), *acts]

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        if self.value() == BUT_SEALS:
            return queryset.exclude(action=AuditEntry.Action.SEALED)
        return queryset.filter(action=self.value()) if self.value() else queryset


@admin.register(AuditEntry)
class AuditAdmin(ReadOnlyAdmin):
    """The audit trail, with a mark on each entry that fits, and how far everything is sealed."""

    list_display = ("number", "act", "actor", "code_of_subject", "recorded")
    list_display_links = ("number",)
    list_filter = (ActionFilter, ("recorded_at", DayRangeFilter))
    ordering: ClassVar[tuple[str, ...]] = ("-sequence",)
    search_fields = ("actor", "subject", "action")
    search_help_text = "Actor, subject or act, whole"
    list_before_template = "webhooks/audit_seals.html"
    actions_list = ("export",)

    @admin.display(description="no.")
    def number(self, row: AuditEntry) -> str:
        """Return its place in the trail."""
        return str(row.sequence)

    @admin.display(description="act")
    def act(self, row: AuditEntry) -> str:
        """Return what was done."""
        return row.get_action_display()

    @admin.display(description="subject")
    def code_of_subject(self, row: AuditEntry) -> str:
        """Return what it was done to."""
        return subject_shown(row)

    @admin.display(description="recorded")
    def recorded(self, row: AuditEntry) -> str:
        """Return when."""
        return moment(row.recorded_at)

    def panels(self, request: HttpRequest, obj: AuditEntry) -> Iterable[Panel]:
        about = [
            Fact("Act", obj.get_action_display()),
            Fact("Actor", obj.actor or NOTHING),
            Fact("Subject", linked_subject(request, obj)),
            Fact("Recorded", moment(obj.recorded_at)),
            Fact("Reason", reason_of(obj), wide=True),
            Fact("Details", details_of(obj), wide=True),
        ]
        place = [
            Fact("HMAC", mac_of(obj), wide=True),
            Fact("Key", code(obj.key_id), wide=True),
            Fact("Entry before", neighbour(obj.sequence - 1)),
            Fact("Entry after", neighbour(obj.sequence + 1)),
        ]
        yield Facts(f"Audit entry {obj.sequence}", [about, place])

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        page: HttpResponse = super().changelist_view(
            request, {**(extra_context or {}), "seals": list(_seals(request))}
        )
        return page

    def has_export_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """True when the user may take the trail away."""
        return self.has_view_permission(request) and request.user.has_perm(EXPORT)

    @action(description="Export", permissions=["export"], url_path="export", icon="download")
    def export(self, request: HttpRequest) -> HttpResponseBase:
        """Ask, then answer with all entries in a file that can be verified by itself."""
        # A link can be followed by accident, and an export is on record for good.
        if request.method != "POST":
            context = self.page_context(
                request,
                title="Export the audit trail",
                verifier=audit.VERIFIER.name,
                cancel_url=reverse("admin:webhooks_auditentry_changelist"),
            )
            return TemplateResponse(request, "webhooks/audit_export.html", context)
        # Streamed: the trail of years doesn't fit in memory.
        now = timezone.now()
        lines = audit.export(actor=request.user.get_username(), now=now)
        name = f"audit-{now:%Y%m%dT%H%M%SZ}.jsonl"
        return StreamingHttpResponse(
            lines,
            content_type="application/jsonl",
            headers={"Content-Disposition": f'attachment; filename="{name}"'},
        )


# These have no screen, and no permission that anybody is given: by what tells of them.
_TOLD_WITH: Final[Mapping[type[Model], type[Model]]] = {
    Attempt: WebhookEvent,
    Replay: WebhookEvent,
    ErasureRequest: AuditEntry,
    SuppressedId: AuditEntry,
}


def _may_count(user: Any, label: str) -> bool:
    model = apps.get_model(label)
    return may_view(user, _TOLD_WITH.get(model, model))


def _waiting(label: str, count: int) -> Fact:
    names = apps.get_model(label)._meta.verbose_name_plural
    # Counted up to a bound: a trail never sealed would have the page count millions of rows.
    more = " or more" if count == audit.MAX_COUNTED else ""
    return Fact(f"{names} not sealed yet".capitalize(), f"{count}{more}")


def _seals(request: HttpRequest) -> Iterable[Panel]:
    up_to, anchor = audit.sealed_up_to(), audit.current_anchor()
    sealed = [Fact("Sealed up to", moment(up_to))]
    unsealed = audit.unsealed()
    counted = [label for label in unsealed if _may_count(request.user, label)]
    waiting = [_waiting(label, unsealed[label].count) for label in counted]
    end = [Fact("Anchor", code(str(anchor)) if anchor else NOTHING, wide=True)]
    yield Facts("Seals", [[*sealed, *waiting], end])
    if len(counted) < len(unsealed):
        yield Withheld()
