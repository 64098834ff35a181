"""The acts that ask for a reason: what their pages say, and ignoring and unmasking themselves."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from django.contrib import messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone

from webhooks.admin.rerun import ReasonForm
from webhooks.models import EventQuerySet, WebhookEvent
from webhooks.privacy import unmasking
from webhooks.processing.ignore import ignore


@dataclass(frozen=True, slots=True)
class Act:
    """An act on events: its name, what it does, and on which events it can be done."""

    title: str
    consequence: str
    unable: str
    possible: Callable[[EventQuerySet, datetime], QuerySet[WebhookEvent]]
    action: str = ""


# A page is shown for events on which the act can't be done, too: it says why not, in advance.
RERUNNING: Final = Act(
    "Re-run",
    "The handlers that have not succeeded yet will run. What has succeeded stays as it is.",
    "Its payload has been cleaned up: it will be skipped.",
    lambda events, _: events.replayable(),
    "rerun_selected",
)
IGNORING: Final = Act(
    "Ignore",
    "Nothing runs for it any more, and nothing is undone. It can be re-run later.",
    "It did not fail, or is being processed: it will be skipped.",
    lambda events, now: events.ignorable(now),
    "ignore_selected",
)
UNMASKING: Final = Act(
    "Show raw payload",
    "It may hold what identifies a person. That you looked, and why, goes on record.",
    "Its payload has been cleaned up.",
    lambda events, _: events.replayable(),
)


def ignore_events(request: HttpRequest, pks: Sequence[int], form: ReasonForm) -> None:
    """Have events ignored on behalf of the user, and tell the user what came of it."""
    done = 0
    # Each in a transaction of its own: one that can't be ignored any more must not undo the rest.
    for event in WebhookEvent.objects.filter(pk__in=pks).defer("body").order_by("pk"):
        done += ignore(
            event,
            actor=request.user.get_username(),
            reason=form.cleaned_data["reason"],
            now=timezone.now(),
        )
    if done:
        messages.success(request, "Ignored." if len(pks) == 1 else f"Ignored: {done}.")
    if skipped := len(pks) - done:
        text = "Skipped, as it did not fail or is being processed"
        messages.warning(request, f"{text}." if len(pks) == 1 else f"{text}: {skipped}.")


def unmask_payload(request: HttpRequest, event: WebhookEvent, form: ReasonForm) -> bytes | None:
    """Return the raw payload for the user, on the record; None once it was cleaned up."""
    return unmasking.unmask(
        event,
        actor=request.user.get_username(),
        reason=form.cleaned_data["reason"],
        now=timezone.now(),
    )
