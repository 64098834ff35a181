"""Bringing back the events that a provider made and we never received."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import F
from django.utils import timezone

from webhooks import conf
from webhooks.events import Clock, Event
from webhooks.intake.record import Recorded, recover
from webhooks.models import Reconciliation, WebhookEvent
from webhooks.monitoring import metrics
from webhooks.privacy import suppression
from webhooks.processing import wakeup
from webhooks.processing.claims import claim
from webhooks.processing.process import process
from webhooks.providers import PROVIDERS, Page, Provider

SCHEDULE = "the schedule"
"""The actor of the scheduled reconciliations, which nobody asks for."""

GRACE = timedelta(minutes=1)
"""An age such as 30d is reckoned when it is read, and compared a moment later."""

SCHEDULED_DAYS = 3
"""The time that the scheduled ones look back: Stripe gives up on a delivery after as long."""


class NotPossible(Exception):
    """No such reconciliation can be made; the message says why."""


@dataclass(slots=True)
class Reconciled:
    """The result of a reconciliation, over all of its runs; `outcomes` are those of this run.

    Of the events `seen` in the provider's list, those that we did not have were `recorded`.
    """

    seen: int = 0
    recorded: int = 0
    outcomes: Counter[str] = field(default_factory=Counter)

    @property
    def known(self) -> int:
        """The number of listed events that had been received."""
        return self.seen - self.recorded


def request_reconciliation(
    provider: str,
    *,
    account: str,
    since: datetime,
    undelivered_only: bool,
    actor: str,
    now: datetime,
) -> Reconciliation:
    """Put on record who asks for a reconciliation, and of what. Raises `NotPossible`."""
    _check_reach(_able(provider), since, now)
    return Reconciliation.objects.create(
        provider=provider,
        account=account,
        since=since,
        undelivered_only=undelivered_only,
        actor=actor,
        created_at=now,
    )


def reconcile(
    requested: Reconciliation,
    *,
    clock: Clock = timezone.now,
    progress: Callable[[Reconciled], None] = lambda _: None,
) -> Reconciled:
    """Record the events that we missed, and process them when that is done here.

    What we have is neither written nor counted. Within a page the oldest goes first; across
    pages the newest do, and handlers can't rely on any order anyway. One page is held at a time,
    so memory stays the same however many events there are; `progress` is called after each.
    One that was interrupted goes on after the last page it was done with when called again; of
    the page it was in, what it had recorded is known by then.
    Raises `NotPossible`, `ProviderApiUnavailable`, `ProviderApiRefused` or `StorageUnavailable`.
    """
    # It may be gone on with when some of it is out of the provider's reach: the rest is not.
    provider = _able(requested.provider)
    result = Reconciled(requested.seen, requested.recorded)
    place = conf.processing()
    for page in _pages(provider, requested):
        for event, body in _unknown(page):
            recorded = _recover(requested, event, body, clock())
            pk = recorded and recorded.pk
            if recorded:
                result.recorded += 1
                metrics.FETCHED_EVENTS.labels(requested.provider).inc()
            # Workers may take it at once, so it must not wait as it came.
            if recorded and recorded.is_erased:
                suppression.redact_late(recorded.pk, now=clock())
            if pk and place is conf.Processing.REQUEST:
                result.outcomes.update(_process(pk, clock))
            elif pk and place is conf.Processing.CELERY:
                wakeup.wake()
        # Only now: cut short within a page, a run must begin that page again.
        result.seen += len(page.events)
        requested.seen, requested.cursor = result.seen, page.cursor
        requested.save(update_fields=["seen", "cursor"])
        progress(result)
    requested.finished_at = clock()
    requested.save(update_fields=["finished_at"])
    return result


def missing(
    provider: str, *, account: str, since: datetime, undelivered_only: bool, now: datetime
) -> Iterator[Event]:
    """Yield the events that a reconciliation would record; write nothing. Raises as it would."""
    able = _able(provider)
    _check_reach(able, since, now)
    for page in able.list_events(account=account, since=since, undelivered_only=undelivered_only):
        yield from (event for event, _ in _unknown(page))


def reconcile_on_schedule(*, clock: Clock = timezone.now) -> list[Reconciled]:
    """Look, of each provider that can be asked, for what it could not deliver to our own account.

    A run that was cut short is gone on with, so that a long list comes to its end.
    """
    return [
        reconcile(_scheduled(name, clock()), clock=clock)
        for name, provider in PROVIDERS.items()
        if provider.lists_events
    ]


def _scheduled(provider: str, now: datetime) -> Reconciliation:
    since = now - timedelta(days=SCHEDULED_DAYS)
    # One that began longer ago than it would look back is not worth going on with.
    begun = Reconciliation.objects.filter(
        provider=provider, actor=SCHEDULE, finished_at=None, created_at__gte=since
    )
    return begun.order_by("-pk").first() or request_reconciliation(
        provider, account="", since=since, undelivered_only=True, actor=SCHEDULE, now=now
    )


def _able(name: str) -> Provider:
    provider = PROVIDERS.get(name)
    if provider is None or not provider.lists_events:
        able = ", ".join(name for name, one in PROVIDERS.items() if one.lists_events)
        raise NotPossible(f"{name} can't be asked for its events; these can: {able}.")
    return provider


def _check_reach(provider: Provider, since: datetime, now: datetime) -> None:
    # Refused before the provider is asked: its own answer to this would be harder to read.
    if since >= now:
        raise NotPossible(f"{since:%Y-%m-%d %H:%M:%S} UTC is still to come.")
    if since < now - provider.keeps_events - GRACE:
        raise NotPossible(
            f"{provider.name.capitalize()} keeps events for {provider.keeps_events.days} days: "
            f"it can't be asked for those since {since:%Y-%m-%d %H:%M:%S} UTC."
        )


def _pages(provider: Provider, requested: Reconciliation) -> Iterator[Page]:
    return provider.list_events(
        account=requested.account,
        since=requested.since,
        undelivered_only=requested.undelivered_only,
        after=requested.cursor,
    )


def _unknown(page: Page) -> Iterable[tuple[Event, bytes]]:
    """Return the events of a page that were never received, the oldest first."""
    provider, ids = page.events[0][0].provider, [event.id for event, _ in page.events]
    rows = WebhookEvent.objects.filter(provider=provider, event_id__in=ids)
    known = set(rows.values_list("event_id", flat=True))
    # Providers list the newest first.
    return [listed for listed in reversed(page.events) if listed[0].id not in known]


@transaction.atomic
def _recover(
    requested: Reconciliation, event: Event, body: bytes, now: datetime
) -> Recorded | None:
    # Counted with the event itself: a count at the page's end would be lost with this process.
    recorded = recover(event, body, now=now)
    if recorded:
        Reconciliation.objects.filter(pk=requested.pk).update(recorded=F("recorded") + 1)
    return recorded


def _process(pk: int, clock: Clock) -> Iterator[str]:
    # Recorded as nobody's, so that a process which is killed here leaves it to the sweep.
    taken = claim(pk, now=clock())
    attempt = process(taken, now=clock()) if taken else None
    if attempt:
        yield attempt.outcome
