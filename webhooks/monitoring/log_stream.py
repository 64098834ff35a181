"""The stream of the log. Lines are written some at a time: each write costs a busy server's threads
more than all that makes the line."""

import logging
import os
from threading import Timer
from typing import Final, TextIO

DELAY_SECONDS: Final = 0.1
"""The longest that a line waits, and what a process that is killed may have to say at most."""

MOST: Final = 1000
"""The most lines that wait."""


class Handler(logging.StreamHandler[TextIO]):
    """Writes to standard error: what went wrong at once, with all before it, and the rest soon."""

    def __init__(self) -> None:
        super().__init__()
        self._forget()
        # A fork has none of its parent's threads, and must not repeat what its parent says.
        os.register_at_fork(after_in_child=self._forget)

    def _forget(self) -> None:
        self._waiting: list[str] = []
        self._timer: Timer | None = None

    def emit(self, record: logging.LogRecord) -> None:
        """Take a record's line."""
        try:
            # Now, as it is told by what is around it, such as the request.
            self._waiting.append(self.format(record) + self.terminator)
            if record.levelno >= logging.WARNING or len(self._waiting) >= MOST:
                self.flush()
            elif self._timer is None:
                self._timer = Timer(DELAY_SECONDS, self.flush)
                self._timer.daemon = True
                self._timer.start()
        except Exception:  # noqa: BLE001
            # As every handler: the log must not be what fails.
            self.handleError(record)

    def flush(self) -> None:
        """Write what waits; also called when the process ends."""
        self.acquire()
        try:
            waiting, self._waiting, self._timer = self._waiting, [], None
            if waiting:
                self.stream.write("".join(waiting))
            super().flush()
        finally:
            self.release()
