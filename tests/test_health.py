"""What probes are told."""

import pytest
from django.db import connection
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.recorder import MigrationRecorder
from django.test import Client
from pytest_django import Settings

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
def test_a_missing_cache_and_a_missing_broker_are_named(client: Client, settings: Settings) -> None:
    nobody = f"redis://127.0.0.1:{free_port()}/0"
    settings.CACHES = {"default": {"BACKEND": "django_redis.cache.RedisCache", "LOCATION": nobody}}
    settings.CELERY_BROKER_URL = nobody
    response = client.get("/readyz")

    assert response.status_code == 503
    assert response.json()["parts"]["cache"] == "failing"


@pytest.mark.parametrize("path", ["/webhooks/stripe", "/healthz", "/readyz", "/metrics"])
@pytest.mark.django_db
def test_what_machines_call_is_never_redirected(
    client: Client, settings: Settings, path: str
) -> None:
    settings.SECURE_SSL_REDIRECT = True

    assert client.post(path, b"{}", content_type="application/json").status_code < 500
    assert client.get(path).status_code not in (301, 302)
    assert client.get("/admin/").status_code == 301
