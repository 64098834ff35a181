"""The only subscribers of this app: what they hear becomes billing state, or leaves it."""

from collections.abc import Iterable
from typing import Any

from django.dispatch import receiver

from billing.fetching.fetch import ask_first, ask_where_undecided
from billing.operations import apply_all
from billing.privacy import erasure as erasing
from billing.translators import stripe
from webhooks.events import Event
from webhooks.signals import ids_erased, on


@on("stripe", *stripe.EVENT_TYPES)
def apply_stripe_event(event: Event) -> None:
    """Bring billing state up to date. `PermanentFailure` for what is not of Stripe's shape."""
    changes = stripe.translate(event)
    ask_first(event, changes)
    ask_where_undecided(event, apply_all(event, changes))


@receiver(ids_erased)
def forget(*, erasure: Any, ids: Iterable[str], **_: Any) -> None:
    """Redact what is kept of these objects, which turned out to be somebody's who was erased."""
    erasing.follow(erasure, ids)
