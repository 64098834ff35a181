"""The suite's own environment, whatever the developer's `.env` and shell say.

A pytest plugin, because settings are read before any conftest. `SUITE_DATABASE` chooses where
the suite runs: on `sqlite` alone (the default), or on `postgresql` and Redis. These are started
for the run, unless `TEST_DATABASE_URL` and `TEST_REDIS_URL` name servers to use.
"""

import gc
import os
import sys
from collections.abc import Generator
from contextlib import ExitStack
from tempfile import TemporaryDirectory

import pytest

from payments_project.environment import declared
from webhooks.testing import servers

PINNED = {each.name: each.text for each in declared() if each.text or not each.secret} | {
    "API_ANONYMOUS_THROTTLE_RATE": "1000000/min",
    "API_THROTTLE_RATE": "1000000/min",
    "ALLOWED_HOSTS": "*",
    "AUDIT_KEY": "known-to-all-and-good-for-tests-of-the-trail",
    "DATABASE_PATH": ":memory:",
    "ENV_FILE": "",
    "METRICS_DIR": "",
    "SECRET_KEY": "known-to-all-and-good-for-tests-only",
    "SECURE_SSL_REDIRECT": "false",
    "STRIPE_API_BASE": "http://127.0.0.1:9",
    "STRIPE_WEBHOOK_SECRET": "whsec_known_to_all_and_good_for_tests_only",
    "WEBHOOK_RATE_LIMIT": "1000000",
}
"""The variables that the settings read: their defaults, or what suits tests better.

Secrets without a default are not among them: they are unset, as an empty one is an error.
"""

DATABASES = ("sqlite", "postgresql")

ASKING = {"db", "live_server", "transactional_db"}
"""The fixtures that bring a database into the test's own process."""


def pin() -> None:
    """Give every variable that the settings read the value that it has in tests, or none."""
    for variable in declared():
        os.environ.pop(variable.name, None)
    os.environ.update(PINNED)
    # Without bytecode on disk, every process that a test starts compiles the project anew, and
    # pytest rewrites every test anew: a third of a process's start, and of the collection.
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    sys.dont_write_bytecode = False


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_load_initial_conftests(early_config: pytest.Config) -> Generator[None]:
    """Set the environment up before Django's settings are read, and take it down at the end."""
    stack = ExitStack()
    early_config.add_cleanup(stack.close)
    pin()
    os.environ["METRICS_DIR"] = stack.enter_context(TemporaryDirectory(prefix="counts-"))
    if _database() == "postgresql":
        os.environ["DATABASE_URL"] = os.environ.get("TEST_DATABASE_URL") or stack.enter_context(
            servers.postgresql(durable=False)
        )
        os.environ["REDIS_URL"] = os.environ.get("TEST_REDIS_URL") or stack.enter_context(
            servers.redis()
        )
    return (yield)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Skip what needs PostgreSQL where there is none, and there what no database decides.

    Raises `pytest.UsageError` for a test that is marked `one_database` and asks for one.
    """
    on_postgresql = _database() == "postgresql"
    for item in items:
        if item.get_closest_marker("one_database"):
            # pytest-django refuses a database to whoever has not asked: the mark can't be wrong.
            if item.get_closest_marker("django_db") or ASKING & set(_fixtures(item)):
                raise pytest.UsageError(f"{item.nodeid} is marked one_database, and asks for it")
            if on_postgresql:
                item.add_marker(pytest.mark.skip(reason="no database decides it"))
        elif item.get_closest_marker("pages") and on_postgresql:
            item.add_marker(pytest.mark.skip(reason="permissions and templates decide it"))
        elif item.get_closest_marker("postgresql") and not on_postgresql:
            item.add_marker(pytest.mark.skip(reason="needs PostgreSQL"))


def pytest_collection_finish() -> None:
    """Let the garbage collector pass over what is there till the end: it is most of the heap."""
    gc.collect()
    gc.freeze()


def _fixtures(item: pytest.Item) -> list[str]:
    return item.fixturenames if isinstance(item, pytest.Function) else []


def pytest_report_header() -> str:
    """Say where the suite runs."""
    return f"suite database: {_database()}"


def _database() -> str:
    database = os.environ.get("SUITE_DATABASE", "sqlite")
    if database not in DATABASES:
        raise pytest.UsageError(f"SUITE_DATABASE must be one of: {', '.join(DATABASES)}")
    return database
