"""The rules about Redis and the broker. Importing it registers them."""

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import Final

from payments_project.readiness import PARTS
from webhooks.monitoring.alert_rules import Finding, Look, Rule, Severity, Terms, register

_away_since: Final[dict[str, datetime]] = {}
"""By this process alone: another may reach what this one does not."""


def reset() -> None:
    """Begin as a process that has missed nothing."""
    _away_since.clear()


def _away(part: str, text: str) -> Callable[[Look], Iterator[Finding]]:
    """Return how to find that a part has not answered for as long as the threshold."""

    def find(look: Look) -> Iterator[Finding]:
        if PARTS[part]():
            _away_since.pop(part, None)
            return
        since = _away_since.setdefault(part, look.now)
        # A single answer that is missed is no outage, and no end of one either.
        if look.once or look.open or look.now - since >= timedelta(seconds=look.terms.threshold):
            yield Finding(text, since=since)

    return find


register(
    Rule(
        "redis_away",
        "Redis is away",
        Severity.WARNING,
        Terms(threshold=30, cool_down=30),
        "seconds without an answer",
        "Redis answers.",
        _away("cache", "Redis does not answer. No event is lost; limits count by process."),
    ),
    Rule(
        "broker_away",
        "The broker is away",
        Severity.CRITICAL,
        Terms(threshold=30, cool_down=30),
        "seconds without an answer",
        "The broker answers.",
        _away("broker", "The broker does not answer: no worker is woken, and beat sends nothing."),
    ),
)
