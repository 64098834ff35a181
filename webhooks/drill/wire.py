"""A connection to the receiver, kept open from one delivery to the next."""

import ipaddress
import socket
from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from types import TracebackType
from typing import Self
from urllib.parse import urlsplit

TIMEOUT_SECONDS = 60
NO_ANSWER = 0


@dataclass(frozen=True, slots=True)
class Reply:
    """What came back; a status of `NO_ANSWER` when nothing did."""

    status: int
    media_type: str = ""
    body: bytes = b""


class Line:
    """One connection, opened when it is needed, and anew when it was closed."""

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
        """Deliver once."""
        headers = {"Content-Type": "application/json", **headers}
        try:
            try:
                self.connection.request("POST", self.path, body, headers)
            except (BrokenPipeError, ConnectionResetError):
                # A body that is too large is refused before it has been sent.
                if self.connection.sock is None:
                    raise
            response = self.connection.getresponse()
            content = response.read()
            if response.status == HTTPStatus.REQUEST_ENTITY_TOO_LARGE:
                self.connection.close()  # what was not read of the body is still in the way
        except (HTTPException, OSError):
            self.connection.close()
            return Reply(NO_ANSWER)
        return Reply(response.status, response.headers.get_content_type(), content)


def is_loopback(url: str) -> bool:
    """Whether an address is this very machine's, by every name it has."""
    host = urlsplit(url).hostname or ""
    try:
        found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    except OSError:
        return False
    return all(ipaddress.ip_address(str(address[0])).is_loopback for *_, address in found)
