"""A circuit breaker, for servers that may fail without harm."""

import time


class Breaker:
    """Open for a while after a failure, so that not every request waits for the same timeout."""

    def __init__(self) -> None:
        self.closed_from = 0.0

    @property
    def is_open(self) -> bool:
        """True while the server must be left alone."""
        return time.monotonic() < self.closed_from

    def trip(self, seconds: float) -> None:
        """Open for so many seconds."""
        self.closed_from = time.monotonic() + seconds
