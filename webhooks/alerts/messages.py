"""What a message about an alert says: nothing personal, and nothing secret."""

from datetime import datetime

from django.urls import NoReverseMatch, reverse

from webhooks import conf
from webhooks.models import Alert, AlertMessage
from webhooks.monitoring.alert_rules import RULES, title_of
from webhooks.monitoring.logs import without_secrets

Kind = AlertMessage.Kind


def compose(message: AlertMessage) -> tuple[str, str]:
    """Return the title and the body of a message."""
    alert = message.alert
    title = title_of(alert.rule) + (f": {alert.subject}" if alert.subject else "")
    lines = _resolution(alert) if message.kind == Kind.RESOLVED else _condition(alert)
    lines = [*lines, *_links(alert)]
    return without_secrets(f"{_opening(message)} {title}"), without_secrets("\n".join(lines))


def _opening(message: AlertMessage) -> str:
    if message.kind == Kind.RESOLVED:
        return "[Resolved]"
    still = "still open, " if message.kind == Kind.REMINDED else ""
    return f"[{(still + message.alert.severity).capitalize()}]"


def _condition(alert: Alert) -> list[str]:
    count = [f"How many: {alert.count:,}"] if alert.count else []
    return [alert.text, f"Since: {_moment(alert.since)}", *count]


def _resolution(alert: Alert) -> list[str]:
    rule = RULES.get(alert.rule)
    over = alert.resolved_at or alert.seen_at
    lasted = f"It was so from {_moment(alert.since)} to {_moment(over)}."
    return [rule.resolved, lasted] if rule else [lasted]


def _links(alert: Alert) -> list[str]:
    rule = RULES.get(alert.rule)
    runbook = [f"What to do: docs/runbook.md#{rule.anchor}"] if rule else []
    try:
        page = reverse("admin:webhooks_alert_change", args=[alert.pk])
    except NoReverseMatch:
        return runbook  # a project without the admin
    return [f"The alert: {conf.site_url()}{page}", *runbook]


def _moment(value: datetime) -> str:
    return f"{value:%Y-%m-%d %H:%M:%S} UTC"
