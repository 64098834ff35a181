"""A flood of forgeries on real servers: held back, bounded, and in nobody's way."""

import json
import re
import socket
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from urllib.parse import urlsplit

import psycopg
import pytest
from django.conf import settings
from django.utils import timezone

from tests.processes import Environment, query, server
from webhooks.intake.refusal_sampling import MOST
from webhooks.providers import PROVIDERS
from webhooks.testing import sample

ATTACKER, STRANGER = "203.0.113.9", "198.51.100.7"
LIMIT = 100
WORKERS = 2
CONNECTIONS = 4
FORGERIES = 4_000
FEW = 200

STATUS = re.compile(rb"HTTP/1\.1 (\d{3})")


def request(body: bytes, signature: str, client: str, path: str = "/webhooks/stripe") -> bytes:
    """A request as the one trusted proxy passes it on."""
    signed = f"Stripe-Signature: {signature}\r\n" if signature else ""
    head = (
        f"POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
        f"X-Forwarded-For: 192.0.2.1\r\nX-Forwarded-For: {client}\r\n"
        f"Content-Length: {len(body)}\r\n{signed}\r\n"
    )
    return head.encode() + body


def genuine(client: str) -> bytes:
    now = timezone.now()
    body = json.dumps(sample("refund.created", created=int(now.timestamp()))).encode()
    signed = PROVIDERS["stripe"].sign(body, secret=settings.STRIPE_WEBHOOK_SECRET, now=now)
    return request(body, signed["Stripe-Signature"], client)


def forgeries() -> list[bytes]:
    """Each to be refused for another reason than the one before it."""
    body = json.dumps(sample("refund.created")).encode()
    made_up = f"t={int(timezone.now().timestamp())},v1={'0' * 64}"
    return [
        request(body, made_up, ATTACKER),
        request(body, "nonsense", ATTACKER),
        request(body, "t=1,v1=0", ATTACKER),
        request(b"[" * 2000, made_up, ATTACKER),
    ]


def unsigned(client: str) -> bytes:
    """A delivery that is refused with its body unread, so that the connection ends with it."""
    return request(json.dumps(sample("refund.created")).encode(), "", client)


class Wire:
    """A connection on which requests are sent as they are."""

    def __init__(self, address: str) -> None:
        parts = urlsplit(address)
        self.socket = socket.create_connection((parts.hostname, parts.port or 0), timeout=30)

    def close(self) -> None:
        """Hang up."""
        self.socket.close()

    def ask(self, *requests: bytes) -> list[bytes]:
        """Send requests one after another; their answers, heads and all."""
        self.socket.sendall(b"".join(requests))
        received = b""
        while len(starts := [found.start() for found in STATUS.finditer(received)]) < len(
            requests
        ) or not received.endswith(b"}"):
            piece = self.socket.recv(0x10000)
            assert piece, "the server hung up"
            received += piece
        return [received[a:b] for a, b in zip(starts, [*starts[1:], None], strict=True)]


def status(answer: bytes) -> int:
    found = STATUS.match(answer)
    assert found
    return int(found[1])


def flood(address: str, count: int) -> Counter[int]:
    """Send so many forgeries, several at a time; return how many had which status."""
    signed, statuses = forgeries(), Counter[int]()
    for _ in range(count // (len(signed) + 1)):
        with closing(Wire(address)) as wire:
            statuses.update(map(status, wire.ask(*signed)))
            # By itself: whatever was sent after it would get no answer.
            statuses.update(map(status, wire.ask(unsigned(ATTACKER))))
    return statuses


def deliver(address: str, client: str, count: int) -> Counter[int]:
    with closing(Wire(address)) as wire:
        return Counter(status(wire.ask(genuine(client))[0]) for _ in range(count))


def test_a_flood_is_held_back_and_genuine_deliveries_are_taken_all_the_while(
    environment: Environment,
) -> None:
    environment |= {
        "WEBHOOK_RATE_LIMIT": str(LIMIT),
        "TRUSTED_PROXY_COUNT": "1",
        "WEBHOOK_PROCESSING": "loop",
    }
    with server(environment, workers=WORKERS) as address, ThreadPoolExecutor(8) as pool:
        floods = [pool.submit(flood, address, FORGERIES // CONNECTIONS) for _ in range(CONNECTIONS)]
        taken = [pool.submit(deliver, address, client, 50) for client in (ATTACKER, STRANGER)]
        statuses = sum((one.result() for one in floods), Counter[int]())
        with closing(Wire(address)) as wire:
            last, stranger = wire.ask(forgeries()[0], unsigned(STRANGER))
        after = deliver(address, ATTACKER, 1)

    # Without Redis, each process counts for itself.
    budgets = [LIMIT] if environment["REDIS_URL"] else [LIMIT, LIMIT * WORKERS]
    assert statuses in [Counter({400: spent, 429: FORGERIES - spent}) for spent in budgets]
    assert [one.result() for one in taken] == [{200: 50}, {200: 50}]
    assert after == {200: 1}
    assert status(stranger) == 400
    if environment["REDIS_URL"]:
        assert status(last) == 429
        assert 0 < int(re.findall(rb"(?i)retry-after: (\d+)", last)[0]) <= 60
    assert query(environment, "SELECT count(*) FROM webhooks_webhookevent") == [(101,)]
    [(rows, most)] = query(environment, "SELECT count(*), sum(weight) FROM webhooks_refusal")
    # The flood may have gone on from one window to the next.
    assert 0 < rows <= 2 * MOST * WORKERS
    assert rows < most <= FORGERIES + 2


@pytest.mark.postgresql
def test_forgeries_are_answered_though_records_of_them_have_to_wait(
    environment: Environment,
) -> None:
    with server(environment) as address, psycopg.connect(environment["DATABASE_URL"]) as other:
        other.execute("LOCK TABLE webhooks_refusal")
        # More than there are threads to wait with.
        statuses = flood(address, FEW)

    assert statuses == {400: FEW}
