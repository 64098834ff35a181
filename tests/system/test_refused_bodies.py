"""Refused bodies among genuine deliveries, on connections that nginx keeps open to granian."""

from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import product
from urllib.parse import urlsplit

import pytest

from tests.processes import Environment, query, server
from tests.system.nginx import Proxy, nginx
from tests.system.requests import PROVIDER, answer, ask, delivery, request

SIZES = (5, 50_000, 500_000, 5_000_000)
LIMIT = 1_048_576
JSON = {"Content-Type": "application/json"}
SIGNED = {"Stripe-Signature": "t=1,v1=0"}
REFUSED = {
    "unsigned": (400, "POST /webhooks/stripe", JSON),
    "forged": (400, "POST /webhooks/stripe", JSON | SIGNED),
    "no JSON": (415, "POST /webhooks/stripe", SIGNED | {"Content-Type": "text/html"}),
    "no endpoint": (404, "POST /webhooks/nobody", JSON | SIGNED),
    "no delivery": (405, "PUT /webhooks/stripe", JSON | SIGNED),
    "not set up": (503, "POST /webhooks/unset", JSON | SIGNED),
    "no address": (404, "POST /nothing", JSON),
    "no token": (401, "POST /api/v1/customers", JSON),
    "no log-in": (403, "POST /admin/login/", JSON),
}
SENDERS = 4
ROUNDS = 3
"""So often each sender sends each refused body, and so many hundred genuine deliveries."""

ONCE = {"proxy_next_upstream error non_idempotent;": "proxy_next_upstream off;"}
UNBUFFERED = ONCE | {
    "proxy_request_buffering on;": "proxy_request_buffering off;",
    "client_max_body_size 1m;": "client_max_body_size 0;",
}


def strangers(*, times: int) -> Iterator[tuple[str, int, bytes]]:
    """Yield requests that are refused, each with its name and the status that it is to get."""
    for _, size, (name, (status, line, headers)) in product(range(times), SIZES, REFUSED.items()):
        # Nginx refuses it by its length, before it is known what else is wrong with it.
        wanted = 413 if size > LIMIT else status
        yield f"{name}, {size}", wanted, request(line, b"x" * size, headers)


def refuse(proxy: Proxy, *, times: int) -> Counter[str]:
    """Send what is refused; return how often the answer was not the one that was foreseen."""
    odd = Counter[str]()
    for name, wanted, sent in strangers(times=times):
        status = ask(proxy, sent).status
        if status != wanted:
            odd["429" if status == 429 else f"{name}: {status}"] += 1
    return odd


def deliver(proxy: Proxy, *, times: int) -> Counter[int]:
    """Send genuine deliveries on one connection; return the statuses of their answers."""
    with proxy.connect() as wire:
        statuses = Counter[int]()
        for _ in range(times):
            wire.sendall(delivery())
            statuses[answer(wire).status] += 1
        return statuses


# What nginx sends again would hide a connection that closed under it, and so does buffering: it
# is tried without either, too.
@pytest.mark.parametrize(
    "changes", [{}, ONCE, UNBUFFERED], ids=["as shipped", "sent once", "unbuffered"]
)
def test_refused_bodies_cost_no_genuine_delivery(
    deployed: Environment, changes: dict[str, str]
) -> None:
    deployed |= {"WEBHOOK_RATE_LIMIT": "20"}
    odd, genuine = Counter[str](), Counter[int]()
    with (
        server(deployed, workers=2) as address,
        nginx(urlsplit(address).netloc, changes) as proxy,
        ThreadPoolExecutor(2 * SENDERS) as pool,
    ):
        for _, _, refused in strangers(times=1):
            ask(proxy, refused)
            genuine[ask(proxy, delivery()).status] += 1
        refusals = [pool.submit(refuse, proxy, times=ROUNDS) for _ in range(SENDERS)]
        deliveries = [pool.submit(deliver, proxy, times=100 * ROUNDS) for _ in range(SENDERS)]
        odd = sum((each.result() for each in refusals), odd)
        genuine = sum((each.result() for each in deliveries), genuine)
        errors = proxy.gateway_errors()
        was_written = (proxy.folder / "error.log").read_text().count("temporary file")

    number = len(REFUSED) * len(SIZES) + SENDERS * ROUNDS * 100
    assert genuine == {200: number}
    assert query(deployed, "SELECT count(*) FROM webhooks_webhookevent") == [(number,)]
    assert [line for line in errors if PROVIDER in line] == []
    assert was_written == 0
    # A stranger's body that is passed on as it comes may find that its refusal has ended the way.
    if changes != UNBUFFERED:
        assert errors == []
        assert odd.keys() == {"429"}
