"""What probes are told."""

import socket
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager, suppress
from urllib.error import HTTPError
from urllib.request import urlopen

import pytest
from django.db import connection
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.recorder import MigrationRecorder
from django.test import Client
from pytest_django import DjangoAssertNumQueries, Settings

from tests.processes import Environment, server, wait_until
from webhooks.testing.servers import free_port


def test_a_process_that_answers_is_alive(client: Client) -> None:
    assert client.get("/healthz").json() == {"status": "alive"}


@pytest.mark.django_db
def test_everything_in_order_is_ready(client: Client) -> None:
    response = client.get("/readyz")

    assert response.status_code == 200
    assert set(response.json()["parts"].values()) == {"ok"}


@pytest.mark.django_db
def test_a_missing_migration_is_named(client: Client) -> None:
    (latest,) = MigrationLoader(connection).graph.leaf_nodes("webhooks")
    MigrationRecorder(connection).record_unapplied(*latest)
    response = client.get("/readyz")

    assert response.status_code == 503
    assert response.json()["parts"]["migrations"] == "failing"


@pytest.mark.django_db
def test_a_missing_cache_and_a_missing_broker_degrade_it(
    client: Client, settings: Settings
) -> None:
    nobody = f"redis://127.0.0.1:{free_port()}/0"
    settings.CACHES = {"default": {"BACKEND": "django_redis.cache.RedisCache", "LOCATION": nobody}}
    settings.CELERY_BROKER_URL = nobody
    response = client.get("/readyz")

    assert response.status_code == 200
    assert response.json()["status"] == "degraded"
    assert response.json()["parts"]["database"] == "ok"
    assert response.json()["parts"]["cache"] == "failing"
    assert response.json()["parts"]["broker"] == "failing"


@pytest.mark.django_db
def test_an_outcome_is_told_again_without_asking(
    client: Client, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    first = client.get("/readyz")
    with django_assert_num_queries(0):
        assert client.get("/readyz").json() == first.json()


@pytest.mark.django_db
def test_parts_are_named_to_holders_of_the_token(client: Client, settings: Settings) -> None:
    settings.METRICS_TOKEN = "secret"

    assert client.get("/readyz").json() == {"status": "ready"}
    named = client.get("/readyz", headers={"Authorization": "Bearer secret"})
    assert set(named.json()["parts"]) == {"database", "migrations", "cache", "broker"}


@contextmanager
def hung_broker() -> Iterator[tuple[str, list[socket.socket]]]:
    """Yield the address of a broker that takes connections and says nothing, and those it took."""
    taken: list[socket.socket] = []
    with closing(socket.create_server(("127.0.0.1", 0), backlog=64)) as listening:

        def take() -> None:
            with suppress(OSError):
                while True:
                    taken.append(listening.accept()[0])

        thread = threading.Thread(target=take)
        thread.start()
        try:
            yield f"redis://127.0.0.1:{listening.getsockname()[1]}/0", taken
        finally:
            # Closing alone would leave the other thread waiting, and the whole suite for it.
            listening.shutdown(socket.SHUT_RDWR)
            thread.join()
    for one in taken:
        one.close()


def status_of(url: str) -> int:
    try:
        with urlopen(url, timeout=20) as response:  # noqa: S310
            return int(response.status)
    except HTTPError as error:
        return error.code


@pytest.mark.one_database
def test_a_hung_broker_is_asked_by_one_probe_of_many(environment: Environment) -> None:
    with hung_broker() as (address, taken), ThreadPoolExecutor(16) as pool:
        # Recorded for a sweep: calling the workers is not what is tried here.
        changes = {"CELERY_BROKER_URL": address, "WEBHOOK_PROCESSING": "loop"}
        with server(environment | changes) as site:
            assert set(pool.map(status_of, [f"{site}/readyz"] * 16)) <= {200, 503}
            assert status_of(f"{site}/readyz") == 200

    # It is asked again once.
    assert 1 <= len(taken) <= 2


@pytest.mark.one_database
def test_a_new_process_is_ready_before_a_hung_broker_is_given_up(environment: Environment) -> None:
    with hung_broker() as (address, taken), ThreadPoolExecutor(1) as pool:
        changes = {"CELERY_BROKER_URL": address, "WEBHOOK_PROCESSING": "loop"}
        with server(environment | changes) as site:
            first = pool.submit(status_of, f"{site}/readyz")
            wait_until(lambda: bool(taken) or first.done())
            assert not first.done()
            assert status_of(f"{site}/readyz") == 200
            assert first.result() == 200


@pytest.mark.parametrize("path", ["/webhooks/stripe", "/healthz", "/readyz", "/metrics"])
@pytest.mark.django_db
def test_what_machines_call_is_never_redirected(
    client: Client, settings: Settings, path: str
) -> None:
    settings.SECURE_SSL_REDIRECT = True

    assert client.post(path, b"{}", content_type="application/json").status_code < 500
    assert client.get(path).status_code not in (301, 302)
    assert client.get("/admin/").status_code == 301
