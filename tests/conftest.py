"""A database of their own for the processes that a test starts."""

import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from uuid import uuid4

import psycopg
import pytest
from django.conf import settings
from psycopg.conninfo import conninfo_to_dict

from tests.processes import Environment, manage


@pytest.fixture(scope="session")
def migrated(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Environment]:
    """The suite's environment, with an empty, migrated database to be copied: that is quick."""
    if settings.DATABASE_URL:
        with _database() as environment:
            manage(environment, "migrate")
            yield environment
        return
    path = tmp_path_factory.mktemp("migrated") / "app.db"
    environment = {**os.environ, "DATABASE_PATH": str(path)}
    manage(environment, "migrate")
    yield environment


@pytest.fixture
def environment(tmp_path: Path, migrated: Environment) -> Iterator[Environment]:
    """The suite's environment, with an empty, migrated database that processes can share."""
    if settings.DATABASE_URL:
        with _database(f"TEMPLATE {_name(migrated)}") as environment:
            yield environment
        return
    path = tmp_path / "app.db"
    with (
        closing(sqlite3.connect(migrated["DATABASE_PATH"])) as original,
        closing(sqlite3.connect(path)) as copy,
    ):
        original.backup(copy)
    yield {**os.environ, "DATABASE_PATH": str(path)}


@contextmanager
def _database(options: str = "") -> Iterator[Environment]:
    name = f"test_{uuid4().hex}"
    with psycopg.connect(settings.DATABASE_URL, autocommit=True) as server:
        server.execute(f"CREATE DATABASE {name} {options}")
        try:
            location = settings.DATABASE_URL.replace("/postgres?", f"/{name}?")
            yield {**os.environ, "DATABASE_URL": location}
        finally:
            server.execute(f"DROP DATABASE {name} WITH (FORCE)")


@contextmanager
def database_of_its_own() -> Iterator[str]:
    """An empty PostgreSQL database as Django's settings name one; on SQLite, an empty text."""
    if not settings.DATABASE_URL:
        yield ""
        return
    with _database() as environment:
        parts = conninfo_to_dict(environment["DATABASE_URL"])
        found = {"NAME": parts["dbname"], "USER": parts.get("user"), "HOST": parts.get("host")}
        found |= {"PORT": parts.get("port", ""), "PASSWORD": parts.get("password", "")}
        yield repr({"default": {"ENGINE": "django.db.backends.postgresql", **found}})


def _name(environment: Environment) -> str:
    with psycopg.connect(environment["DATABASE_URL"]) as connection:
        return connection.info.dbname
