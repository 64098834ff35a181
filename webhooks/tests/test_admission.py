"""What is refused before anything is proven, and who a client is."""

import json
from typing import Any

import pytest
from django.test import Client
from pytest_django import Settings

from webhooks.guards import client_address
from webhooks.models import Refusal
from webhooks.testing.client import post, sign
from webhooks.tests.events import make_event

pytestmark = pytest.mark.django_db

BODY = json.dumps(make_event()).encode()


def deliver_from(address: str, **headers: str) -> Any:
    return post(BODY, sign(BODY) | headers, client=Client(REMOTE_ADDR=address))


def told(response: Any) -> tuple[int, str | None]:
    return response.status_code, response.json().get("code")


RECEIVED = (200, None)
REFUSED = (403, "source_not_allowed")


@pytest.mark.parametrize(
    ("allowed", "client", "expected"),
    [
        ("", "198.51.100.1", RECEIVED),
        (" , ", "198.51.100.1", RECEIVED),
        ("", "", RECEIVED),
        ("198.51.100.1", "198.51.100.1", RECEIVED),
        ("198.51.100.1", "198.51.100.2", REFUSED),
        ("198.51.100.1", "", REFUSED),
        ("198.51.100.1", "nonsense", REFUSED),
        ("192.0.2.7, 198.51.100.0/24", "198.51.100.255", RECEIVED),
        ("192.0.2.7, 198.51.100.0/24", "198.51.101.0", REFUSED),
        ("198.51.100.0/24", "::ffff:198.51.100.9", RECEIVED),
        ("::ffff:198.51.100.0/120", "198.51.100.9", RECEIVED),
        ("::ffff:198.51.100.0/120", "198.51.101.9", REFUSED),
        ("::ffff:0:0/96", "198.51.100.9", RECEIVED),
        ("::ffff:0:0/96", "2001:db8::1", REFUSED),
        ("2001:db8::/32", "2001:db8:1::9", RECEIVED),
        ("2001:db8::/32", "2001:db9::9", REFUSED),
        ("2001:db8::/32", "198.51.100.1", REFUSED),
        ("0.0.0.0/0", "2001:db8::1", REFUSED),
        ("stripe", "3.18.12.63", RECEIVED),
        ("Stripe, 10.0.0.0/8", "10.1.2.3", RECEIVED),
        ("stripe", "3.18.12.64", REFUSED),
        ("telegram", "149.154.167.220", RECEIVED),
    ],
)
def test_only_allowed_networks_may_deliver(
    settings: Settings, allowed: str, client: str, expected: tuple[int, str | None]
) -> None:
    settings.ALLOWED_WEBHOOK_IPS = allowed

    assert told(deliver_from(client)) == expected


@pytest.mark.parametrize(
    ("allowed", "user_agent", "expected"),
    [
        ("", "anything", RECEIVED),
        ("Stripe/", "Stripe/1.0 (+https://stripe.com/docs/webhooks)", RECEIVED),
        ("Stripe/", "curl/8.0 Stripe/1.0", REFUSED),
        ("Stripe/", "", REFUSED),
        ("Other/, Stripe/1", "Stripe/1.0", RECEIVED),
    ],
)
def test_user_agents_are_matched_by_prefix(
    settings: Settings, allowed: str, user_agent: str, expected: tuple[int, str | None]
) -> None:
    settings.ALLOWED_WEBHOOK_USER_AGENTS = allowed

    assert told(deliver_from("198.51.100.1", **{"User-Agent": user_agent})) == expected


def test_an_endpoints_own_rule_overrides_the_general_one(settings: Settings) -> None:
    settings.ALLOWED_WEBHOOK_IPS = "192.0.2.1"
    settings.ALLOWED_WEBHOOK_USER_AGENTS = "Stripe/"
    stripe = settings.WEBHOOK_ENDPOINTS["stripe"]
    settings.WEBHOOK_ENDPOINTS = {
        "stripe": stripe,
        "near": stripe | {"allowed_ips": "127.0.0.1", "allowed_user_agents": "Near/"},
        "open": stripe | {"allowed_ips": "", "allowed_user_agents": ""},
    }

    def answers(address: str, user_agent: str) -> list[int]:
        headers = sign(BODY) | {"User-Agent": user_agent}
        client = Client(REMOTE_ADDR=address)
        slugs = ("stripe", "near", "open")
        return [
            post(BODY, headers, f"/webhooks/{slug}", client=client).status_code for slug in slugs
        ]

    assert answers("127.0.0.1", "Near/2") == [403, 200, 200]
    assert answers("192.0.2.1", "Stripe/1.0") == [200, 403, 200]


@pytest.mark.parametrize(
    ("media_type", "expected"),
    [
        ("application/json", RECEIVED),
        ("application/json; charset=utf-8", RECEIVED),
        ("Application/JSON;charset=UTF-8", RECEIVED),
        ("application/cloudevents+json", RECEIVED),
        ("", RECEIVED),
        ("application/x-www-form-urlencoded", RECEIVED),  # as curl and urllib say of anything
        ("multipart/form-data; boundary=x", (415, "unsupported_media_type")),
        ("text/plain", (415, "unsupported_media_type")),
        ("application/xml; application/json", (415, "unsupported_media_type")),
    ],
)
def test_other_content_types_are_refused(media_type: str, expected: tuple[int, str | None]) -> None:
    response = Client().generic(
        "POST", "/webhooks/stripe", BODY, content_type=media_type, headers=sign(BODY)
    )

    assert told(response) == expected


