"""The events that handlers take, against those that Stripe sends."""

from collections.abc import Iterable
from typing import Final

from webhooks.providers import stripe_endpoints
from webhooks.providers.stripe_endpoints import ALL
from webhooks.signals import matches, subscriptions

STRIPE: Final = "stripe"


def wanted_events() -> frozenset[str]:
    """Return the types of Stripe's events that handlers take; `ALL` where one takes whatever comes.

    Patterns stand for the types that Stripe's client knows.
    """
    patterns = tuple(each for one in subscriptions(STRIPE) for each in one.patterns)
    if ALL in patterns:
        return frozenset({ALL})
    return frozenset(each for each in stripe_endpoints.event_types() if matches(each, patterns))


def unknown_patterns() -> list[tuple[str, str]]:
    """Return patterns that no type of Stripe's matches, each with the name of its handler."""
    known = stripe_endpoints.event_types()
    return [
        (pattern, one.name)
        for one in subscriptions(STRIPE)
        for pattern in one.patterns
        # Thin events (`v1.…`, `v2.…`) are sent to event destinations, which are no such endpoints.
        if not matches(pattern, ("v[0-9].*",))
        and not any(matches(each, (pattern,)) for each in known)
    ]


def missing(wanted: Iterable[str], sent: Iterable[str]) -> frozenset[str]:
    """Return the types that are wanted and not sent."""
    return frozenset() if ALL in sent else frozenset(wanted) - frozenset(sent)


def surplus(wanted: Iterable[str], sent: Iterable[str]) -> frozenset[str]:
    """Return the types that are sent and not wanted; `ALL` for every other."""
    return frozenset() if ALL in wanted else frozenset(sent) - frozenset(wanted)
