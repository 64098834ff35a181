"""The base of every command: what becomes of it is a line of the log."""

import logging
import sys
import time
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from webhooks.monitoring.log_lines import Line

logger = logging.getLogger(__name__)


class LoggedCommand(BaseCommand):
    """Logs its end: `ok` or `failed`, the exit status, and how long it took.

    What was said to the operator is on standard output, and stays there. Whoever watches a command
    at a terminal sees what becomes of it, and is spared the line, unless it is of DEBUG's.
    """

    def execute(self, *args: Any, **options: Any) -> str | None:
        """Run the command, and log what became of it."""
        started, status = time.perf_counter(), 0
        try:
            output: str | None = super().execute(*args, **options)
        except BaseException as error:
            status = _status(error)
            raise
        else:
            return output
        finally:
            self._tell(str(options.get("action") or ""), status, time.perf_counter() - started)

    def _tell(self, action: str, status: int, seconds: float) -> None:
        name = type(self).__module__.rpartition(".")[2]
        line = Line(
            "command",
            outcome="failed" if status else "ok",
            command=f"{name} {action}".strip(),
            exit_status=status,
            ms=round(seconds * 1000, 2),
        )
        if sys.stderr.isatty():
            logger.debug(line)
        else:
            logger.log(logging.WARNING if status else logging.INFO, line)


def _status(error: BaseException) -> int:
    """Return the exit status of a process that ends with this error."""
    if isinstance(error, CommandError):
        return error.returncode
    if isinstance(error, SystemExit):
        return error.code if isinstance(error.code, int) else int(error.code is not None)
    return 130 if isinstance(error, KeyboardInterrupt) else 1
