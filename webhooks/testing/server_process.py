"""A server's process: kept while we live, taken away and brought back, gone when we end."""

import os
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from webhooks.testing.server_programs import as_ordinary_user, give_to_ordinary_user

START_SECONDS = 30
STOP_SECONDS = 30

# The server's keeper waits on a pipe whose other end is ours. However we end, killed or not, the
# pipe closes, and the keeper stops the server and removes its folder ($0). A line on the pipe asks
# it to start the server again once that has ended; it tells each start's process id.
KEEPER = """
exec 2>> "$0/log"
start() { "$@" >> "$0/log" & echo $!; }
start "$@"
while read -r _; do wait $!; start "$@"; done
kill -INT $!; kill -CONT $!; wait $!; rm -rf "$0"
"""


class Server:
    """A running server, which can be taken away and brought back at the same address."""

    def __init__(self, url: str, keeper: subprocess.Popen[str], ready: Callable[[], None]) -> None:
        self.url = url
        self._keeper = keeper
        self._wait_until_ready = ready
        self._pid = self._started()

    def down(self, how: signal.Signals) -> None:
        """End the server by this signal."""
        os.kill(self._pid, how)

    def up(self) -> None:
        """Start the server again, once it has ended."""
        self._tell("start")
        self._pid = self._started()

    def pause(self) -> None:
        """Let the server hang, its connections open, until it is resumed."""
        os.kill(self._pid, signal.SIGSTOP)

    def resume(self) -> None:
        """Let the server go on."""
        os.kill(self._pid, signal.SIGCONT)

    def _tell(self, line: str) -> None:
        assert self._keeper.stdin
        self._keeper.stdin.write(f"{line}\n")
        self._keeper.stdin.flush()

    def _started(self) -> int:
        assert self._keeper.stdout
        pid = int(self._keeper.stdout.readline())
        self._wait_until_ready()
        return pid


@contextmanager
def folder_for(name: str) -> Iterator[Path]:
    """Make a temporary folder that a server may write to, and remove it at the end."""
    with tempfile.TemporaryDirectory(prefix=f"{name}-", ignore_cleanup_errors=True) as made:
        folder = Path(made)
        give_to_ordinary_user(folder)
        yield folder


@contextmanager
def kept(command: list[str], folder: Path) -> Iterator[subprocess.Popen[str]]:
    """Run a server by a keeper, which stops it however we end."""
    keeper = subprocess.Popen(
        ["/bin/sh", "-c", KEEPER, str(folder), *command],
        cwd=folder,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        # In a session of its own, Ctrl-C reaches us first, and the server ends after its clients.
        start_new_session=True,
        **as_ordinary_user(),
    )
    try:
        yield keeper
    finally:
        # Closes the pipe, which is what tells the keeper to stop the server.
        keeper.communicate(timeout=STOP_SECONDS)


def wait(attempt: Callable[[], object], failure: type[Exception], folder: Path) -> None:
    """Try until it works. Raises `TimeoutError` with the log in `folder` when it takes too long."""
    deadline = time.monotonic() + START_SECONDS
    while True:
        try:
            attempt()
        except failure:
            # The log says why it did not start: a timeout alone would not.
            if time.monotonic() > deadline:
                raise TimeoutError((folder / "log").read_text(errors="replace")) from None
            time.sleep(0.02)
        else:
            return
