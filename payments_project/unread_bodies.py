"""Say so where a connection closes because a request was answered with its body unread."""

from collections.abc import Iterable, Iterator
from typing import Any
from wsgiref.types import InputStream, StartResponse, WSGIApplication, WSGIEnvironment

SERVER = "Granian"
"""The server's name for itself (`SERVER_SOFTWARE`)."""


class CountedBody:
    """A request's body, which knows whether it has been read to its end."""

    def __init__(self, stream: InputStream, declared: str) -> None:
        self._stream = stream
        # A body sent in chunks has no length: it ends where nothing more can be read.
        self._left = int(declared) if declared.isdecimal() else None
        self.is_at_end = self._left == 0

    def read(self, size: int = -1, /) -> bytes:
        """Read as `io.RawIOBase` does."""
        # Nothing asked for is nothing learned of where the body ends.
        return self._count(self._stream.read(size), is_last=size < 0) if size else b""

    def readline(self, size: int = -1, /) -> bytes:
        """Read to the end of a line, or `size` bytes."""
        return self._count(self._stream.readline(size), is_last=False)

    def readlines(self, hint: int = -1, /) -> list[bytes]:
        """Read all lines. The hint is a hint only."""
        return list(self)

    def __iter__(self) -> Iterator[bytes]:
        return iter(self.readline, b"")

    def _count(self, piece: bytes, *, is_last: bool) -> bytes:
        if self._left is not None:
            self._left -= len(piece)
        if is_last or not piece or (self._left is not None and self._left <= 0):
            self.is_at_end = True
        return piece


def announce_close(application: WSGIApplication) -> WSGIApplication:
    """Return the application, its answers saying `Connection: close` where granian will close.

    Granian reads on while it answers, and closes if the rest of the body has not come by then. It
    says so only sometimes. A proxy that isn't told sends the next request into a dead connection.
    https://www.rfc-editor.org/rfc/rfc9112#section-9.6
    """

    # The rest is not read instead: granian's `read` waits for its sender without limit, so a
    # stranger who stalls would keep a thread by any request that is refused at its head.
    def answer(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        declared = environ.get("CONTENT_LENGTH") or ""
        has_body = declared or "HTTP_TRANSFER_ENCODING" in environ
        # Other servers see to their connections themselves, and forbid this header (PEP 3333).
        if not has_body or environ.get("SERVER_SOFTWARE") != SERVER:
            return application(environ, start_response)
        body = CountedBody(environ["wsgi.input"], declared)
        environ["wsgi.input"] = body

        def start(status: str, headers: list[tuple[str, str]], *failure: Any) -> Any:
            close = [] if body.is_at_end else [("Connection", "close")]
            return start_response(status, headers + close, *failure)

        return application(environ, start)

    return answer
