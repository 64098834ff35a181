"""The subscribers of this app: events become billing state, and erased persons leave it."""

from collections.abc import Iterable
from typing import Any

from django.dispatch import receiver

from billing.fetching.fetch import request_fetch_of_undecided, request_first_fetch
from billing.fetching.thin import request_fetch_of_named
from billing.history import scope_of
from billing.operations import apply_all
from billing.privacy import erasure as erasing
from billing.translators import TRANSLATORS, Translator, stripe
from webhooks.events import Event
from webhooks.signals import ids_erased, on


def subscribe(translator: Translator) -> None:
    """Have a provider's events become billing state. Once for each provider, when apps are ready.

    Its handler is `billing.receivers.apply_<provider>_event`, which raises `PermanentFailure` for
    what is not of the provider's shape, and `Unprepared` when the provider must be asked first.
    """

    def apply_event(event: Event) -> None:
        changes, scope = translator.changes_of(event), scope_of(event)
        request_first_fetch(event, scope, changes)
        # A fetch that is requested rolls this back: only applying tells what is in doubt.
        request_fetch_of_undecided(event, scope, apply_all(event, changes))

    # It is on record with each event that it succeeded for: under another, it would run again.
    apply_event.__qualname__ = f"apply_{translator.provider}_event"
    on(translator.provider, *translator.event_types)(apply_event)


for translator in TRANSLATORS.values():
    subscribe(translator)


# Apart from the handler that applies it: what that has stored stays while this fails.
@on("stripe", *stripe.THIN_EVENT_TYPES)
def fetch_what_stripe_named(event: Event) -> None:
    """Have what a thin event named fetched, where it is in doubt still.

    Raises `Unprepared`, or `PermanentFailure`, which names the setting that is missing.
    """
    request_fetch_of_named(event, scope_of(event), stripe.TRANSLATOR.changes_of(event))


@receiver(ids_erased)
def redact_erased(*, erasure: Any, ids: Iterable[str], **_: Any) -> None:
    """Redact what is kept of these objects, which turned out to be an erased person's."""
    erasing.follow(erasure, ids)