def test_the_cheapest_guard_comes_first(settings: Settings) -> None:
    settings.WEBHOOK_MAX_BODY_BYTES = 10
    settings.ALLOWED_WEBHOOK_IPS = "192.0.2.1"

    def answer(**extra: str) -> tuple[int, str | None]:
        client = Client(REMOTE_ADDR=extra.pop("REMOTE_ADDR", "127.0.0.1"))
        body = b"{}" if extra.pop("short", "") else BODY
        kind = extra.pop("kind", "text/plain")
        return told(client.generic("POST", "/webhooks/stripe", body, content_type=kind))

    assert answer() == (413, "payload_too_large")
    assert answer(short="yes") == REFUSED
    assert answer(short="yes", REMOTE_ADDR="192.0.2.1") == (415, "unsupported_media_type")
    answers = answer(short="yes", REMOTE_ADDR="192.0.2.1", kind="application/json")
    assert answers == (400, "missing_signature")
    assert set(Refusal.objects.values_list("sha256", flat=True)) == {""}


@pytest.mark.parametrize("length", ["9" * 5000, "1048577"])
def test_a_content_length_over_the_limit_is_refused_unread(length: str) -> None:
    response = Client().generic("POST", "/webhooks/stripe", BODY, CONTENT_LENGTH=length)

    assert told(response) == (413, "payload_too_large")


@pytest.mark.parametrize("length", ["", "+1", "-1", "1.5", "\u00b2", "many"])
def test_a_content_length_that_is_no_number_counts_as_none(length: str) -> None:
    response = Client().generic("POST", "/webhooks/stripe", BODY, CONTENT_LENGTH=length)

    assert told(response) == (415, "unsupported_media_type")


@pytest.mark.parametrize(
    ("proxies", "forwarded", "peer", "expected"),
    [
        # Nobody in front: whatever the header says is the client's own.
        (0, "192.0.2.1", "198.51.100.1", "198.51.100.1"),
        (0, None, "::ffff:198.51.100.1", "198.51.100.1"),
        (0, None, "2001:0DB8:0::1", "2001:db8::1"),
        (0, None, "198.51.100.1:4711", "198.51.100.1"),
        (0, None, "", ""),
        (0, None, "unix:", ""),
        # What the proxies wrote, counted from the right.
        (1, "198.51.100.1", "10.0.0.1", "198.51.100.1"),
        (1, "6.6.6.6, 198.51.100.1", "10.0.0.1", "198.51.100.1"),
        (1, "6.6.6.6,198.51.100.1", "", "198.51.100.1"),
        (1, "6.6.6.6, 7.7.7.7, 198.51.100.1", "10.0.0.1", "198.51.100.1"),
        (2, "6.6.6.6, 198.51.100.1, 10.0.0.2", "10.0.0.1", "198.51.100.1"),
        (2, "198.51.100.1, 10.0.0.2", "10.0.0.1", "198.51.100.1"),
        (1, "6.6.6.6,198.51.100.1:55001", "10.0.0.1", "198.51.100.1"),
        (1, "[2001:db8::1]:443", "10.0.0.1", "2001:db8::1"),
        (1, "2001:db8::1", "10.0.0.1", "2001:db8::1"),
        (1, "fe80::1%eth0", "10.0.0.1", "fe80::1"),
        (1, "::ffff:198.51.100.1", "10.0.0.1", "198.51.100.1"),
        # It did not come the way it should: never what the client may have written.
        (2, "6.6.6.6", "10.0.0.1", "10.0.0.1"),
        (1, None, "10.0.0.1", "10.0.0.1"),
        (1, "", "10.0.0.1", "10.0.0.1"),
        (1, "6.6.6.6,", "10.0.0.1", "10.0.0.1"),
        (1, "6.6.6.6, unknown", "10.0.0.1", "10.0.0.1"),
        (1, "6.6.6.6, 198.51.100.1.", "10.0.0.1", "10.0.0.1"),
        (1, "6.6.6.6," + "1" * 5000, "10.0.0.1", "10.0.0.1"),
        (3, "6.6.6.6, 7.7.7.7", "", ""),
    ],
)
def test_the_client_address_is_counted_from_the_last_trusted_proxy(
    settings: Settings, proxies: int, forwarded: str | None, peer: str, expected: str
) -> None:
    settings.TRUSTED_PROXY_COUNT = proxies
    headers = {} if forwarded is None else {"X-Forwarded-For": forwarded}
    post(BODY, headers, client=Client(REMOTE_ADDR=peer))

    assert Refusal.objects.get().client == expected


@pytest.mark.parametrize(
    ("client", "counted_as"),
    [
        ("198.51.100.1", "198.51.100.1"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2::", "2001:db8:1:2::/64"),
        ("", ""),
    ],
)
def test_the_addresses_of_one_ipv6_network_are_one_client(client: str, counted_as: str) -> None:
    assert client_address.household(client) == counted_as
