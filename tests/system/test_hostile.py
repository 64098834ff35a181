"""What strangers send, through nginx: what is not quite HTTP, and the drill's hostile load."""

import json
import re
from contextlib import closing, suppress
from urllib.parse import urlsplit

from tests.processes import Environment, manage, query, server
from tests.system.nginx import HOST, Proxy, nginx
from tests.system.requests import ask, delivery
from tests.test_hostile_wire import NO_CHUNKS, NO_HEADS, NO_LENGTHS, PATIENCE_SECONDS, TWO_LENGTHS

HOSTILE = tuple(
    sent.replace(b"Host: localhost", b"Host: " + HOST.encode())
    for sent in (*TWO_LENGTHS, *NO_LENGTHS, *NO_CHUNKS, *NO_HEADS)
)
UNKNOWN = (501, 505)
"""What nginx says to an encoding and to a version of HTTP that it does not know."""


def statuses(proxy: Proxy, sent: bytes) -> list[int]:
    """Return the statuses of what is answered, until the connection ends or no more is said."""
    said = b""
    with closing(proxy.connect()) as wire:
        wire.settimeout(PATIENCE_SECONDS)
        with suppress(OSError):
            wire.sendall(sent)
        with suppress(OSError):
            while piece := wire.recv(65_536):
                said += piece
    return [int(status) for status in re.findall(rb"^HTTP/1\.[01] (\d{3})", said, re.MULTILINE)]


def test_what_is_not_quite_http_is_refused(deployed: Environment) -> None:
    with server(deployed) as address, nginx(urlsplit(address).netloc) as proxy:
        told = [(status, sent[:200]) for sent in HOSTILE for status in statuses(proxy, sent)]
        assert [one for one in told if not (300 <= one[0] < 500 or one[0] in UNKNOWN)] == []
        assert len(told) > len(HOSTILE) // 2
        assert ask(proxy, delivery()).status == 200
        assert proxy.gateway_errors() == []

    assert query(deployed, "SELECT count(*) FROM webhooks_webhookevent") == [(1,)]


def test_the_drill_finds_no_fault(deployed: Environment) -> None:
    with (
        server(deployed) as first,
        server(deployed) as second,
        nginx(urlsplit(first).netloc, second=urlsplit(second).netloc) as proxy,
    ):
        url = f"https://127.0.0.1:{proxy.port}/webhooks/stripe"
        trusting = deployed | {"SSL_CERT_FILE": str(proxy.folder / "certificate.pem")}
        found = manage(trusting, "chaos_drill", "--url", url, "--deliveries", "1000", "--json")

    assert json.loads(found)["is_clean"]
