"""Points in the life of an event at which a test can end or stop the process that is there.

An order is a file, named for the point, that says what to do; whoever comes first takes it. All
of it hangs on what Django and Celery offer: the code under test knows nothing of it.
"""

import os
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

from django.db.backends.base.base import BaseDatabaseWrapper

FOLDER = "FAULTS_FOLDER"

RECORDED = "recorded"
CLAIMED = "claimed"
HANDLING = "handling"
SETTLING = "settling"
SETTLED = "settled"

KILL = "kill"
KILL_ALL = "kill all"
STOP = "stop"

_ACTIONS: dict[str, Callable[[], None]] = {
    KILL: lambda: os.kill(os.getpid(), signal.SIGKILL),
    KILL_ALL: lambda: os.killpg(0, signal.SIGKILL),
    STOP: lambda: os.kill(os.getpid(), signal.SIGSTOP),
}

_has_settled = False


def order(folder: Path, point: str, action: str) -> None:
    """Have this done to the next process that comes to the point."""
    draft = folder / f"draft-{point}"
    draft.write_text(action)
    draft.rename(folder / point)


def taken_by(folder: Path, point: str) -> int | None:
    """The process that came to the point and did as ordered."""
    found = next(folder.glob(f"{point}.*"), None)
    return int(found.suffix[1:]) if found else None


def reach(point: str) -> None:
    """Come to a point, and do what was ordered."""
    folder = Path(os.environ[FOLDER])
    taken = folder / f"{point}.{os.getpid()}"
    try:
        (folder / point).rename(taken)
    except FileNotFoundError:
        return
    _ACTIONS[taken.read_text()]()


def watch(*, connection: BaseDatabaseWrapper, **_: Any) -> None:
    """Look at every statement of a new connection."""
    if _at_statement not in connection.execute_wrappers:
        connection.execute_wrappers.append(_at_statement)


def task_is_done(**_: Any) -> None:
    """Come to the point between an event's settlement and the message's acknowledgement."""
    global _has_settled
    if _has_settled:
        _has_settled = False
        reach(SETTLED)


def _at_statement(
    execute: Callable[..., Any], sql: str, params: Any, many: bool, context: dict[str, Any]
) -> Any:
    global _has_settled
    # The first statement after the claim's commit: the event is locked to be processed.
    if "webhooks_webhookevent" in sql and sql.endswith("FOR UPDATE"):
        reach(CLAIMED)
    result = execute(sql, params, many, context)
    # Recording is a statement and its commit in one; settling ends with the attempt's row.
    if sql.lstrip().startswith("INSERT INTO webhooks_webhookevent"):
        reach(RECORDED)
    if sql.startswith('INSERT INTO "webhooks_attempt"'):
        _has_settled = True
        reach(SETTLING)
    return result
