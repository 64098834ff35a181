"""A Stripe on this machine, for the tests of every app."""

from collections.abc import Iterator
from math import inf

import pytest
from django.db import connection
from pytest_django import DjangoDbBlocker, Settings

from tests.fake_stripe import World, serve
from tests.fake_stripe.server import Served
from webhooks.guards.circuit_breaker import Breaker
from webhooks.intake import refusals


@pytest.fixture(autouse=True)
def strangers(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody has been refused before."""
    refusals.forget()
    if "live_server" in request.fixturenames:
        # Its threads share SQLite's one connection with the test, and would put refusals on record
        # when it has its answer already.
        breaker = Breaker()
        breaker.trip(inf)
        monkeypatch.setattr(refusals, "_breaker", breaker)


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> None:
    """The test database, which can be emptied after a test: its audit trail is unlocked."""
    if connection.vendor != "postgresql":
        return
    with django_db_blocker.unblock():
        with connection.cursor() as cursor:
            name = connection.ops.quote_name(connection.settings_dict["NAME"])
            cursor.execute(f"ALTER DATABASE {name} SET webhooks.audit_trail = 'unlocked'")
        connection.close()


@pytest.fixture
def world() -> World:
    """What Stripe knows at first."""
    return World(0)


@pytest.fixture
def stripe(world: World, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Iterator[Served]:
    """A Stripe to ask, with the key to an account there, in test mode.

    It is asked again at once where it would be later.
    """
    monkeypatch.setattr("stripe.HTTPClient.INITIAL_DELAY", 0)
    with serve(world) as served:
        settings.STRIPE_API_KEY = "sk_test_known_to_all"
        settings.STRIPE_API_BASE = served.url
        settings.STRIPE_FETCH_PER_SECOND = 100_000
        yield served
