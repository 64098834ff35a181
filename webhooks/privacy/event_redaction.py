"""What is left of an event's row, of its attempts and of what staff wrote about it."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db.models import Exists, OuterRef, Q

from webhooks import audit, strict_json
from webhooks.models import Attempt, AuditReason, Replay, WebhookEvent
from webhooks.models.senders import SENDER_COLUMNS
from webhooks.privacy.identities import owned
from webhooks.privacy.redaction import ERASED, redact
from webhooks.privacy.vocabularies import vocabulary_of


@dataclass(slots=True)
class Redacted:
    """The keys of rewritten rows, by table, and the ids that the events named.

    What holds nothing of the person any more is not rewritten, nor is what was altered in the
    database: `held` has what was found of the rows before.
    """

    held: audit.Held
    events: list[int] = field(default_factory=list)
    attempts: list[int] = field(default_factory=list)
    replays: int = 0
    ids: set[str] = field(default_factory=set)


def redact_rows(rows: Sequence[WebhookEvent], *, now: datetime) -> Redacted:
    """Take what identifies somebody out of events, locked by the caller, and of their attempts.

    Not of those that were altered since they were sealed: they are kept, as evidence. Whether an
    event says that it was erased does not count, as SQL could make it say so.
    """
    attempts = list(Attempt.objects.filter(event__in=[row.pk for row in rows]).order_by("pk"))
    held = audit.hold(
        {WebhookEvent: [row.pk for row in rows], Attempt: [attempt.pk for attempt in attempts]}
    )
    rows = [row for row in rows if held.fits(WebhookEvent, row.pk)]
    theirs = {row.pk for row in rows}
    done = Redacted(held, ids=set().union(*map(ids_of, rows)))
    speaking = [
        one
        for one in attempts
        if one.event_id in theirs and held.fits(Attempt, one.pk) and _forget_words(one)
    ]
    # An event goes with its attempts: whoever counts what was erased counts events.
    of_speaking = {one.event_id for one in speaking}
    rows = [row for row in rows if _forget(row, now) or row.pk in of_speaking]
    Attempt.objects.bulk_update(speaking, ["error", "handlers"])
    WebhookEvent.objects.bulk_update(rows, ["body", "last_error", "erased_at", *SENDER_COLUMNS])
    done.events, done.attempts = [row.pk for row in rows], [one.pk for one in speaking]
    done.replays = _redact_replays(done.events)
    _redact_reasons(rows)
    return done


def is_redacted(row: WebhookEvent) -> bool:
    """True when an event's payload is what an erasure has left of it, or there is none."""
    # By the bytes: the mark alone may be SQL's.
    return row.body is None or (
        row.erased_at is not None and hashlib.sha256(row.body).hexdigest() != row.sha256
    )


def _forget(row: WebhookEvent, now: datetime) -> bool:
    """Take what identifies somebody out of an event, unsaved; True when that changes it."""
    payload, before = parse(row.body), _erasable(row)
    # The SHA-256 stays: it proves what was signed, and identifies nobody.
    row.body = None if payload is None else as_body(_redacted(payload, row))
    row.last_error = without_text(row.last_error)
    for column in SENDER_COLUMNS:
        setattr(row, column, "")
    is_new, row.erased_at = row.erased_at is None, row.erased_at or now
    return is_new or _erasable(row) != before


def _redacted(payload: dict[str, Any], row: WebhookEvent) -> Any:
    vocabulary = vocabulary_of(row.provider)
    # By these the row is found, and the books are kept: a customer's may be of any form.
    known = {row.object_id, row.event_id, row.customer_id, row.account}
    if not vocabulary.strict:
        # A type may be joined of several words.
        known |= {row.type, *row.type.split("."), row.object_type, row.api_version}
    return redact(payload, known=known - {""}, vocabulary=vocabulary)


def _erasable(row: WebhookEvent) -> list[Any]:
    body = None if row.body is None else bytes(row.body)
    return [body, row.last_error, *(getattr(row, column) for column in SENDER_COLUMNS)]


def ids_of(row: WebhookEvent) -> set[str]:
    """Return the ids of what an event is about and names, as far as it is one customer's alone."""
    theirs = owned(parse(row.body), vocabulary_of(row.provider))
    # An event that names nothing is known by itself.
    return theirs | ({row.object_id or row.event_id} - {row.customer_id})


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


def _forget_words(attempt: Attempt) -> bool:
    """Take the words out of an attempt's errors, unsaved; True when that changes it."""
    before = _words(attempt)
    attempt.error = ERASED if attempt.error else ""
    for handler in attempt.handlers:
        if "error" in handler:
            handler["error"] = without_text(handler["error"])
    return _words(attempt) != before


def _words(attempt: Attempt) -> list[str]:
    return [attempt.error, *(handler.get("error", "") for handler in attempt.handlers)]


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
