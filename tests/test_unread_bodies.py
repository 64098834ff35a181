"""Refusals that leave a body unread: the next delivery on the connection must not pay for it.

A connection that a proxy keeps open carries a stranger's request and then a provider's. Either
the second is answered, or the first one's answer says that the connection closes.
"""

import json
import re
import socket
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from http import HTTPStatus
from http.client import HTTPResponse
from urllib.parse import urlsplit

import pytest
from django.conf import settings
from django.utils import timezone

from tests.processes import Environment, manage, query, server
from webhooks.providers import PROVIDERS
from webhooks.testing import sample

pytestmark = pytest.mark.one_database

PATIENCE_SECONDS = 10.0
SIZES = (5, 5_000, 50_000, 500_000)
TOO_LARGE = 3 * settings.WEBHOOK_MAX_BODY_BYTES
TIMES = 3
"""Each is sent so often, as it depends on chance how much of a body arrives in time."""

JSON = b"Content-Type: application/json"
AGENT = b"User-Agent: Stripe/1.0"
HOST = b"Host: localhost"
REFUSALS: tuple[tuple[int, bytes, Sequence[bytes]], ...] = (
    (400, b"POST /webhooks/stripe", (HOST, AGENT, JSON)),
    (400, b"POST /webhooks/stripe", (b"Host: evil.example", AGENT, JSON)),
    (400, b"POST /api/v1/events", (b"Host: evil.example",)),
    (400, b"POST /healthz", (b"Host: evil.example",)),
    (403, b"POST /webhooks/stripe", (HOST, JSON)),
    (404, b"POST /webhooks/nobody", (HOST, AGENT, JSON)),
    (405, b"PUT /webhooks/stripe", (HOST, AGENT, JSON)),
    (415, b"POST /webhooks/stripe", (HOST, AGENT, b"Content-Type: text/html")),
    (401, b"POST /api/v1/customers", (HOST, JSON)),
    (404, b"POST /api/nothing", (HOST, JSON)),
    (403, b"POST /admin/login/", (HOST, JSON)),
    (404, b"POST /nothing", (HOST, JSON)),
    (404, b"POST /static/nothing", (HOST, JSON)),
    (405, b"POST /metrics", (HOST, JSON)),
    (200, b"GET /healthz", (HOST, JSON)),
    (503, b"GET /readyz", (HOST, JSON)),
)


def in_full(size: int) -> tuple[bytes, bytes]:
    """A body and the header that announces it."""
    return b"Content-Length: %d" % size, b"x" * size


def in_chunks(size: int) -> tuple[bytes, bytes]:
    piece = max(1, size // 3)
    chunks = [b"%x\r\n%s\r\n" % (piece, b"x" * piece) for _ in range(size // piece)]
    return b"Transfer-Encoding: chunked", b"".join(chunks) + b"0\r\n\r\n"


def expected(status: int, line: bytes, announced: bytes) -> int:
    """The answer to a request: pages and the API refuse what has no length before all else."""
    is_taken = re.search(rb" /(webhooks/|healthz|readyz|metrics)", line)
    return status if is_taken or announced.startswith(b"Content-Length") else 400


def signed_delivery() -> bytes:
    body = json.dumps(sample("invoice.paid")).encode()
    proof = PROVIDERS["stripe"].sign(
        body, secret=settings.STRIPE_WEBHOOK_SECRET, now=timezone.now()
    )
    headers = [HOST, AGENT, JSON, b"Content-Length: %d" % len(body)]
    headers += [f"{name}: {value}".encode() for name, value in proof.items()]
    return b"POST /webhooks/stripe HTTP/1.1\r\n" + b"\r\n".join(headers) + b"\r\n\r\n" + body


@contextmanager
def connection(address: str) -> Iterator[socket.socket]:
    where = ("127.0.0.1", urlsplit(address).port or 0)
    with socket.create_connection(where, timeout=PATIENCE_SECONDS) as wire:
        yield wire


def answer(wire: socket.socket) -> tuple[int, bool]:
    """The status of the next answer, 0 for none, and whether it says that this was the last."""
    response = HTTPResponse(wire)
    try:
        response.begin()
        response.read()
    except OSError:
        return 0, True
    finally:
        response.close()
    return response.status, response.will_close


def trouble(address: str, head: bytes, body: bytes, status: int, *, is_late: bool = False) -> str:
    """What goes wrong with a request and a genuine delivery after it; nothing, if all is well."""
    with connection(address) as wire:
        with suppress(OSError):  # refused before all of it was sent
            wire.sendall(head if is_late else head + body)
        found, is_last = answer(wire)
        if found != status:
            return f"answered {found}"
        if is_last:
            return ""
        with suppress(OSError):
            wire.sendall(body if is_late else b"")
            wire.sendall(signed_delivery())
        genuine, _ = answer(wire)
        return "" if genuine == HTTPStatus.OK else f"a genuine delivery was answered {genuine}"


def troubles(
    address: str, refusals: Sequence[tuple[int, bytes, Sequence[bytes]]], sizes: Sequence[int]
) -> list[str]:
    """Each request with bodies of these sizes: at once, in chunks, after its head was answered."""
    found = []
    for status, line, headers in refusals:
        for size in sizes:
            for announced, body in (in_full(size), in_chunks(size)):
                wanted = expected(status, line, announced)
                head = line + b" HTTP/1.1\r\n" + b"\r\n".join((*headers, announced)) + b"\r\n\r\n"
                for is_late in (False, True):
                    met = {
                        trouble(address, head, body, wanted, is_late=is_late) for _ in range(TIMES)
                    } - {""}
                    found += [f"{head!r} {size} {is_late}: {one}" for one in met]
    return found


def test_a_refusal_costs_no_later_delivery_its_answer(environment: Environment) -> None:
    environment |= {"ALLOWED_HOSTS": "localhost,127.0.0.1"}
    environment |= {"ALLOWED_WEBHOOK_USER_AGENTS": "Stripe/"}
    # Not ready, and able to take deliveries all the same.
    manage(environment, "migrate", "--fake", "otp_static", "zero")
    with server(environment) as address:
        assert troubles(address, REFUSALS, SIZES) == []
        for announced, body in (in_full(TOO_LARGE), in_chunks(TOO_LARGE)):
            headers = (HOST, AGENT, JSON, b"Stripe-Signature: t=1,v1=0", announced)
            head = b"POST /webhooks/stripe HTTP/1.1\r\n" + b"\r\n".join(headers) + b"\r\n\r\n"
            assert [trouble(address, head, body, 413) for _ in range(TIMES)] == [""] * TIMES


def test_a_limited_stranger_costs_no_later_delivery_its_answer(environment: Environment) -> None:
    with server(environment | {"WEBHOOK_RATE_LIMIT": "1"}) as address:
        unsigned = (b"POST /webhooks/stripe", (HOST, AGENT, JSON))
        troubles(address, [(400, *unsigned)], [5])
        assert troubles(address, [(429, *unsigned)], SIZES) == []


def test_connections_are_kept_where_bodies_were_read(environment: Environment) -> None:
    with server(environment) as address, connection(address) as wire:
        for _ in range(5):
            wire.sendall(signed_delivery())
            assert answer(wire) == (200, False)
            forged = signed_delivery().replace(b"v1=", b"v1=0")
            wire.sendall(forged)
            assert answer(wire) == (400, False)
    assert query(environment, "SELECT count(*) FROM webhooks_webhookevent") == [(5,)]
