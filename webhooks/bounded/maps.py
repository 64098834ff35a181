"""Maps that forget what was used longest ago."""

from collections import OrderedDict
from threading import Lock
from typing import Generic, TypeVar

Value = TypeVar("Value")


class RecentMap(OrderedDict[str, Value], Generic[Value]):
    """The `most` entries that were put or used last. Not thread-safe: its owner has a lock.

    Whoever floods is used all the time and stays; only who has not been seen for long can begin
    anew. The maps of `cachetools` evict alike, in Python and not in C, which a refusal would pay.
    """

    def __init__(self, most: int) -> None:
        super().__init__()
        self.most = most

    def use(self, key: str) -> Value | None:
        """Return an entry, and count it as used; None where there is none."""
        value = self.get(key)
        if value is not None:
            self.move_to_end(key)
        return value

    def put(self, key: str, value: Value) -> None:
        """Set an entry, in the place of the one used longest ago where there is no room."""
        self[key] = value
        self.move_to_end(key)
        if len(self) > self.most:
            self.popitem(last=False)


class Deadlines:
    """Until when something holds for whom. Thread-safe.

    Moments are seconds of any clock, as long as it is the same one for all of an instance.
    """

    def __init__(self, most: int) -> None:
        self._untils: RecentMap[float] = RecentMap(most)
        self._lock = Lock()

    def get(self, key: str, *, at: float) -> float | None:
        """Return until when it holds; None when it does not."""
        with self._lock:
            until = self._untils.get(key)
            if until is None:
                return None
            # Not left until there is no room: it would push out one that still holds.
            if until <= at:
                del self._untils[key]
                return None
            # Whoever is asked for is at it: a flood of others must not end its deadline.
            self._untils.move_to_end(key)
            return until

    def set(self, key: str, until: float) -> None:
        """Let it hold."""
        with self._lock:
            self._untils.put(key, until)

    def start(self, key: str, *, at: float, seconds: float) -> bool:
        """Let it hold for so long, unless it does already; True for whoever starts it.

        With this, something is done once in so many seconds however many threads would do it.
        """
        # Asked and set under one lock, or two threads at once would both start it.
        with self._lock:
            until = self._untils.get(key)
            if until is not None and until > at:
                return False
            self._untils.put(key, at + seconds)
            return True

    def end(self, key: str) -> None:
        """Let it hold no longer."""
        with self._lock:
            self._untils.pop(key, None)

    def clear(self) -> None:
        """Let it hold for nobody."""
        with self._lock:
            self._untils.clear()
