"""Budgets: so many within so many seconds."""


class WindowBudget:
    """Lets through the first `most` of each window. Not thread-safe: its owner has a lock.

    Windows don't move with the clock, and so a budget is two numbers. Where that is not enough,
    for up to twice as many may come around the end of a window, see `guards.rate_limit`.
    """

    def __init__(self, most: int, seconds: float) -> None:
        self.most = most
        self.seconds = seconds
        self.reset()

    def reset(self) -> None:
        """Begin as if nothing had been spent; the next moment told begins a window."""
        self._began = float("-inf")
        self._spent = 0

    def roll(self, at: float) -> bool:
        """Begin a new window if the last one is over at this moment; True when it was."""
        # Also when the clock was set back: the window would last until it catches up.
        if 0 <= at - self._began < self.seconds:
            return False
        self._began, self._spent = at, 0
        return True

    def spend(self) -> bool:
        """Take one of what the window has left; False when nothing is."""
        if self._spent >= self.most:
            return False
        self._spent += 1
        return True
