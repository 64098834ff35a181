"""A sample of refusals for the record: the first few of each kind in a minute, then few of many.

After the first few, the one at which their number has doubled: so the records always stand for half
of all at least, and a million make no more than twenty-two of them.
"""

from collections import defaultdict
from dataclasses import dataclass, field
from threading import Lock
from typing import Final

from webhooks.bounded.windows import WindowBudget

WINDOW_SECONDS: Final = 60.0

FIRST: Final = 5
"""The refusals of a code at an endpoint that each window records, however many come after them."""

MOST: Final = 60
"""No process records more than this in a window, whatever the codes and endpoints are."""


@dataclass(slots=True)
class _Kind:
    seen: int = 0
    unrecorded: int = 0


@dataclass(slots=True)
class Sampler:
    """Decides without asking anybody. Made for few kinds: they are never forgotten."""

    _budget: WindowBudget = field(default_factory=lambda: WindowBudget(MOST, WINDOW_SECONDS))
    _kinds: defaultdict[tuple[str, str], _Kind] = field(default_factory=lambda: defaultdict(_Kind))
    _lock: Lock = field(default_factory=Lock)

    def weight(self, endpoint: str, code: str, *, at: float) -> int:
        """Return how many refusals this one is recorded for; 0 when it is not recorded.

        `at` is in seconds.
        """
        with self._lock:
            if self._budget.roll(at):
                self._begin()
            kind = self._kinds[endpoint, code]
            kind.seen += 1
            kind.unrecorded += 1
            if not (_is_due(kind.seen) and self._budget.spend()):
                return 0
            weight, kind.unrecorded = kind.unrecorded, 0
            return weight

    def reset(self) -> None:
        """Begin as if nothing had been refused."""
        with self._lock:
            self._kinds.clear()
            self._budget.reset()

    def _begin(self) -> None:
        # What was not recorded yet is carried over: weights must add up to all refusals.
        for kind in self._kinds.values():
            kind.seen = 0


def _is_due(seen: int) -> bool:
    is_power_of_two = not seen & (seen - 1)
    return seen <= FIRST or is_power_of_two
