"""What is left of an event's row, of its attempts and of what staff wrote about it."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db.models import Exists, OuterRef, Q

from webhooks import audit, strict_json
from webhooks.models import Attempt, AuditReason, Replay, WebhookEvent
from webhooks.privacy.redaction import ERASED, owned, redact


@dataclass(slots=True)
class Redacted:
    """The keys of rewritten rows, by table, and the ids that the events among them named.

    `held` has what was found of the rows before; what was altered in the database is not rewritten.
    """

    held: audit.Held
    events: list[int] = field(default_factory=list)
    attempts: list[int] = field(default_factory=list)
    replays: int = 0
    ids: set[str] = field(default_factory=set)


def redact_rows(rows: Sequence[WebhookEvent], *, now: datetime) -> Redacted:
    """Take what identifies somebody out of events, locked by the caller, and of their attempts.

    Not of those that were altered since they were sealed: they are kept, as evidence.
    """
    attempts = list(Attempt.objects.filter(event__in=[row.pk for row in rows]).order_by("pk"))
    held = audit.hold(
        {WebhookEvent: [row.pk for row in rows], Attempt: [attempt.pk for attempt in attempts]}
    )
    rows = [row for row in rows if held.fits(WebhookEvent, row.pk)]
    done = Redacted(held, events=[row.pk for row in rows])
    for row in rows:
        done.ids |= ids_of(row)
        payload = parse(row.body)
        # The SHA-256 stays: it proves what was signed, and identifies nobody.
        # By these the row is found, and the books are kept: a customer's may be of any form.
        known = {row.object_id, row.event_id, row.customer_id, row.account}
        row.body = None if payload is None else as_body(redact(payload, known=known))
        row.last_error, row.erased_at = without_text(row.last_error), now
        row.client = row.user_agent = row.request_id = ""
    WebhookEvent.objects.bulk_update(
        rows, ["body", "last_error", "erased_at", "client", "user_agent", "request_id"]
    )
    done.attempts = _redact_attempts(
        [one for one in attempts if one.event_id in done.events and held.fits(Attempt, one.pk)]
    )
    done.replays = _redact_replays(done.events)
    _redact_reasons(rows)
    return done


def ids_of(row: WebhookEvent) -> set[str]:
    """Return the ids of what an event is about and names, as far as it is one customer's alone."""
    # An event that names nothing is known by itself.
    return owned(parse(row.body)) | ({row.object_id or row.event_id} - {row.customer_id})


def parse(body: Any) -> dict[str, Any] | None:
    """Return the payload in a body; None where there is none."""
    try:
        found = strict_json.read(bytes(body or b""))
    except strict_json.NotJson:
        # A tombstone has none, and what is recorded is JSON until somebody alters it.
        return None
    return found if isinstance(found, dict) else None


def as_body(payload: Any) -> bytes:
    """Return a payload as it is stored when it isn't the signed bytes."""
    return json.dumps(payload, separators=(",", ":")).encode()


def without_text(error: str) -> str:
    """Return of an error in one line its kind alone."""
    # The kind of an error is our code's or a library's word; what follows may quote a payload.
    kind = error.partition(":")[0]
    return f"{kind}: {ERASED}" if kind.isidentifier() else ERASED if error else ""


def _redact_attempts(attempts: Sequence[Attempt]) -> list[int]:
    speaking = [
        attempt
        for attempt in attempts
        if attempt.error or any(handler.get("error") for handler in attempt.handlers)
    ]
    for attempt in speaking:
        attempt.error = ERASED if attempt.error else ""
        for handler in attempt.handlers:
            handler["error"] = without_text(handler.get("error", ""))
    Attempt.objects.bulk_update(speaking, ["error", "handlers"])
    return [attempt.pk for attempt in speaking]


def _redact_replays(events: list[int]) -> int:
    # The reason of a re-run that was of the person's events alone speaks of the person; one of
    # others' events too is kept, less the person's names (`reasons.redact_reasons`).
    of_these = Attempt.objects.filter(event__in=events).values("replay")
    waiting = WebhookEvent.objects.filter(pk__in=events).values("replay")
    of_others = Attempt.objects.filter(replay=OuterRef("pk"), event__erased_at=None)
    requests = Replay.objects.exclude(reason__in=["", ERASED]).exclude(Exists(of_others))
    return requests.filter(Q(pk__in=of_these) | Q(pk__in=waiting)).update(reason=ERASED)


def _redact_reasons(rows: Sequence[WebhookEvent]) -> None:
    # Staff say why they looked at an event, or had it ignored: in words about this person.
    subjects = [audit.subject_of(row) for row in rows]
    AuditReason.objects.filter(entry__subject__in=subjects).update(text=ERASED)
