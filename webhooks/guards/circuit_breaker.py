"""Keeping away from what has just failed."""

import time


class Breaker:
    """Remembers a failure for a while, lest everybody should wait for the same thing."""

    def __init__(self) -> None:
        self.closed_from = 0.0

    @property
    def is_open(self) -> bool:
        """Whether to keep away."""
        return time.monotonic() < self.closed_from

    def trip(self, seconds: float) -> None:
        """Keep away for so long."""
        self.closed_from = time.monotonic() + seconds
