"""What one process remembers of its clients: of so many, however many there are.

The storage that comes with `limits` keeps every client that came within the window, which a flood
from many addresses can make any number, and goes through all of them many times a second.
"""

import time
from array import array
from bisect import bisect_left
from collections import OrderedDict
from threading import Lock
from typing import Final

from limits.storage import MovingWindowSupport, Storage

MOST_CLIENTS: Final = 10_000
"""Who failed longest ago is forgotten first, and may begin anew; who floods is not."""


class Deadlines:
    """Until when something holds for whom."""

    def __init__(self) -> None:
        self._untils: OrderedDict[str, float] = OrderedDict()
        self._lock = Lock()

    def get(self, client: str) -> float | None:
        """Until when it holds for a client, in seconds since 1970; None when it does not."""
        with self._lock:
            until = self._untils.get(client)
            if until is None:
                return None
            if until <= time.time():
                del self._untils[client]
                return None
            self._untils.move_to_end(client)
            return until

    def set(self, client: str, until: float) -> None:
        """Let it hold for a client."""
        with self._lock:
            self._untils[client] = until
            if len(self._untils) > MOST_CLIENTS:
                self._untils.popitem(last=False)

    def clear(self) -> None:
        """Let it hold for nobody."""
        with self._lock:
            self._untils.clear()


class BoundedStorage(Storage, MovingWindowSupport):
    """Moving windows in process memory, of the clients that failed last."""

    STORAGE_SCHEME = None

    def __init__(self) -> None:
        super().__init__()
        self._hits: OrderedDict[str, array[float]] = OrderedDict()
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
        hits = self._hits.setdefault(key, array("d"))
        self._hits.move_to_end(key)
        if len(self._hits) > MOST_CLIENTS:
            self._hits.popitem(last=False)
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
