"""What isn't quite HTTP, on a real socket to a real server: refused, and the server serves on."""

import json
import re
import socket
from contextlib import suppress
from urllib.parse import urlsplit

import pytest
from django.conf import settings
from django.utils import timezone

from tests.processes import Environment, query, server
from webhooks.providers import PROVIDERS
from webhooks.testing import sample
from webhooks.testing.sending import send

pytestmark = pytest.mark.one_database

PATIENCE_SECONDS = 3.0
CHUNKS = b"Transfer-Encoding: chunked\r\n"
LAST = b"0\r\n\r\n"
SMUGGLED = b"POST /webhooks/stripe HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n\r\n"


def request(*headers: bytes, body: bytes = b"", line: bytes = b"POST /webhooks/stripe") -> bytes:
    head = b"".join(header + b"\r\n" for header in headers)
    return line + b" HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n" + head + b"\r\n" + body


TWO_LENGTHS = (
    request(b"Content-Length: 5", CHUNKS.strip(), body=LAST + SMUGGLED),
    request(CHUNKS.strip(), b"Content-Length: 500", body=LAST + SMUGGLED),
    request(b"Content-Length: 2", b"Content-Length: 3", body=b"{}\n"),
    request(b"Content-Length: 2, 3", body=b"{}\n"),
    request(b"Transfer-Encoding: xchunked", b"Content-Length: 2", body=b"{}"),
    request(b"Transfer-Encoding: chunked, identity", body=LAST),
    request(b"Transfer-Encoding:\x0bchunked", b"Content-Length: 2", body=b"{}"),
    request(b"Transfer-Encoding : chunked", body=LAST),
    request(b"Transfer-Encoding: identity", b"Transfer-Encoding: chunked", body=LAST),
)
NO_LENGTHS = tuple(
    request(b"Content-Length: " + length, body=b"{}")
    for length in (b"-1", b"+2", b"0x2", b"2.0", b"1e3", b"9" * 30, b"", b"\xd9\xa2", b"2 2")
)
NO_CHUNKS = tuple(
    request(CHUNKS.strip(), body=body)
    for body in (
        *(b"-1\r\n{}\r\n" + LAST, b"g\r\n{}\r\n" + LAST, b"f" * 20 + b"\r\n{}\r\n" + LAST),
        *(b"2\r\n{}garbage" + LAST, b"2;" + b"x" * 70_000 + b"\r\n{}\r\n" + LAST, b"\0\xff" * 50),
        *(b"2\n{}\n0\n\n", b"2\r\n{}\r\n0\r\nX: " + b"y" * 70_000 + b"\r\n\r\n"),
    )
)
NO_HEADS = (
    *(request(b"X: " + b"y" * 500_000), request(*[b"X: y"] * 5000), request(b"X: \0"), b"\0" * 500),
    *(request(b"X: y\nStripe-Signature: z"), request(b"\x80: y"), request(b": y"), request(b"X y")),
    *(request(b"Host: evil.example"), b"POST /webhooks/stripe HTTP/1.1\r\n\r\n", b"GET /\r\n"),
    *(
        b"POST /webhooks/stripe HTTP/9.9\r\nHost: x\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc",
    ),
    *(request(line=line) for line in (b"GET *", b"GET \xff", b"get\0 /", b"GET //evil/..%2f")),
    *(request(line=b"GET http://evil.example/admin/"), request(line=b"CONNECT evil.example:443")),
    *(request(line=b"GET /" + b"x" * 100_000), request(line=b"POST /webhooks/stripe?\xff=%")),
    b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
)


def answers(address: str, sent: bytes) -> list[int]:
    """The statuses of what a server answers, until it hangs up or says no more."""
    port = urlsplit(address).port or 0
    said = b""
    with socket.create_connection(("127.0.0.1", port), timeout=PATIENCE_SECONDS) as wire:
        with suppress(OSError):
            wire.sendall(sent)
            wire.shutdown(socket.SHUT_WR)
        with suppress(OSError):
            while piece := wire.recv(65_536):
                said += piece
    return [int(status) for status in re.findall(rb"^HTTP/1\.[01] (\d{3})", said, re.MULTILINE)]


def test_what_is_not_quite_http_is_refused(environment: Environment) -> None:
    body = json.dumps(sample("invoice.paid")).encode()
    signed = PROVIDERS["stripe"].sign(
        body, secret=settings.STRIPE_WEBHOOK_SECRET, now=timezone.now()
    )
    with server(environment) as address:
        odd = (*TWO_LENGTHS, *NO_LENGTHS, *NO_CHUNKS, *NO_HEADS)
        told = [(status, sent[:200]) for sent in odd for status in answers(address, sent)]
        assert [one for one in told if not 300 <= one[0] < 500] == []
        assert len(told) > len(odd) // 2
        assert_only_what_was_signed_is_read(address, body, signed)
        assert query(environment, "SELECT count(*) FROM webhooks_webhookevent") == [(0,)]

        assert send(f"{address}/webhooks/stripe", body, signed).status == 200
    assert query(environment, "SELECT count(*) FROM webhooks_webhookevent") == [(1,)]


def assert_only_what_was_signed_is_read(address: str, body: bytes, signed: dict[str, str]) -> None:
    """What one reader takes for the body is signed, and what another does is not."""
    proof = [f"{name}: {value}".encode() for name, value in signed.items()]
    length = b"Content-Length: %d" % len(body)
    chunk = b"%x\r\n%s\r\n" % (len(body) + 1, body + b" ")
    for sent in (
        request(*proof, length, CHUNKS.strip(), body=chunk + LAST),
        request(*proof, b"Content-Length: %d" % (len(body) - 1), body=body),
        request(*proof, b"Content-Length: %d" % (len(body) + 1), body=body + b" "),
    ):
        assert 200 not in answers(address, sent)
