"""What nginx does of its own: TLS, the limit of a body, connections kept to the project."""

import json
import socket
import ssl
from contextlib import closing
from urllib.parse import urlsplit

import pytest
from django.conf import settings

from tests.processes import Environment, query, server
from tests.system.nginx import HOST, nginx
from tests.system.requests import answer, ask, delivery, request
from tests.system.upstream import upstream
from webhooks.exceptions import PayloadTooLarge
from webhooks.problems import problem
from webhooks.testing import sample


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_deliveries_come_by_tls_alone(version: ssl.TLSVersion) -> None:
    with upstream() as behind, nginx(behind.netloc) as proxy:
        proxy.trust.minimum_version = proxy.trust.maximum_version = version
        with closing(proxy.connect()) as wire:
            wire.sendall(request("POST /webhooks/stripe"))
            assert answer(wire).status == 200
        with socket.create_connection(("127.0.0.1", proxy.plain_port), timeout=30) as plain:
            plain.sendall(request("POST /webhooks/stripe?x"))
            told = answer(plain)

    assert told.status == 308
    assert told.headers["location"] == f"https://{HOST}/webhooks/stripe?x"


def test_the_longest_body_is_taken_and_a_longer_one_refused_as_the_project_refuses(
    deployed: Environment,
) -> None:
    limit, event = settings.WEBHOOK_MAX_BODY_BYTES, sample("refund.created")
    padded = {**event, "padding": "x" * (limit - len(json.dumps({**event, "padding": ""})))}
    with server(deployed) as address, nginx(urlsplit(address).netloc) as proxy:
        assert ask(proxy, delivery(event=padded)).status == 200
        longer = ask(proxy, delivery(event={**padded, "padding": padded["padding"] + "x"}))

    stored = query(deployed, "SELECT count(*) FROM webhooks_webhookevent")
    refused = problem(PayloadTooLarge())
    assert stored == [(1,)]
    assert (longer.status, longer.headers["content-type"]) == (413, refused["Content-Type"])
    assert json.loads(longer.body) == json.loads(refused.content)


def test_connections_to_the_project_are_kept_between_clients() -> None:
    with upstream() as behind, nginx(behind.netloc) as proxy:
        told = [ask(proxy, request("POST /webhooks/stripe", b"{}")) for _ in range(10)]

    # Each of nginx's two workers keeps connections of its own.
    assert max(json.loads(each.body)["number"] for each in told) >= 5
