"""What was sent and what came back, in a few bytes per event."""

import hashlib
import json
import threading
from array import array
from collections import Counter
from dataclasses import dataclass, field

from webhooks.drill.shots import REFUSALS, Kind, Shot
from webhooks.drill.wire import NO_ANSWER, Reply
from webhooks.exceptions import RateLimited

PROBLEM = "application/problem+json"
RECEIVED = "200 received"
RECEIVED_AGAIN = "200 received again"


@dataclass(slots=True)
class Ledger:
    """Kept by all threads of a drill. Events go by their numbers.

    `told_new` and `told_again` count the answers that took a delivery of an event for its first,
    and for a repetition. `in_doubt` are those whose delivery got a 503 or no answer at all: they
    may be recorded or not, and are sent again. `unexpected` and `server_errors` count answers.
    """

    run: str
    answers: Counter[tuple[Kind, str]] = field(default_factory=Counter)
    unexpected: Counter[str] = field(default_factory=Counter)
    server_errors: Counter[str] = field(default_factory=Counter)
    milliseconds: "array[float]" = field(default_factory=lambda: array("f"))
    told_new: "array[int]" = field(default_factory=lambda: array("H"))
    told_again: "array[int]" = field(default_factory=lambda: array("H"))
    digests: "array[int]" = field(default_factory=lambda: array("Q"))
    in_doubt: set[int] = field(default_factory=set)
    delivered: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def note(self, shot: Shot, reply: Reply, seconds: float) -> bool:
        """Write down an answer; whether the sender can leave it at that."""
        answer = told(reply)
        can_leave = reply.status not in (NO_ANSWER, 503)
        with self._lock:
            self.answers[shot.kind, answer] += 1
            if reply.status >= 500 and reply.status != 503:
                self.server_errors[f"{shot.kind}: {answer}"] += 1
            if shot.number is not None:
                self._note_event(shot.number, shot.body, answer, can_leave)
                self.milliseconds.append(seconds * 1000)
        return can_leave

    def close(self, shot: Shot, reply: Reply) -> None:
        """Write down the last answer to a delivery."""
        with self._lock:
            self.delivered += 1
            if told(reply) not in expected(shot):
                self.unexpected[f"{shot.kind}: {told(reply)}"] += 1

    def is_accepted(self, number: int) -> bool:
        """Whether the receiver has said that it has this event."""
        return number < len(self.digests) and bool(self.told_new[number] + self.told_again[number])

    def _note_event(self, number: int, body: bytes, answer: str, can_leave: bool) -> None:
        missing = number + 1 - len(self.digests)
        for column in (self.told_new, self.told_again, self.digests):
            column.extend([0] * missing)
        self.digests[number] = digest(body)
        self.told_new[number] += answer == RECEIVED
        self.told_again[number] += answer == RECEIVED_AGAIN
        if not can_leave:
            self.in_doubt.add(number)


def digest(body: bytes) -> int:
    """Enough to tell bodies apart."""
    return int.from_bytes(hashlib.sha256(body).digest()[:8], "big")


def expected(shot: Shot) -> tuple[str, ...]:
    """What a delivery may be answered with in the end."""
    if shot.is_genuine:
        return RECEIVED, RECEIVED_AGAIN
    # Refused is refused: who has been refused too often is no longer told why.
    return tuple(f"{kind.status_code} {kind.code}" for kind in (REFUSALS[shot.kind], RateLimited))


def told(reply: Reply) -> str:
    """An answer in few words: the status, and what the body says, if it is of the right form."""
    if reply.status == NO_ANSWER:
        return "no answer"
    said = _said(reply)
    return f"{reply.status} {said}" if said else f"{reply.status} of another form"


def _said(reply: Reply) -> str:
    try:
        content = json.loads(reply.body)
    except ValueError:
        return ""
    match content:
        case {"code": str(code), "status": reply.status, "title": str(), "type": str()}:
            return code if reply.media_type == PROBLEM else ""
        case {"status": "received", "idempotent_replay": True}:
            return "received again"
        case {"status": "received"}:
            return "received"
    return ""
