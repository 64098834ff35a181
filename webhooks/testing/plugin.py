"""Fixtures for pytest: `pytest_plugins = ["webhooks.testing.plugin"]`, or `-p` on its command line.

This is the only module of the kit that needs pytest and pytest-django.
"""

import time
from collections.abc import Callable, Generator, Iterator
from math import inf

import pytest
from django.db import connection
from pytest_django import Settings

from webhooks.guards.circuit_breaker import Breaker
from webhooks.signals import Handler, event_received, on
from webhooks.testing.fake_stripe import Served, World, serve

Subscribe = Callable[..., None]

API_KEY = "sk_test_known_to_all"


@pytest.fixture
def world() -> World:
    """Return an empty Stripe account's world, whose clock stands at the test's beginning.

    Its ids are the same in every run. Override it for another past.
    """
    return World(0, now=int(time.time()))


@pytest.fixture
def stripe(world: World, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Iterator[Served]:
    """Serve a fake Stripe on loopback, in test mode, which takes our calls.

    It delivers the events of what happens in `stripe.account` to where `stripe.deliver_to` says.
    """
    # The client would wait half a second and more before each of its retries.
    monkeypatch.setattr("stripe.HTTPClient.INITIAL_DELAY", 0)
    with serve(world) as served:
        settings.STRIPE_API_KEY = API_KEY
        settings.STRIPE_API_BASE = served.url
        # Our own limit counts per process, so one test would use up what the next may ask.
        settings.STRIPE_FETCH_PER_SECOND = 100_000
        yield served


@pytest.fixture
def subscribe() -> Iterator[Subscribe]:
    """Return a function that subscribes a handler to patterns of event types, for one test.

    `subscribe(handler, "invoice.*")`; without a pattern, to `test.*`.
    """
    names: list[str] = []

    def subscribe(handler: Handler, *patterns: str, provider: str = "stripe") -> None:
        on(provider, *(patterns or ("test.*",)))(handler)
        names.append(f"{handler.__module__}.{handler.__qualname__}")

    yield subscribe
    for name in names:
        # By name, as `on` has connected it: handlers are told apart by their names.
        event_received.disconnect(dispatch_uid=name)


@pytest.fixture(autouse=True)
def no_refusals_yet(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Begin every test as a process that has refused nobody, and was never seen at work."""
    # Imported here: models can't be imported yet when the plugin is loaded by `-p`.
    from webhooks.intake import refusals
    from webhooks.monitoring import heartbeats

    refusals.reset()
    heartbeats.reset()
    if "live_server" in request.fixturenames:
        # Its threads share SQLite's one connection with the test, and would put refusals on record
        # when it has its answer already.
        breaker = Breaker()
        breaker.trip(inf)
        monkeypatch.setattr(refusals, "_breaker", breaker)


@pytest.hookimpl(wrapper=True)
def pytest_fixture_setup(
    fixturedef: pytest.FixtureDef[object], request: pytest.FixtureRequest
) -> Generator[None, object, object]:
    """Unlock the audit trail of the test database once it is there.

    PostgreSQL refuses to empty the trail's tables, and Django empties all of them after a test
    with `transaction=True`. A hook, since a fixture of the same name would replace
    pytest-django's, or be replaced by it, depending on how this plugin was loaded.
    """
    result = yield
    if fixturedef.argname == "django_db_setup" and connection.vendor == "postgresql":
        with request.getfixturevalue("django_db_blocker").unblock():
            with connection.cursor() as cursor:
                name = connection.ops.quote_name(connection.settings_dict["NAME"])
                cursor.execute(f"ALTER DATABASE {name} SET webhooks.audit_trail = 'unlocked'")
            # The setting holds for connections made from now on.
            connection.close()
    return result
