"""The attempts at an event, as a table."""

from typing import Final

from django.template.loader import render_to_string
from django.utils.safestring import SafeString

from webhooks.admin.panels import Table
from webhooks.admin.states import HANDLER_KINDS, OUTCOME_KINDS
from webhooks.admin.values import NOTHING, badge, moment, two_lines
from webhooks.models import Attempt, Replay, WebhookEvent

SHOWN: Final = 50


def attempts_panel(event: WebhookEvent) -> Table:
    """Return the latest attempts, each with who asked for it and how each handler fared."""
    attempts = event.attempt_set.select_related("replay").order_by("-number")[:SHOWN]
    return Table(
        # The number on the row, and no count: an event that was re-run for years has many.
        "Attempts" if event.attempts <= SHOWN else f"The latest {SHOWN} attempts",
        ["No.", "Started", "Trigger", "Asked for by, and why", "Took", "Outcome", "Handlers"],
        [_row(attempt) for attempt in attempts],
        empty="none yet",
    )


def _row(attempt: Attempt) -> list[str]:
    return [
        str(attempt.number),
        moment(attempt.started_at),
        attempt.get_trigger_display(),
        _who_and_why(attempt.replay),
        f"{attempt.duration_ms:,.1f}\N{NO-BREAK SPACE}ms",
        badge(attempt.get_outcome_display(), OUTCOME_KINDS.get(attempt.outcome, "")),
        _handlers(attempt),
    ]


def _who_and_why(replay: Replay | None) -> str:
    if replay is None:
        return NOTHING
    forced = " (all handlers)" if replay.force else ""
    return two_lines(f"{replay.actor}{forced}", replay.reason or NOTHING)


def _handlers(attempt: Attempt) -> SafeString:
    runs = [
        {**run, "badge": badge(run["outcome"], HANDLER_KINDS.get(run["outcome"], ""))}
        for run in attempt.handlers
    ]
    context = {"runs": runs, "trace": attempt.error}
    return render_to_string("webhooks/attempt_handlers.html", context)
