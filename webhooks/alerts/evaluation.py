"""Compare what rules find with the alerts that are open: open, keep up to date, resolve.

One process of all evaluates at a time. It takes a turn first, by a row with a lease; finds without
a transaction, as some rules ask Redis and the broker; and then, under that row's lock, applies what
it found, if the turn is still its own. So no alert is opened twice, nor by old findings.
"""

import logging
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Final

from django.db import Error, connection, transaction
from django.utils import timezone

from webhooks.alerts import outbox
from webhooks.events import Clock
from webhooks.models import Alert, AlertMessage, AlertWatch
from webhooks.monitoring import alert_rules
from webhooks.monitoring.alert_rules import RULES, Finding, Look, Terms
from webhooks.processing.errors import textless

logger = logging.getLogger(__name__)

INTERVAL: Final = timedelta(seconds=15)

LEASE: Final = timedelta(minutes=2)
"""The time after which somebody else takes the turn of one who has not finished it."""

WATCH: Final = 1
"""The primary key of the only row of `AlertWatch`."""

FORGOTTEN_AFTER: Final = timedelta(days=1)
"""The time after which an alert is resolved whose rule no process knows any more."""

Findings = Mapping[str, list[Finding]]


def evaluate(*, clock: Clock = timezone.now) -> bool:
    """Evaluate all rules, unless another does or did a moment ago; True when it was done.

    A rule that fails is passed over: its alerts stay as they are.
    """
    now = clock()
    turn = _take_turn(now)
    if turn is None:
        return False
    terms = alert_rules.in_force()
    opened: dict[str, dict[str, Alert]] = {name: {} for name in terms}
    for alert in Alert.objects.filter(resolved_at=None, rule__in=terms):
        opened[alert.rule][alert.subject] = alert
    looks = {name: Look(now, terms[name], opened[name]) for name in terms}
    found = {name: each for name in terms if (each := _find(name, looks[name])) is not None}
    with transaction.atomic():
        watch = _locked_watch(now)
        if watch.turn != turn:
            return False
        watch.next_at = now + INTERVAL
        watch.save(update_fields=["next_at"])
        _apply(found, looks, now)
    return True


def raise_at_once(rule: str, finding: Finding, *, now: datetime) -> None:
    """Open an alert that can't wait for the next turn, or bring it up to date."""
    if rule not in alert_rules.in_force():
        return
    with transaction.atomic():
        _locked_watch(now)
        alert = Alert.objects.filter(rule=rule, subject=finding.subject, resolved_at=None).first()
        if alert is None:
            _open(rule, finding, now)
        else:
            _keep(alert, finding, now)


def _take_turn(now: datetime) -> int | None:
    # Read first: of all processes that come by, few find that it is time.
    next_at = AlertWatch.objects.filter(pk=WATCH).values_list("next_at", flat=True).first()
    if next_at is not None and not _is_time(next_at, now):
        return None
    with transaction.atomic():
        watch = _locked_watch(now)
        if not _is_time(watch.next_at, now):
            return None
        watch.turn, watch.next_at = watch.turn + 1, now + LEASE
        watch.save(update_fields=["turn", "next_at"])
        return watch.turn


def _is_time(next_at: datetime, now: datetime) -> bool:
    # A machine whose clock is ahead must not keep the others from evaluating until then.
    return next_at <= now or next_at > now + LEASE


def _locked_watch(now: datetime) -> AlertWatch:
    watch, _ = AlertWatch.objects.select_for_update().get_or_create(
        pk=WATCH, defaults={"next_at": now}
    )
    return watch


def _find(rule: str, look: Look) -> list[Finding] | None:
    try:
        return list(RULES[rule].find(look))
    except Exception as error:
        # Whatever it is, the other rules are evaluated, and what they found is told.
        logger.exception("the rule %s could not be evaluated", rule, exc_info=textless(error))
        if isinstance(error, Error) and not connection.in_atomic_block:
            connection.close()
        return None


def _apply(found: Findings, looks: Mapping[str, Look], now: datetime) -> None:
    opened = {(each.rule, each.subject): each for each in Alert.objects.filter(resolved_at=None)}
    for rule, findings in found.items():
        for finding in findings:
            alert = opened.pop((rule, finding.subject[:64]), None)
            if alert is None:
                _open(rule, finding, now)
            else:
                _keep(alert, finding, now)
                _remind(alert, looks[rule].terms, now)
    for alert in opened.values():
        if look := looks.get(alert.rule):
            # The rule failed, or an alarm has opened it since the rule looked.
            if alert.rule not in found or alert.subject not in look.open:
                continue
            patience = timedelta(seconds=look.terms.cool_down)
        else:
            # Switched off, or of an app that is gone, or that this process has not got yet.
            patience = timedelta() if alert.rule in RULES else FORGOTTEN_AFTER
        if now - alert.seen_at >= patience:
            _resolve(alert, now)


def _open(rule: str, finding: Finding, now: datetime) -> None:
    subject = finding.subject[:64]
    earlier = Alert.objects.filter(rule=rule, subject=subject, muted_until__gt=now)
    # Muted is what the alert is about: it must not speak up because it went away and came back.
    muted_until = earlier.order_by("-pk").values_list("muted_until", flat=True).first()
    alert = Alert.objects.create(
        rule=rule,
        subject=subject,
        severity=RULES[rule].severity,
        text=finding.text[:500],
        count=finding.count,
        since=finding.since or now,
        opened_at=now,
        seen_at=now,
        told_at=now,
        muted_until=muted_until,
    )
    logger.error("alert: %s %s", rule, subject)
    if muted_until is None:
        outbox.put_in(alert, AlertMessage.Kind.RAISED, now=now)


def _keep(alert: Alert, finding: Finding, now: datetime) -> None:
    alert.text, alert.count, alert.seen_at = finding.text[:500], finding.count, now
    alert.save(update_fields=["text", "count", "seen_at"])


def _remind(alert: Alert, terms: Terms, now: datetime) -> None:
    is_quiet = alert.acknowledged_at or (alert.muted_until and alert.muted_until > now)
    if is_quiet or not terms.remind or now - alert.told_at < timedelta(seconds=terms.remind):
        return
    Alert.objects.filter(pk=alert.pk).update(told_at=now)
    outbox.put_in(alert, AlertMessage.Kind.REMINDED, now=now)


def _resolve(alert: Alert, now: datetime) -> None:
    alert.resolved_at = now
    alert.save(update_fields=["resolved_at"])
    logger.warning("alert resolved: %s %s", alert.rule, alert.subject)
    # Whoever was told that it began is told that it is over, muted or not.
    if alert.messages.exists():
        outbox.put_in(alert, AlertMessage.Kind.RESOLVED, now=now)
