"""One notion of a client at every door: deliveries, the API, and logging in."""

from collections.abc import Callable
from typing import Any, Final

import pytest
from django.contrib.auth.models import User
from django.core.cache import cache
from django.test import Client
from pytest_django import Settings

from webhooks.guards import rate_limit
from webhooks.guards.rate_limit_storage import MOST_CLIENTS
from webhooks.testing.api_client import bearer, caller
from webhooks.testing.client import post

pytestmark = pytest.mark.django_db

LIMIT: Final = 3
PROXY: Final = "10.0.0.1"
EVENTS: Final = "/api/v1/events"

ONE_CLIENT: Final = {
    "an IPv4 address": ["203.0.113.7"] * (LIMIT + 1),
    "an IPv4 address in all forms": [
        *("203.0.113.7", "203.0.113.7:5678", "::ffff:203.0.113.7", "[::ffff:203.0.113.7]:443"),
    ],
    "ports": [f"203.0.113.7:{port}" for port in range(1000, 1000 + LIMIT + 1)],
    "an IPv6 network of 64 bits": [f"2001:db8:1:2::{number}" for number in range(1, LIMIT + 2)],
    "an IPv6 network in all forms": [
        *("2001:db8:1:2::1", "[2001:db8:1:2::2]:443", "[2001:DB8:1:2::3]", "2001:db8:1:2::4%eth0"),
    ],
    "what is no address": ["unknown", "_hidden", "1.2.3", "z" * 500],
}


def deliver(forwarded: str) -> int:
    client = Client(REMOTE_ADDR=PROXY)
    status: int = post(b"{}", {"X-Forwarded-For": forwarded}, client=client).status_code
    return status


def call(forwarded: str) -> int:
    client = bearer("pay_guess")
    status: int = client.get(
        EVENTS, REMOTE_ADDR=PROXY, headers={"X-Forwarded-For": forwarded}
    ).status_code
    return status


def log_in(forwarded: str) -> int:
    client: Any = Client(REMOTE_ADDR=PROXY, headers={"X-Forwarded-For": forwarded})
    status: int = client.post(
        "/admin/login/", {"username": "anna", "password": "wrong"}
    ).status_code
    return status


DOORS: Final[dict[str, Callable[[str], int]]] = {
    "receiving": deliver,
    "the API": call,
    "logging in": log_in,
}


@pytest.fixture(autouse=True)
def _limits(settings: Settings) -> None:
    settings.TRUSTED_PROXY_COUNT = 1
    settings.WEBHOOK_RATE_LIMIT = LIMIT
    settings.API_ANONYMOUS_THROTTLE_RATE = f"{LIMIT}/min"
    # The failure that reaches it is told so already.
    settings.AXES_FAILURE_LIMIT = LIMIT + 1
    User.objects.create_superuser("anna", password="correct horse battery")
    # With Redis, what other tests counted is still there.
    cache.clear()


@pytest.mark.parametrize("door", DOORS)
@pytest.mark.parametrize("addresses", ONE_CLIENT)
def test_one_client_is_counted_once_however_its_address_is_written(
    door: str, addresses: str
) -> None:
    enter = DOORS[door]

    answers = [enter(address) for address in ONE_CLIENT[addresses]]

    assert 429 not in answers[:-1]
    assert answers[-1] == 429
    # And nobody else is.
    assert enter("203.0.113.8") != 429
    assert enter("2001:db8:1:3::1") != 429


def test_a_list_of_networks_asks_for_the_whole_address(settings: Settings) -> None:
    settings.ALLOWED_WEBHOOK_IPS = "2001:db8:1:2::1"

    assert deliver("[2001:db8:1:2::1]:443") == 400
    assert deliver("2001:db8:1:2::2") == 403


@pytest.mark.parametrize("strangers", [400, 12_000])
def test_strangers_push_no_token_out_of_memory(strangers: int, settings: Settings) -> None:
    settings.API_THROTTLE_RATE = "2/hour"
    client = caller("view_webhookevent")
    assert [client.get(EVENTS).status_code for _ in range(2)] == [200, 200]

    if strangers > MOST_CLIENTS:
        # As many as that would take minutes by requests.
        for number in range(strangers):
            rate_limit.strangers.spend(f"client {number}", LIMIT, seconds=60)
            rate_limit.refusals.spend(f"client {number}", LIMIT, seconds=60)
    else:
        for number in range(strangers):
            assert call(f"198.51.{number // 250}.{number % 250}") == 401

    assert client.get(EVENTS).status_code == 429
