"""Find out that deliveries are refused: alarms raise these alerts, and the tables end them."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any, Final

from django.db.models import Q, Sum
from django.utils import timezone

from webhooks import conf
from webhooks.alerts.evaluation import raise_at_once
from webhooks.intake import secret_rotation
from webhooks.models import Alert, Refusal, WebhookEvent
from webhooks.monitoring.alert_rules import Finding, Look

LOOKED_AT: Final = 2000
"""The number of the latest events among which a genuine delivery is looked for."""

_RULES: Final = {"nothing_proven": "nothing_genuine", "burst": "refusals"}
"""By the kinds of alarms, which `alarm_raised` tells."""


def take_alarm(
    *, endpoint: str, kind: str, count: int, seconds: float, message: str, **_: Any
) -> None:
    """Open the alert that an alarm stands for; a receiver of `alarm_raised`."""
    now = timezone.now()
    since = now - timedelta(seconds=seconds)
    finding = Finding(message, endpoint, count, since)
    raise_at_once(_RULES[kind], finding, now=now)


def nothing_genuine(look: Look) -> Iterator[Finding]:
    """Keep an alert until a genuine delivery has been taken at its endpoint since."""
    if not look.open:
        return
    latest = WebhookEvent.objects.order_by("-id").values_list("endpoint", "received_at")
    taken = {
        endpoint
        for endpoint, at in latest[:LOOKED_AT]
        if endpoint in look.open and at > look.open[endpoint].opened_at
    }
    yield from (_again(alert) for slug, alert in look.open.items() if slug not in taken)


def refusals(look: Look) -> Iterator[Finding]:
    """Keep an alert for as long as refusals go on at a good part of the rate of a burst."""
    policy = conf.alarm_policy()
    since = look.now - timedelta(seconds=policy.burst_seconds)
    known = list(conf.setting("WEBHOOK_ENDPOINTS"))
    for slug, alert in look.open.items():
        # Strangers name endpoints as they like: theirs count as the one that there is not.
        of_endpoint = Q(endpoint=slug) if slug in known else ~Q(endpoint__in=known)
        lately = Refusal.objects.filter(of_endpoint, recorded_at__gte=since)
        told = lately.aggregate(told=Sum("weight"))["told"] or 0
        # Records stand for half of all refusals at least, and each process alarms by its own.
        if told >= policy.burst / 4:
            yield _again(alert)


def secret_unproven(look: Look) -> Iterator[Finding]:
    """Find that the latest deliveries to an endpoint were proven by former secrets alone."""
    for found in secret_rotation.unproven(most=int(look.terms.threshold)):
        yield Finding(
            f"The first secret of {found.setting} proves nothing: the latest deliveries were "
            "proven by former ones. It was mistyped, or the provider does not sign with it.",
            found.endpoint,
            found.deliveries,
            found.since,
        )


def _again(alert: Alert) -> Finding:
    return Finding(alert.text, alert.subject, alert.count)
