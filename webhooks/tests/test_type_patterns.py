"""Patterns of event types mean the same to every database, and cost little."""

from fnmatch import fnmatchcase

import pytest

from webhooks.models import WebhookEvent
from webhooks.testing import deliver
from webhooks.tests.events import make_event

TYPES = ("a.b", "A.b", "aXb", "a.b.c", "a%b", "a_b", "a\\b", "a[b]", "a?b", "a" * 255, "\u00e9.b")
PATTERNS = (
    *("a.b", "a*", "*b", "a*b", "*.b*", "**", "*", "a**b", "A*", "*c", "nothing", ""),
    *("a%b", "a_b", "a\\*", "a[b]", "a[*", "a?b", "*?*", "*]", "\u00e9*", "*%*", "*\\b"),
    *("*a" * 100 + "*b", "*a" * 100, "*" * 5000, "a" * 5000 + "*"),
)


@pytest.mark.django_db
def test_only_a_star_is_a_wildcard() -> None:
    for event_type in TYPES:
        deliver(make_event(event_type))
    for pattern in PATTERNS:
        found = WebhookEvent.objects.of_type(pattern).values_list("type", flat=True)
        literal = pattern.replace("[", "[[]").replace("?", "[?]")
        assert set(found) == {one for one in TYPES if fnmatchcase(one, literal)}, pattern
