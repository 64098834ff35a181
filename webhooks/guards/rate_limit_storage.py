"""The moving windows of the clients that failed last: of so many, however many there are.

The storage that comes with `limits` keeps every client that came within the window, which a flood
from many addresses can make any number, and goes through all of them many times a second.
"""

import time
from array import array
from bisect import bisect_left
from threading import Lock
from typing import Final

from limits.storage import MovingWindowSupport, Storage

from webhooks.bounded.maps import RecentMap

MOST_CLIENTS: Final = 10_000
"""The most clients remembered: who failed longest ago is dropped first, and who floods is not."""


class BoundedStorage(Storage, MovingWindowSupport):
    """Moving windows in process memory, of the clients that failed last."""

    STORAGE_SCHEME = None

    def __init__(self) -> None:
        super().__init__()
        self._hits: RecentMap[array[float]] = RecentMap(MOST_CLIENTS)
        self._lock = Lock()

    def acquire_entry(self, key: str, limit: int, expiry: int, amount: int = 1) -> bool:
        now = time.time()
        with self._lock:
            hits = self._window(key, now - expiry)
            if len(hits) + amount > limit:
                return False
            hits.extend([now] * amount)
            return True

    def get_moving_window(self, key: str, limit: int, expiry: int) -> tuple[float, int]:
        now = time.time()
        with self._lock:
            hits = self._window(key, now - expiry)
            return (hits[0] if hits else now), len(hits)

    def _window(self, key: str, since: float) -> "array[float]":
        hits = self._hits.use(key)
        if hits is None:
            # An array takes eight bytes for a moment, a list of floats four times that.
            hits = array("d")
            self._hits.put(key, hits)
        # Sorted, as each moment is added at the end under the lock.
        del hits[: bisect_left(hits, since)]
        return hits

    def clear(self, key: str) -> None:
        with self._lock:
            self._hits.pop(key, None)

    def reset(self) -> int:
        with self._lock:
            count = len(self._hits)
            self._hits.clear()
            return count

    def check(self) -> bool:
        return True

    @property
    def base_exceptions(self) -> type[Exception]:
        return ValueError

    def incr(self, key: str, expiry: int, amount: int = 1) -> int:
        raise NotImplementedError("only moving windows are kept")

    def get(self, key: str) -> int:
        raise NotImplementedError("only moving windows are kept")

    def get_expiry(self, key: str) -> float:
        raise NotImplementedError("only moving windows are kept")
