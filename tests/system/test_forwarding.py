"""What nginx tells the project of a client, and what of the project it keeps to this machine."""

import json
from contextlib import closing
from urllib.parse import urlsplit
from urllib.request import urlopen

from tests.processes import Environment, query, server, wait_until
from tests.system.nginx import HOST, nginx
from tests.system.prometheus import promtool
from tests.system.requests import answer, ask, delivery, request
from tests.system.upstream import upstream

OTHER, THIRD = "127.0.0.2", "127.0.0.3"
KEPT_IN = ("/metrics", "/readyz")


def test_the_clients_own_address_counts_whatever_it_writes(deployed: Environment) -> None:
    deployed |= {"ALLOWED_WEBHOOK_IPS": OTHER}
    with server(deployed) as address, nginx(urlsplit(address).netloc) as proxy:
        for header in ("X-Forwarded-For", "X_Forwarded_For", "Forwarded", "X-Real-IP"):
            for claimed in (OTHER, f"{OTHER}, 127.0.0.1", f"for={OTHER}"):
                assert ask(proxy, delivery({header: claimed}), client=THIRD).status == 403
                assert ask(proxy, delivery({header: THIRD}), client=OTHER).status == 200

    clients = query(deployed, "SELECT DISTINCT client, code FROM webhooks_refusal")
    assert clients == [(THIRD, "source_not_allowed")]


def test_a_page_is_not_redirected_and_its_scheme_is_not_the_clients_to_say(
    deployed: Environment,
) -> None:
    with server(deployed) as address, nginx(urlsplit(address).netloc) as proxy:
        for claimed in ("http", "https"):
            page = ask(proxy, request("GET /admin/login/", headers={"X-Forwarded-Proto": claimed}))
            assert page.status == 200
            assert page.headers["strict-transport-security"].startswith("max-age=31536000")
            assert "__Host-csrftoken" in page.headers["set-cookie"]


def test_a_request_has_an_id_of_nginxs_making() -> None:
    with upstream() as behind, nginx(behind.netloc) as proxy:
        theirs = {"X-Request-Id": "theirs", "Connection": "x"}
        answered = ask(proxy, request("POST /webhooks/stripe", headers=theirs))
        told = json.loads(answered.body)
        # It is written once the answer is out.
        wait_until(lambda: bool(proxy.log()))
        [line] = proxy.log()

    request_id = answered.headers["x-request-id"]
    assert request_id != "theirs"
    assert told["x-request-id"] == request_id
    assert request_id in line
    assert told["host"] == HOST
    assert told["x-forwarded-proto"] == "https"
    assert "connection" not in told


def test_a_delivery_into_a_connection_that_ends_is_sent_again() -> None:
    with upstream() as behind, nginx(behind.netloc) as proxy:
        behind.hang_up_on = 2
        with closing(proxy.connect()) as wire:
            answers = []
            for _ in range(10):
                wire.sendall(request("POST /webhooks/stripe", b"{}"))
                answers.append(answer(wire).status)

    assert answers == [200] * 10


def test_metrics_and_readiness_are_kept_to_this_machine(deployed: Environment) -> None:
    with server(deployed) as address, nginx(urlsplit(address).netloc) as proxy:
        for path in KEPT_IN:
            with urlopen(address + path) as inside:  # noqa: S310
                assert inside.status == 200
            ways = [path, f"/{path}", f"{path}?x", f"/x/..{path}", f"/.{path}", f"{path}%3F"]
            ways += [f"{path}/", f"/%{ord(path[1]):x}{path[2:]}", f"{path}%00", f"{path};x"]
            ways += [path.upper(), f"https://{HOST}{path}", f"/webhooks/..{path}", f"{path}#x"]
            for way in ways:
                outside = ask(proxy, request(f"GET {way}"))
                assert 300 <= outside.status < 500, way
                assert b"webhooks_" not in outside.body
                assert b"parts" not in outside.body
        assert ask(proxy, request("GET /healthz")).status == 200


def test_metrics_are_as_prometheus_has_them(deployed: Environment) -> None:
    with server(deployed) as address, nginx(urlsplit(address).netloc) as proxy:
        assert ask(proxy, delivery()).status == 200
        assert ask(proxy, request("POST /webhooks/stripe")).status == 400
        with urlopen(f"{address}/metrics") as inside:  # noqa: S310
            metrics = inside.read()

    assert promtool("check", "metrics", given=metrics) == ""
