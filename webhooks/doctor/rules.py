"""The conditions that alerts watch, looked at once and now."""

from collections.abc import Iterator
from functools import partial

from webhooks import conf
from webhooks.doctor.findings import Examined, Finding, State
from webhooks.doctor.registry import examines
from webhooks.models import Alert
from webhooks.monitoring.alert_rules import RULES, Look, Rule

GROUP = "Operation"


def _examine(rule: Rule, examined: Examined) -> Iterator[Finding]:
    """Yield what a rule finds, which is as what an alert of it tells."""
    terms = conf.alert_terms(rule.name, rule.terms)
    if terms is None:
        yield Finding(rule.name, State.NOT_ASKED, f"{rule.title}: switched off in WEBHOOK_ALERTS")
        return
    # Some conditions can be told by their alerts alone, which servers open.
    opened = Alert.objects.filter(rule=rule.name, resolved_at=None)
    look = Look(examined.now, terms, {each.subject: each for each in opened}, once=True)
    found = list(rule.find(look))
    for one in found:
        yield Finding(
            rule.name,
            State.ATTENTION,
            f"{rule.title}: {one.text}",
            f"docs/runbook.md#{rule.anchor}",
            subject=one.subject,
            since=one.since,
            count=one.count or None,
        )
    if not found:
        yield Finding(rule.name, State.OK, f"{rule.title}: no")


for each in RULES.values():
    examines(GROUP, needs_database=True, name=each.title)(partial(_examine, each))
