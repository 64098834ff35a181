"""Translates thin events, which name an object and carry nothing of it.

https://docs.stripe.com/event-destinations
"""

from typing import Final

from billing.changes import CHANGES, Change
from billing.translators.fields import Node, text
from billing.translators.stripe.common import identifier
from webhooks.events import Event

THIN: Final = "v2.core.event"
"""A thin event's `object`."""


def is_thin(event: Event) -> bool:
    """True for an event that names its object, and carries nothing of it."""
    return event.payload.get("object") == THIN


def named(event: Event) -> list[Change]:
    """Return what a thin event tells of the object that it names.

    That it has changed, so what is known of it is in doubt until it was fetched; or that it is
    gone. Empty where it names none that billing knows. Raises `PermanentFailure` for what is not of
    Stripe's shape or cannot be stored.
    """
    related = Node(event.payload)["related_object"]
    kind, provider_id = text(related["type"]), identifier(related)
    change = CHANGES.get(kind) if isinstance(kind, str) else None
    if change is None or not provider_id:
        return []
    # Stripe has no more to tell of it than this, or nothing at all.
    if event.type == f"v1.{kind}.deleted":
        return [change(provider_id=provider_id, deleted=True)]
    return [change(provider_id=provider_id, complete=False, casts_doubt=event.id)]
