"""The deployment, started once for all of these tests, and mended between them."""

import os
from collections.abc import Iterator
from contextlib import ExitStack

import psycopg
import pytest

from tests.faults import points
from tests.faults.system import System, refunds
from tests.processes import answers, manage
from webhooks.testing.servers import free_port, postgresql_server, redis_server

# Nothing in it is unique, so whatever happens twice is there twice.
EFFECTS = "CREATE TABLE faults_effect (event_id text NOT NULL)"

TWICE = "SELECT event_id FROM faults_effect GROUP BY event_id HAVING count(*) > 1"


@pytest.fixture(scope="package")
def deployment(tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    """Everything there is, of which the servers have been started."""
    folder = tmp_path_factory.mktemp("faults")
    with ExitStack() as stack:
        postgresql = stack.enter_context(postgresql_server(durable=True))
        redis = stack.enter_context(redis_server())
        environment = {
            **os.environ,
            "CELERY_BROKER_URL": redis.url,
            "DATABASE_URL": postgresql.url,
            "DJANGO_SETTINGS_MODULE": "tests.faults.settings",
            "PYTHONUNBUFFERED": "1",
            "REDIS_URL": redis.url,
            "WEBHOOK_PROCESSING": "celery",
            points.FOLDER: str(folder),
        }
        manage(environment, "migrate")
        with psycopg.connect(postgresql.url) as connection:
            connection.execute(EFFECTS)
        system = System(environment, postgresql, redis, free_port(), folder)
        for program in system.programs:
            stack.callback(program.kill)
        yield system


@pytest.fixture
def system(deployment: System) -> Iterator[System]:
    """The deployment, with everything up and at work; in the end nothing may be there twice."""
    for program in deployment.programs:
        if not program.is_running:
            program.start()
    deployment.wait_until(lambda: answers(deployment.port))
    deployment.check([deployment.insist(event) for event in refunds(1)])
    yield deployment
    assert deployment.query(TWICE) == []
