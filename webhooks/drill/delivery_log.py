"""The log of a drill: the answers to its deliveries, in a few bytes per event."""

import hashlib
import json
import threading
from array import array
from collections import Counter
from dataclasses import dataclass, field

from webhooks.drill.connection import NO_ANSWER, Reply
from webhooks.drill.deliveries import EXPECTED_REFUSALS, UNPROVEN, DeliveryKind, DrillDelivery
from webhooks.exceptions import RateLimited, Rejected

PROBLEM = "application/problem+json"
RECEIVED = "200 received"
RECEIVED_AGAIN = "200 received again"


@dataclass(slots=True)
class DeliveryLog:
    """Written by all threads of a drill. Events are known by their numbers.

    `accepted_as_new` and `accepted_as_duplicate` count, per event, the answers that took its
    delivery for the first and for a repeated one. `maybe_recorded` are events whose delivery got a
    503 or no answer at all: they may be recorded or not, and are sent again. `unexpected` and
    `server_errors` count answers, `unanswered` the times that there was none, `milliseconds` has
    the times of genuine deliveries' answers.
    """

    # Arrays and a digest of each body, not the bodies: a drill may send millions.

    run: str
    # What a sender insists on in place of our own answer, and of its refusals any will do.
    accepted: str = ""
    any_refusal: bool = False
    answers: Counter[tuple[DeliveryKind, str]] = field(default_factory=Counter)
    unexpected: Counter[str] = field(default_factory=Counter)
    server_errors: Counter[str] = field(default_factory=Counter)
    unanswered: Counter[str] = field(default_factory=Counter)
    milliseconds: "array[float]" = field(default_factory=lambda: array("f"))
    accepted_as_new: "array[int]" = field(default_factory=lambda: array("H"))
    accepted_as_duplicate: "array[int]" = field(default_factory=lambda: array("H"))
    digests: "array[int]" = field(default_factory=lambda: array("Q"))
    maybe_recorded: set[int] = field(default_factory=set)
    delivered: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def record_answer(self, delivery: DrillDelivery, reply: Reply, seconds: float) -> bool:
        """Record an answer; True when it is final, and the delivery need not be sent again."""
        answer = self.summarize(reply)
        is_final = reply.status not in (NO_ANSWER, 503)
        with self._lock:
            self.answers[delivery.kind, answer] += 1
            # A 503 asks for a retry, which is what a provider does then; any other 5xx is a crash.
            if reply.status >= 500 and reply.status != 503:
                self.server_errors[f"{delivery.kind}: {answer}"] += 1
            if reply.status == NO_ANSWER:
                self.unanswered[delivery.kind] += 1
            if delivery.number is not None:
                kept = delivery.kept or delivery.body
                self._record_event(delivery.number, kept, answer, is_final)
                self.milliseconds.append(seconds * 1000)
        return is_final

    def record_last_answer(self, delivery: DrillDelivery, reply: Reply) -> None:
        """Record the last answer to a delivery, after which it is sent no more."""
        # Only the last is held against what was expected: a 503 before it is what retries are for.
        with self._lock:
            self.delivered += 1
            answer = self.summarize(reply)
            if answer not in expected_answers(delivery, any_refusal=self.any_refusal):
                self.unexpected[f"{delivery.kind}: {answer}"] += 1

    def summarize(self, reply: Reply) -> str:
        """Return the status and the outcome of an answer.

        One that the sender insists on is the same for a new event and for one that was there.
        """
        if self.accepted and reply.status == 200 and reply.body.decode() == self.accepted:
            return RECEIVED_AGAIN
        return summarize(reply)

    def is_accepted(self, number: int) -> bool:
        """True when the receiver answered that it has this event."""
        if number >= len(self.digests):
            return False
        return bool(self.accepted_as_new[number] + self.accepted_as_duplicate[number])

    def _record_event(self, number: int, body: bytes, answer: str, is_final: bool) -> None:
        missing = number + 1 - len(self.digests)
        for column in (self.accepted_as_new, self.accepted_as_duplicate, self.digests):
            column.extend([0] * missing)
        self.digests[number] = digest(body)
        self.accepted_as_new[number] += answer == RECEIVED
        self.accepted_as_duplicate[number] += answer == RECEIVED_AGAIN
        if not is_final:
            self.maybe_recorded.add(number)


def digest(body: bytes) -> int:
    """Return 64 bits of a body's SHA-256: enough to tell a drill's bodies apart."""
    return int.from_bytes(hashlib.sha256(body).digest()[:8], "big")


def expected_answers(delivery: DrillDelivery, *, any_refusal: bool = False) -> tuple[str, ...]:
    """Return the answers of which the last one to a delivery must be one.

    With `any_refusal`, of an unproven delivery any that says so.
    """
    if delivery.is_genuine:
        return RECEIVED, RECEIVED_AGAIN
    refusals: list[type[Rejected]] = [EXPECTED_REFUSALS[delivery.kind], RateLimited]
    if any_refusal:
        refusals += UNPROVEN
    # A sender that was refused too often gets a 429, and is no longer told why.
    return tuple(f"{kind.status_code} {kind.code}" for kind in refusals)


def summarize(reply: Reply) -> str:
    """Return the status and the outcome in the body, such as "400 stale_signature"."""
    if reply.status == NO_ANSWER:
        return "no answer"
    outcome = _outcome(reply)
    return f"{reply.status} {outcome}" if outcome else f"{reply.status} of another form"


def _outcome(reply: Reply) -> str:
    try:
        content = json.loads(reply.body)
    except ValueError:
        return ""
    match content:
        # All members of a problem document are asked for: half of one is a wrong answer.
        case {"code": str(code), "status": reply.status, "title": str(), "type": str()}:
            return code if reply.media_type == PROBLEM else ""
        case {"status": "received", "idempotent_replay": True}:
            return "received again"
        case {"status": "received"}:
            return "received"
    return ""
