"""A connection to the receiver that is kept open between deliveries."""

import ipaddress
import socket
from collections.abc import Mapping
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from types import TracebackType
from typing import Self
from urllib.parse import urlsplit

TIMEOUT_SECONDS = 60
NO_ANSWER = 0  # no HTTP status


@dataclass(frozen=True, slots=True)
class Reply:
    """The answer to a delivery; its status is `NO_ANSWER` when there was none."""

    status: int
    media_type: str = ""
    body: bytes = b""


class Connection:
    """One HTTP connection, opened when it is needed, and again when the receiver closed it."""

    # Kept open as a provider keeps it: what one answer leaves unread may spoil the next delivery.
    # So it is closed when an answer says so, and never because it might be the better for it.

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        kind = HTTPSConnection if parts.scheme == "https" else HTTPConnection
        self.path = parts.path or "/"
        self.connection = kind(parts.netloc, timeout=TIMEOUT_SECONDS)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.connection.close()

    def post(self, body: bytes, headers: Mapping[str, str]) -> Reply:
        """Deliver once, and return the answer."""
        headers = {"Content-Type": "application/json", **headers}
        try:
            try:
                self.connection.request("POST", self.path, body, headers)
            except (BrokenPipeError, ConnectionResetError):
                # A body over the limit is refused before it has been sent: the answer can be read.
                if self.connection.sock is None:
                    raise
            response = self.connection.getresponse()
            content = response.read()
        except (HTTPException, OSError):
            # The receiver may have recorded the event before the connection broke, or not.
            self.connection.close()
            return Reply(NO_ANSWER)
        return Reply(response.status, response.headers.get_content_type(), content)


def is_loopback(url: str) -> bool:
    """True for an address of this very machine, by every address that its name has."""
    host = urlsplit(url).hostname or ""
    try:
        found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    except OSError:
        return False
    return all(ipaddress.ip_address(str(address[0])).is_loopback for *_, address in found)
