"""Find out that events fail, wait, take long, never came, or come in another form."""

import math
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Final

from django.db.models import Sum

from webhooks.guards.sender import printable
from webhooks.models import (
    AlertWatch,
    ApiVersion,
    Attempt,
    Reconciliation,
    WebhookEvent,
)
from webhooks.monitoring.alert_rules import Finding, Look

COUNTED_AT_MOST: Final = 10_000

ATTEMPTS_LOOKED_AT: Final = 500
LATELY: Final = timedelta(minutes=10)
FEWEST: Final = 20
"""The attempts without which nothing can be said of 95 in 100."""

RUNS_LOOKED_AT: Final = 500
LONGEST_VERSION: Final = 40
EVENTS_LOOKED_AT: Final = 5000
"""The most events whose version a turn looks at; the next one goes on from there."""


def events_failed(look: Look) -> Iterator[Finding]:
    """Find that events have failed: nobody tries them again."""
    failed = WebhookEvent.objects.filter(status=WebhookEvent.Status.FAILED).order_by("-id")
    count = failed[:COUNTED_AT_MOST].count()
    if count >= look.terms.threshold:
        first = failed.reverse().values_list("settled_at", flat=True).first()
        yield Finding("Their attempts are used up, or can't succeed.", "", count, first)


def events_wait(look: Look) -> Iterator[Finding]:
    """Find that events are due for longer than the threshold."""
    due = WebhookEvent.objects.due(look.now - timedelta(seconds=look.terms.threshold))
    # A lane at a time: each is a walk along the start of one index.
    lanes = [due.in_lane(lane) for lane in WebhookEvent.Lane]
    first = [events.values_list("available_at", flat=True).first() for events in lanes]
    if waiting := list(filter(None, first)):
        count = sum(events[:COUNTED_AT_MOST].count() for events in lanes)
        yield Finding("Events are due, and nobody takes them.", "", count, min(waiting))


def processing_slow(look: Look) -> Iterator[Finding]:
    """Find that of the latest attempts one in twenty takes longer than the threshold."""
    latest = Attempt.objects.order_by("-id").values_list("started_at", "duration_ms")
    took = sorted(ms / 1000 for at, ms in latest[:ATTEMPTS_LOOKED_AT] if at >= look.now - LATELY)
    if len(took) < FEWEST:
        return
    slow = took[math.ceil(0.95 * len(took)) - 1]
    if slow > look.terms.threshold:
        count = sum(seconds > look.terms.threshold for seconds in took)
        text = f"Of the last {len(took)} attempts, one in twenty took {slow:.1f} s or longer."
        yield Finding(text, count=count)


def events_never_came(look: Look) -> Iterator[Finding]:
    """Find that reconciliation has fetched what the provider could not deliver."""
    latest = Reconciliation.objects.order_by("-id").values_list("pk", flat=True)[:RUNS_LOOKED_AT]
    since = look.now - timedelta(seconds=look.terms.threshold)
    # Who asks for everything, delivered or not, fills a new database: nothing went wrong.
    runs = Reconciliation.objects.filter(
        pk__in=list(latest), undelivered_only=True, created_at__gte=since, recorded__gt=0
    )
    for found in runs.values("provider").annotate(times=Sum("recorded")).order_by("provider"):
        text = f"Events of {found['provider']} had not reached us, and were fetched."
        yield Finding(text, found["provider"], found["times"])


def new_api_version(look: Look) -> Iterator[Finding]:
    """Find versions of a provider's API that no event had come in before, for a time."""
    _notice_versions(look.now)
    since = look.now - timedelta(seconds=look.terms.threshold)
    for new in ApiVersion.objects.filter(noticed_at__gt=since).order_by("pk"):
        # It goes into the subject of a mail, where a line end would begin another header.
        version = printable(new.version, LONGEST_VERSION)
        text = f"Events of {new.provider} come in version {version} of its API."
        yield Finding(text, f"{new.provider} {version}", since=new.noticed_at)


def _notice_versions(now: datetime) -> None:
    upto = AlertWatch.objects.values_list("last_event", flat=True).first() or 0
    columns = WebhookEvent.objects.values_list("pk", "provider", "api_version")
    # At first by the latest alone: a table of millions is not read for this.
    newest = columns.filter(pk__gt=upto).order_by("pk") if upto else columns.order_by("-pk")
    rows = list(newest[:EVENTS_LOOKED_AT])
    if not rows:
        return
    known = set(ApiVersion.objects.values_list("provider", "version"))
    heard = {provider for provider, _ in known}
    for provider, version in {row[1:] for row in rows if row[2]} - known:
        # The first ones that are seen of a provider are what it sends.
        noticed_at = now if provider in heard else None
        ApiVersion.objects.get_or_create(
            provider=provider, version=version, defaults={"noticed_at": noticed_at}
        )
    AlertWatch.objects.update(last_event=max(row[0] for row in rows))
