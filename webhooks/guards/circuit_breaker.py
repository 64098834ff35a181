"""A circuit breaker, for servers that may fail without harm."""

import time


class Breaker:
    """Open for a while after a failure, so that not every request waits for the same timeout."""

    def __init__(self) -> None:
        # No lock: of two threads that trip it at once either may win, and both mean the same.
        self.reset()

    @property
    def is_open(self) -> bool:
        """True while the server must be left alone."""
        # Not the clock on the wall, which may be set back and would leave it open for long.
        return time.monotonic() < self.closed_from

    def trip(self, seconds: float) -> None:
        """Open for so many seconds."""
        self.closed_from = time.monotonic() + seconds

    def reset(self) -> None:
        """Close, as if nothing had failed."""
        self.closed_from = 0.0
