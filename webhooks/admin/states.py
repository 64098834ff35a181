"""The state of an event, in a word that support staff can act on."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from webhooks.admin.values import BadgeKind, time_of
from webhooks.models import Attempt, WebhookEvent

Status = WebhookEvent.Status

KINDS: Final[dict[str, BadgeKind]] = {
    Status.PENDING: "info",
    Status.PROCESSED: "success",
    Status.IGNORED: "",
    Status.FAILED: "danger",
}
OUTCOME_KINDS: Final[dict[str, BadgeKind]] = {
    Attempt.Outcome.PROCESSED: "success",
    Attempt.Outcome.IGNORED: "",
    Attempt.Outcome.RETRYING: "warning",
    Attempt.Outcome.FAILED: "danger",
}
HANDLER_KINDS: Final[dict[str, BadgeKind]] = {
    "succeeded": "success",
    "failed": "danger",
    "skipped": "",
    "accepted": "success",
    "declined": "warning",
    "late": "danger",
}


@dataclass(frozen=True, slots=True)
class EventState:
    """A status as staff see it, and what happens next where something will."""

    label: str
    kind: BadgeKind
    next: str = ""


def state(event: WebhookEvent, now: datetime) -> EventState:
    """Return an event's status, with "pending" told apart by what is being waited for."""
    if event.status != Status.PENDING:
        return EventState(Status(event.status).label, KINDS[event.status])
    # A lease that has run out is due again, whoever claimed it.
    if event.available_at <= now:
        return EventState("Pending", "info", "due now")
    if event.claimed_at:
        return EventState("In flight", "info", f"since {time_of(event.claimed_at, now)}")
    return EventState("Retrying", "warning", f"next {time_of(event.available_at, now)}")
