"""The subscribers of this app: events become billing state, and erased persons leave it."""

from collections.abc import Iterable
from typing import Any

from django.dispatch import receiver

from billing.fetching.fetch import request_fetch_of_undecided, request_first_fetch
from billing.history import scope_of
from billing.operations import apply_all
from billing.privacy import erasure as erasing
from billing.translators import stripe, telegram
from webhooks.events import Event
from webhooks.signals import ids_erased, on


# Its name is on record with each event that it succeeded for: under another, it would run again.
@on("stripe", *stripe.EVENT_TYPES)
def apply_stripe_event(event: Event) -> None:
    """Bring billing state up to date. Raises `PermanentFailure` for what is not of Stripe's shape.

    Raises `Unprepared` when the provider must be asked first.
    """
    changes, scope = stripe.translate(event), scope_of(event)
    request_first_fetch(event, scope, changes)
    # A fetch that is requested rolls this back: only applying tells what is in doubt.
    request_fetch_of_undecided(event, scope, apply_all(event, changes))


@on("telegram", *telegram.EVENT_TYPES)
def apply_telegram_event(event: Event) -> None:
    """Bring billing state up to date. Raises `PermanentFailure` for what is of another shape."""
    apply_all(event, telegram.translate(event))


@receiver(ids_erased)
def redact_erased(*, erasure: Any, ids: Iterable[str], **_: Any) -> None:
    """Redact what is kept of these objects, which turned out to be an erased person's."""
    erasing.follow(erasure, ids)
