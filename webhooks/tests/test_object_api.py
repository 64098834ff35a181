"""What providers answer about their objects, and what becomes of a key or an address amiss."""

from collections.abc import Iterator
from contextlib import suppress
from socket import create_server
from threading import Event, Thread
from typing import Any

import pytest
from django.core import checks

from webhooks.exceptions import ProviderApiRefused
from webhooks.providers import PROVIDERS, https
from webhooks.providers.object_api import FetchedObject
from webhooks.testing.object_server import ObjectServer, serving_objects

pytestmark = pytest.mark.one_database


@pytest.fixture
def api() -> Iterator[ObjectServer]:
    with serving_objects() as served:
        yield served


def configure(settings: Any, name: str, base: str, key: str = "known_to_all") -> None:
    setattr(settings, f"{name.upper()}_API_KEY", key)
    settings.WEBHOOK_ENDPOINTS = {
        name: {
            "provider": name,
            "secrets_setting": f"{name.upper()}_WEBHOOK_SECRET",
            "api_base": base,
        }
    }


def fetch(name: str, object_type: str, object_id: str) -> FetchedObject | None:
    return PROVIDERS[name].fetch(object_type, object_id, account="")


def faults() -> dict[str, str]:
    """Return what the system checks say of the key and its address: the first sentence, by id."""
    found = checks.run_checks(tags=["webhooks"])
    told = {one.id or "": f"{one.msg.partition('. ')[0].rstrip('.')}." for one in found}
    return {name: text for name, text in told.items() if name != "webhooks.E001"}


@pytest.mark.parametrize("said", ["The id provided does not exist", "pay_x is not a valid id"])
def test_an_id_that_razorpay_does_not_know_is_of_nothing(
    settings: Any, api: ObjectServer, said: str
) -> None:
    configure(settings, "razorpay", api.url)
    api.status = 400
    api.refusal = b'{"error": {"code": "BAD_REQUEST_ERROR", "description": "%b"}}' % said.encode()
    assert fetch("razorpay", "charge", "pay_x") is None


def test_another_bad_request_is_refused(settings: Any, api: ObjectServer) -> None:
    configure(settings, "razorpay", api.url)
    api.status = 400
    api.refusal = b'{"error": {"description": "The requested URL was not found on the server"}}'
    with pytest.raises(ProviderApiRefused, match="razorpay could not be asked: it answers 400"):
        fetch("razorpay", "charge", "pay_x")


def test_an_empty_list_is_of_nothing(settings: Any, api: ObjectServer) -> None:
    configure(settings, "paddle", api.url)
    api.objects = {
        "/adjustments?id=adj_none": {"data": []},
        "/adjustments?id=adj_1": {"data": [{"id": "adj_1"}]},
    }
    assert fetch("paddle", "refund", "adj_none") is None
    found = fetch("paddle", "refund", "adj_1")
    assert found
    assert found.subject["data"] == [{"id": "adj_1"}]


@pytest.mark.parametrize(
    "base",
    ["https://[", "https://", "https://api.x.test:port", "file://localhost/", "http://api.x.test"],
)
def test_only_an_https_address_can_be_asked(settings: Any, base: str) -> None:
    configure(settings, "gocardless", base)
    assert not PROVIDERS["gocardless"].can_fetch("charge", livemode=True)
    assert faults() == {"webhooks.E017": "GOCARDLESS_API_BASE is no https address."}


@pytest.mark.parametrize("key", ["live_a\nb", "live_\u201cquoted\u201d"])
def test_a_key_that_no_header_can_have_is_told_and_not_shown(
    settings: Any, api: ObjectServer, key: str
) -> None:
    configure(settings, "gocardless", api.url, key)
    assert not PROVIDERS["gocardless"].can_fetch("charge", livemode=True)
    assert faults() == {"webhooks.E017": "GOCARDLESS_API_KEY has characters that no key has."}


@pytest.mark.parametrize(
    ("name", "key"),
    [("gocardless", "sandbox_known_to_all"), ("paddle", "pdl_sdbx_apikey_known_to_all")],
)
@pytest.mark.parametrize("base", ["", "{}/"])
def test_a_key_of_the_sandbox_is_not_sent_to_the_live_address(
    settings: Any, api: ObjectServer, name: str, key: str, base: str
) -> None:
    configure(settings, name, base.format(PROVIDERS[name].api.live), key)  # type: ignore[union-attr]
    assert not PROVIDERS[name].can_fetch("charge", livemode=True)
    assert "is a key of the sandbox" in faults()["webhooks.E017"]

    configure(settings, name, api.url, key)
    assert PROVIDERS[name].can_fetch("charge", livemode=True)
    assert faults() == {}


@pytest.mark.parametrize(
    ("name", "key", "problem"),
    [
        ("gocardless", "<your key>", "webhooks.E025"),
        ("gocardless", "'live_known_to_all'", "webhooks.E025"),
        ("adyen", "AQEyhmfxL", "webhooks.W029"),
    ],
)
def test_a_key_that_is_none_or_not_needed_is_told(
    settings: Any, name: str, key: str, problem: str
) -> None:
    configure(settings, name, "", key)
    assert faults().keys() == {problem}


@pytest.mark.parametrize("status", [b"200 OK", b"503 Service Unavailable"])
def test_an_answer_that_trickles_is_not_waited_for(status: bytes) -> None:
    server, gone = create_server(("127.0.0.1", 0)), Event()

    def trickle() -> None:
        with server.accept()[0] as client, suppress(OSError):
            client.recv(4096)
            client.sendall(b"HTTP/1.1 %b\r\nContent-Length: 100\r\n\r\n" % status)
            for _ in range(100):
                client.sendall(b" ")
                gone.wait(0.05)

    thread = Thread(target=trickle)
    thread.start()
    try:
        with pytest.raises(TimeoutError, match="no end"):
            https.get(
                f"http://127.0.0.1:{server.getsockname()[1]}/",
                longest=100,
                of_refusals=100,
                timeout=0.2,
            )
    finally:
        gone.set()
        thread.join()
        server.close()
