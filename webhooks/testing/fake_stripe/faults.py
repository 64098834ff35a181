"""Requests that go wrong on purpose, and a count of all."""

from collections import deque
from dataclasses import dataclass, field
from threading import Condition
from typing import Literal, get_args

from webhooks.testing.fake_stripe.shapes import Json

FaultKind = Literal[
    "timeout_before",
    "timeout_after",
    "hold",
    "rate_limit",
    "error_before",
    "error_after",
    "drop_after",
    "key_in_use",
    "refuse",
    "garble_after",
    "repeat",
]
KINDS: tuple[str, ...] = get_args(FaultKind)

CONNECTION_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class Fault:
    """A fault in the next `times` requests of a method (or any, `*`) under a path.

    `timeout_*`: no answer until released, then the connection ends; `hold`: the work and the
    answer wait until released, the idempotency key taken; `error_*`: a 500, `rate_limit`: a 429,
    `key_in_use`: a 409; `drop_after`: the connection ends once the work is done; `refuse`: an
    error in place of the work, kept under the idempotency key; `garble_after`: once the work is
    done, an answer that makes no sense; `repeat`: what the same path was answered the last time.
    `seconds` bounds every wait, and `skip` requests that match are spared first. `status` and
    `error` are of `error_*` and `refuse`.
    """

    kind: FaultKind
    method: str = "*"
    path: str = "/"
    times: int = 1
    seconds: float = CONNECTION_SECONDS
    skip: int = 0
    status: int = 500
    error: Json = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Request:
    """A request that came in, however it was answered."""

    method: str
    path: str
    idempotency_key: str | None
    body: str = ""


@dataclass(slots=True)
class _Armed:
    fault: Fault
    left: int
    spared: int


class Faults:
    """The queue of what goes wrong, first in first out, and the log of requests."""

    def __init__(self) -> None:
        self.requests: list[Request] = []
        self._queue: deque[_Armed] = deque()
        self._changed = Condition()
        self._releases = 0
        self._waiting = 0
        self._closed = False

    def add(self, fault: Fault) -> None:
        """Let it happen to the next requests that match."""
        with self._changed:
            self._queue.append(_Armed(fault, fault.times, fault.skip))

    def clear(self) -> None:
        """Let nothing more go wrong."""
        with self._changed:
            self._queue.clear()

    def take(self, request: Request) -> Fault | None:
        """Log a request, and take what is to go wrong with it."""
        with self._changed:
            # Logged before anything goes wrong: a request that got no answer was made all the same.
            self.requests.append(request)
            # The first that matches: faults for other paths wait, and don't hold up those behind.
            for armed in self._queue:
                fault = armed.fault
                if fault.method in ("*", request.method) and request.path.startswith(fault.path):
                    if armed.spared:
                        armed.spared -= 1
                        continue
                    armed.left -= 1
                    if armed.left <= 0:
                        self._queue.remove(armed)
                    return fault
        return None

    def wait(self, seconds: float) -> None:
        """Wait for the next `release`, for so long at most."""
        with self._changed:
            # Counted, not a flag: a release lets those go that wait now, and none that come later.
            seen = self._releases
            self._waiting += 1
            self._changed.notify_all()
            self._changed.wait_for(lambda: self._closed or self._releases != seen, seconds)
            self._waiting -= 1
            self._changed.notify_all()

    def release(self) -> None:
        """Let every request go on that waits now."""
        with self._changed:
            self._releases += 1
            self._changed.notify_all()

    def close(self) -> None:
        """Let nobody wait from now on."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()

    def wait_until_waiting(self, requests: int = 1, seconds: float = 10) -> bool:
        """Wait until so many requests are held; True if they came within these seconds."""
        with self._changed:
            return self._changed.wait_for(lambda: self._waiting >= requests, seconds)

    def count(self, method: str, path: str) -> int:
        """Count the requests of exactly this method and path."""
        with self._changed:
            return sum(r.method == method and r.path == path for r in self.requests)
