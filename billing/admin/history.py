"""An object's history: its changes, event by event."""

from typing import Any, Final

from django.http import HttpRequest
from django.utils.html import format_html_join

from billing.admin.values import label, plain
from billing.models import BillingChange, ProviderObject
from billing.privacy.masking import masked
from webhooks.admin.panels import Panel, Table, Withheld
from webhooks.admin.related import events_url
from webhooks.admin.values import (
    BadgeKind,
    badge,
    code,
    event_type,
    link_if_viewable,
    moment,
    two_lines,
)
from webhooks.models import WebhookEvent
from webhooks.models.permissions import may_view

SHOWN: Final = 20

_KINDS: Final[dict[str, BadgeKind]] = {
    BillingChange.Verdict.APPLIED: "success",
    BillingChange.Verdict.UNCHANGED: "",
    BillingChange.Verdict.OLDER: "warning",
    BillingChange.Verdict.UNDECIDABLE: "danger",
}


def changes_of_object(request: HttpRequest, row: ProviderObject) -> Panel:
    """Return the latest changes of an object, the last one first."""
    if not may_view(request.user, BillingChange):
        return Withheld()
    changes = BillingChange.objects.filter(
        provider_id=row.provider_id, object_type=row.object_type, **row.scope
    ).order_by("-id")[:SHOWN]
    return Table(
        "Changes" if len(changes) < SHOWN else f"The latest {SHOWN} changes",
        ["Event", "Made", "Verdict", "What changed"],
        [[_event(request, change), *change_cells(change, row)] for change in changes],
    )


def change_cells(change: BillingChange, row: ProviderObject | None) -> list[str]:
    """Return a change's moment, its verdict and why, and each field's values before and after."""
    verdict = badge(change.get_verdict_display(), _KINDS.get(change.verdict, ""))
    return [
        moment(change.created_at),
        two_lines(verdict, change.get_reason_display()),
        _differences(change, row),
    ]


def _event(request: HttpRequest, change: BillingChange) -> str:
    # An answer of the provider's that no event asked for has none to link to.
    if not change.event_id:
        return two_lines(change.get_source_display(), code(change.event_type))
    shown = event_type(change.event_type)
    name = link_if_viewable(request, WebhookEvent, events_url(change.event_id), shown)
    if change.source == BillingChange.Source.FETCH:
        return two_lines(name, change.get_source_display())
    return two_lines(name, code(change.event_id))


def _differences(change: BillingChange, row: ProviderObject | None) -> str:
    fields: dict[str, list[Any]] = change.fields
    # The first change of an object brings its currency along; later ones leave it to the row.
    currency = fields.get("currency", ["", ""])[1] or getattr(row, "currency", "")
    return format_html_join(
        " ",
        '<span class="difference"><b>{}</b> {} → {}</span>',
        (
            (
                label(type(row), name) if row else name,
                *(
                    plain(name, masked(change.object_type, name, value), currency)
                    for value in values
                ),
            )
            for name, values in fields.items()
        ),
    )
