"""Senders who stall: they wait by themselves, are hung up on, and keep nobody else waiting."""

import socket
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing
from urllib.parse import urlsplit

from django.conf import settings

from tests.processes import Environment, server, wait_until
from tests.system.nginx import Proxy, nginx
from tests.system.requests import answer, ask, delivery, request

STALLER = "127.0.0.2"
STALLED = 40
"""Five for each thread that granian has."""

LIMIT_SECONDS = 10
"""As the configuration has it, between two pieces of a head or a body."""

SLACK_SECONDS = 10
CONNECTIONS = 100
"""As the configuration has it, for one client."""

WHOLE = request("POST /webhooks/stripe", b"x" * 1000, {"Stripe-Signature": "t=1,v1=0"})
IN_CHUNKS = WHOLE.replace(b"Content-Length: 1000", b"Transfer-Encoding: chunked")
HEAD = WHOLE[:-1000]
BEGINNINGS = (
    HEAD,
    HEAD + b"x" * 999,
    IN_CHUNKS[:-1000] + b"100\r\nxxx",
    request("POST /admin/login/", b"x" * 1000)[:-1],
    request("POST /api/v1/customers", b"x" * 1000)[:-1],
    HEAD[:60],
)


def stall(proxy: Proxy, beginning: bytes) -> tuple[int, float]:
    """Begin a request and send no more.

    Returns the status of its answer, and the seconds until the connection was ended.
    """
    with closing(proxy.connect(STALLER)) as wire:
        started = time.monotonic()
        wire.sendall(beginning)
        return answer(wire).status, time.monotonic() - started


def deliver(proxy: Proxy, *, times: int) -> float:
    """Send genuine deliveries, and see that they are taken; return the seconds of the slowest."""
    slowest = 0.0
    for _ in range(times):
        started = time.monotonic()
        assert ask(proxy, delivery()).status == 200
        slowest = max(slowest, time.monotonic() - started)
    return slowest


def test_stalled_senders_are_hung_up_on_and_keep_nobody_waiting(deployed: Environment) -> None:
    with (
        server(deployed, workers=2) as address,
        nginx(urlsplit(address).netloc) as proxy,
        ThreadPoolExecutor(STALLED) as pool,
    ):
        beginnings = (BEGINNINGS * STALLED)[:STALLED]
        stalls = [pool.submit(stall, proxy, beginning) for beginning in beginnings]
        slowest = deliver(proxy, times=1)
        while not all(each.done() for each in stalls):
            slowest = max(slowest, deliver(proxy, times=1))
        ends = [each.result() for each in stalls]

    assert slowest < LIMIT_SECONDS / 2
    assert {status for status, _ in ends} <= {0, 408}
    assert max(seconds for _, seconds in ends) < LIMIT_SECONDS + SLACK_SECONDS


def test_dripping_senders_keep_nobody_waiting(deployed: Environment) -> None:
    with (
        server(deployed, workers=2) as address,
        nginx(urlsplit(address).netloc) as proxy,
        ExitStack() as stack,
    ):
        dripping = [stack.enter_context(proxy.connect(STALLER)) for _ in range(STALLED)]
        for wire in dripping:
            wire.sendall(HEAD)
        for _ in range(50):
            for wire in dripping:
                wire.sendall(b"x")
            assert deliver(proxy, times=1) < LIMIT_SECONDS / 2


def test_no_client_has_all_connections(deployed: Environment) -> None:
    with (
        server(deployed) as address,
        nginx(urlsplit(address).netloc) as proxy,
        ExitStack() as stack,
    ):
        for _ in range(CONNECTIONS):
            stack.enter_context(proxy.connect(STALLER)).sendall(HEAD)
        probe = request("GET /healthz")
        # Nginx has to read what was sent before it counts.
        wait_until(lambda: ask(proxy, probe, client=STALLER).status == 429)
        assert ask(proxy, probe, client="127.0.0.3").status == 200


def test_without_a_proxy_no_body_is_read_past_its_limit_or_its_senders_end(
    deployed: Environment,
) -> None:
    too_long = settings.WEBHOOK_MAX_BODY_BYTES + 1
    with server(deployed, workers=2) as address, ExitStack() as stack:
        where = ("127.0.0.1", urlsplit(address).port or 0)

        def begin(beginning: bytes) -> socket.socket:
            wire = stack.enter_context(socket.create_connection(where, timeout=30))
            wire.sendall(beginning)
            return wire

        # Nothing of the body is sent, and of the other one nothing after its first piece.
        announced = HEAD.replace(b"Content-Length: 1000", b"Content-Length: %d" % too_long)
        assert answer(begin(announced)).status == 413
        endless = IN_CHUNKS[:-1000] + b"%x\r\n" % too_long + b"x" * too_long
        assert answer(begin(endless)).status == 413
        for wire in [begin(HEAD + b"x") for _ in range(STALLED)]:
            wire.close()
        assert answer(begin(delivery())).status == 200
