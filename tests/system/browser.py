"""A real browser without a window, driven through a pipe by the DevTools protocol.

https://chromedevtools.github.io/devtools-protocol/
"""

import base64
import json
import os
import select
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import IO, Any, Final

from tests.system.nginx import HOST, Proxy
from tests.system.programs import found

PATIENCE_SECONDS: Final = 60.0
END: Final = b"\0"

# It reads commands at the third descriptor and writes to the fourth.
PIPED: Final = 'exec "$@" 3<&0 4>&1 >/dev/null 2>&1'


class Page:
    """A page of the browser, and what the browser had to complain of in it."""

    def __init__(self, commands: IO[bytes], messages: IO[bytes]) -> None:
        self.complaints: list[str] = []
        self._commands, self._messages = commands, messages
        self._number, self._read, self._is_loaded = 0, b"", False
        self._session = ""
        target = self._do("Target.createTarget", url="about:blank")["targetId"]
        attached = self._do("Target.attachToTarget", targetId=target, flatten=True)
        self._session = attached["sessionId"]
        for domain in ("Page", "Runtime", "Log"):
            self._do(f"{domain}.enable")

    def open(self, url: str) -> None:
        """Go to an address, and wait for its page."""
        self._is_loaded = False
        self._do("Page.navigate", url=url)
        self._wait_until_loaded()

    def run(self, script: str) -> Any:
        """Run a script in the page, and return what it comes to."""
        done = self._do("Runtime.evaluate", expression=script, returnByValue=True)
        assert "exceptionDetails" not in done, done
        return done["result"].get("value")

    def leave_by(self, script: str) -> None:
        """Run a script that leads to another page, and wait for that."""
        self._is_loaded = False
        self.run(script)
        self._wait_until_loaded()

    def wait_for(self, selector: str) -> None:
        """Wait until the page's scripts have made something that this CSS selector finds."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while not self.run(f"document.querySelector({json.dumps(selector)}) !== null"):
            assert time.monotonic() < deadline, f"{selector} did not come about"

    def save(self, picture: Path) -> None:
        """Save what the page looks like."""
        picture.write_bytes(base64.b64decode(self._do("Page.captureScreenshot")["data"]))

    def _do(self, method: str, **parameters: Any) -> dict[str, Any]:
        self._number += 1
        command = {"id": self._number, "method": method, "params": parameters}
        command |= {"sessionId": self._session} if self._session else {}
        self._commands.write(json.dumps(command).encode() + END)
        self._commands.flush()
        while (answer := self._next()).get("id") != self._number:
            pass
        assert "error" not in answer, (method, answer)
        result: dict[str, Any] = answer["result"]
        return result

    def _wait_until_loaded(self) -> None:
        while not self._is_loaded:
            self._next()

    def _next(self) -> dict[str, Any]:
        """Return the next message, having noted what it says of the page."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while END not in self._read:
            left = deadline - time.monotonic()
            assert select.select([self._messages], [], [], left)[0], "the browser says nothing"
            piece = os.read(self._messages.fileno(), 0x10000)
            assert piece, "the browser has ended"
            self._read += piece
        text, _, self._read = self._read.partition(END)
        message: dict[str, Any] = json.loads(text)
        self._note(message.get("method", ""), message.get("params", {}))
        return message

    def _note(self, event: str, told: dict[str, Any]) -> None:
        self._is_loaded = self._is_loaded or event == "Page.loadEventFired"
        # Violations of a Content-Security-Policy and files that are missing are in the log; what
        # scripts say and what they fail by is not.
        if event in ("Log.entryAdded", "Runtime.exceptionThrown", "Runtime.consoleAPICalled"):
            self.complaints.append(json.dumps(told)[:1000])


@contextmanager
def browser(proxy: Proxy) -> Iterator[Page]:
    """Run Chromium, to which `HOST` is what nginx serves."""
    with TemporaryDirectory(prefix="chromium-", ignore_cleanup_errors=True) as profile:
        options = ["--headless=new", "--remote-debugging-pipe", f"--user-data-dir={profile}"]
        options += [f"--host-resolver-rules=MAP {HOST}:443 127.0.0.1:{proxy.port}"]
        # Nobody has vouched for the certificate. As root, Chromium has no sandbox to start.
        options += ["--ignore-certificate-errors", "--no-sandbox", "--window-size=1400,1000"]
        # It asks its maker for this and that, where nobody answers.
        options += ["--disable-background-networking", "--no-first-run", "--disable-gpu"]
        running = subprocess.Popen(
            ["/bin/sh", "-c", PIPED, "sh", found("chromium"), *options],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env={**os.environ, "HOME": profile},
        )
        assert running.stdin
        assert running.stdout
        try:
            yield Page(running.stdin, running.stdout)
        finally:
            # The end of its commands is the end of the browser.
            running.stdin.close()
            running.stdout.close()
            running.wait(PATIENCE_SECONDS)
