"""The subscribers of this app: events become billing state, and erased persons leave it."""

from collections.abc import Iterable
from typing import Any

from django.dispatch import receiver

from billing.fetching.fetch import request_fetch_of_undecided, request_first_fetch
from billing.history import scope_of
from billing.operations import apply_all
from billing.privacy import erasure as erasing
from billing.translators import TRANSLATORS, Translator
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


@receiver(ids_erased)
def redact_erased(*, erasure: Any, ids: Iterable[str], **_: Any) -> None:
    """Redact what is kept of these objects, which turned out to be an erased person's."""
    erasing.follow(erasure, ids)
