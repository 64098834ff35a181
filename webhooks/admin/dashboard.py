"""The first page: what needs somebody's attention."""

from datetime import timedelta
from typing import Any, Final

from django.db.models import Max, Sum
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from webhooks.admin.panels import Table, Withheld
from webhooks.admin.values import code, event_type, link, moment, ordinal, page_url, two_lines
from webhooks.checks.api_key import has_test_key_with_live_data
from webhooks.intake import secret_rotation
from webhooks.models import Alert, Refusal, WebhookEvent
from webhooks.models.permissions import may_view
from webhooks.monitoring.alert_rules import title_of

LATE_AFTER: Final = timedelta(minutes=1)
FAILURES_SHOWN: Final = 8
ALERTS_SHOWN: Final = 8
LATELY: Final = timedelta(hours=1)
KINDS_SHOWN: Final = 8


def dashboard(request: HttpRequest, context: dict[str, Any]) -> dict[str, Any]:
    """Return the context of the first page; only counts that an index answers."""
    sees_events, sees_refusals, sees_alerts = (
        may_view(request.user, model) for model in (WebhookEvent, Refusal, Alert)
    )
    if not (sees_events and sees_refusals and sees_alerts):
        context = context | {"withheld": Withheld()}
    if not sees_events:
        return context
    events = reverse("admin:webhooks_webhookevent_changelist")
    # Nothing is counted over all events: this page is opened all day, at any size of the table.
    failed = WebhookEvent.objects.filter(status=WebhookEvent.Status.FAILED)
    late = WebhookEvent.objects.due(timezone.now() - LATE_AFTER)
    return context | {
        "title": "Overview",
        "events_url": events,
        "counts": [
            ("Failed events", failed.count(), f"{events}?status=failed"),
            ("Waiting for more than a minute", late.count(), f"{events}?status=due"),
        ],
        "alerts": _alerts() if sees_alerts else None,
        "warnings": _warnings(),
        "failures": _failures(failed.order_by("-id").defer("body")[:FAILURES_SHOWN], events),
        "refusals": _refusals() if sees_refusals else None,
    }


def _alerts() -> SafeString | None:
    """Return a line that names the open alerts, or None."""
    opened = Alert.objects.filter(resolved_at=None).order_by("-pk")[:ALERTS_SHOWN]
    links = [(page_url(each), title_of(each.rule), each.subject) for each in opened]
    return format_html_join(" · ", '<a class="link" href="{}">{} {}</a>', links) if links else None


def _refusals() -> Table | None:
    """Return what was refused lately, or None. The numbers are what the samples stand for."""
    lately = Refusal.objects.filter(recorded_at__gte=timezone.now() - LATELY)
    kinds = lately.values("endpoint", "code").annotate(
        times=Sum("weight"), latest=Max("recorded_at")
    )
    page = reverse("admin:webhooks_refusal_changelist")
    rows = [
        [
            code(kind["endpoint"]),
            link(f"{page}?code={kind['code']}", kind["code"]),
            f"{kind['times']:,}",
            moment(kind["latest"]),
        ]
        for kind in kinds.order_by("-times")[:KINDS_SHOWN]
    ]
    headers = ["Endpoint", "Code", "At least", "Latest"]
    return Table("Refused within the hour", headers, rows, more_url=page) if rows else None


def _warnings() -> list[str]:
    # What would break only later, when it is hard to tell why: a secret retired too soon.
    warnings = [
        f"The {ordinal(secret.place)} secret of {secret.setting} ({secret.secret_id}) is still "
        f"needed: it alone proved {secret.deliveries} of the latest deliveries, the last one at "
        f"{secret.last_seen:%Y-%m-%d %H:%M} UTC. Keep it until the provider signs with the first."
        for secret in secret_rotation.still_needed(now=timezone.now())
    ]
    if has_test_key_with_live_data():
        warnings.append(
            "STRIPE_API_KEY is a key of test mode, and live events come in: nothing that they "
            "are about can be fetched."
        )
    return warnings


def _failures(failed: Any, events: str) -> Table:
    return Table(
        "Latest failures",
        ["Event", "Error", "Customer", "Received"],
        [
            [
                two_lines(link(page_url(event), event_type(event.type)), code(event.event_id)),
                format_html('<span class="error">{}</span>', event.last_error),
                code(event.customer_id),
                moment(event.received_at),
            ]
            for event in failed
        ],
        more_url=f"{events}?status=failed",
    )
