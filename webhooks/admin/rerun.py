"""Re-running events: the form, the effect, and the report."""

from collections.abc import Collection
from typing import Any, Final

from django import forms
from django.contrib import messages
from django.http import HttpRequest
from django.utils import timezone

from webhooks.admin.style import Checkbox, Textarea
from webhooks.models import Attempt, Trigger, WebhookEvent
from webhooks.processing.replay import FORCE, Replayed, replay, request_replay

ERRORS_SHOWN: Final = 5
Outcome = Attempt.Outcome


class ReasonForm(forms.Form):
    """Why."""

    reason = forms.CharField(
        max_length=500,
        widget=Textarea(attrs={"rows": 2, "autofocus": True}),
        help_text="Kept for those who come after you. Name no customer here but by an id.",
    )

    def __init__(self, request: HttpRequest, *args: Any) -> None:
        super().__init__(*args)


class RerunForm(ReasonForm):
    """A reason, and for those who may, the choice to run again the handlers that have succeeded."""

    force = forms.BooleanField(
        required=False,
        label="Also run the handlers that have already succeeded",
        widget=Checkbox(),
        help_text="Their effects may then happen twice.",
    )

    def __init__(self, request: HttpRequest, *args: Any) -> None:
        super().__init__(request, *args)
        # Taken out rather than hidden: a form that lacks the field can't be sent it.
        if not request.user.has_perm(FORCE):
            del self.fields["force"]


def rerun(request: HttpRequest, pks: Collection[int], form: ReasonForm) -> None:
    """Re-run events on behalf of the user, and tell the user what came of it."""
    order = request_replay(
        trigger=Trigger.STAFF,
        actor=request.user.get_username(),
        reason=form.cleaned_data["reason"],
        force=form.cleaned_data.get("force", False) and request.user.has_perm(FORCE),
        events=pks,
        now=timezone.now(),
    )
    result = replay(WebhookEvent.objects.filter(pk__in=pks), order)
    _report(request, pks, result)


def _report(request: HttpRequest, pks: Collection[int], result: Replayed) -> None:
    # What has no outcome yet was left to the workers.
    waiting = result.queued - result.outcomes.total()
    unable = len(pks) - result.queued
    failures = result.outcomes[Outcome.FAILED] + result.outcomes[Outcome.RETRYING]
    for level, count, text in [
        (messages.SUCCESS, result.outcomes[Outcome.PROCESSED], "Processed"),
        (messages.SUCCESS, result.outcomes[Outcome.IGNORED], "Ignored, as no handler wants it"),
        (messages.INFO, waiting, "Queued for the workers"),
        (messages.WARNING, unable, "Skipped, as the payload has been cleaned up"),
        (messages.ERROR, result.outcomes[Outcome.RETRYING], "Failed, and will be retried"),
        (messages.ERROR, result.outcomes[Outcome.FAILED], "Failed"),
    ]:
        if count:
            messages.add_message(
                request, level, f"{text}." if len(pks) == 1 else f"{text}: {count}."
            )
    if failures:
        _report_errors(request, pks)


def _report_errors(request: HttpRequest, pks: Collection[int]) -> None:
    failed = WebhookEvent.objects.replayable().filter(pk__in=pks).exclude(last_error="")
    for event in failed.only("type", "event_id", "last_error").order_by("-id")[:ERRORS_SHOWN]:
        messages.error(request, f"{event}: {event.last_error}")
