"""Start and stop every server that the measurements need."""

import os
import secrets
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg

from benchmarks import hosts
from benchmarks.contenders import TABLES, Host
from webhooks.testing import servers

REQUIREMENTS = Path(__file__).with_name("requirements-djstripe.txt")
PYTHON = Path(sys.executable)
UNREACHED = str(10**9)  # as a rate limit: none, in effect
OURS = {
    Host.RECORDING: {"WEBHOOK_PROCESSING": "loop"},
    Host.RECORDING_WITH_REDIS: {"WEBHOOK_PROCESSING": "loop"},
    Host.PROCESSING: {"WEBHOOK_PROCESSING": "request", "WEBHOOK_RATE_LIMIT": UNREACHED},
    Host.DEFERRED: {"WEBHOOK_PROCESSING": "celery"},
    Host.UNTUNED: {"WEBHOOK_PROCESSING": "loop", "UNTUNED": "true"},
}
DJSTRIPE = {Host.DJSTRIPE: {"UNTUNED": "true"}, Host.DJSTRIPE_TUNED: {"UNTUNED": "false"}}
KEPT = hosts.ROOT / "data" / "benchmarks"


@dataclass(frozen=True, slots=True)
class Stage:
    """The running servers, by host: their ports and their databases.

    `deferred` is the environment of the workers that process for `Host.DEFERRED`.
    """

    secret: str
    folder: Path
    ports: Mapping[Host, int]
    databases: Mapping[Host, str]
    deferred: Mapping[str, str]

    def clear(self, host: Host) -> None:
        """Empty the host's tables, and make a checkpoint: no run pays for the one before."""
        with psycopg.connect(self.databases[host], autocommit=True) as connection:
            connection.execute(f"TRUNCATE {', '.join(TABLES[host])} CASCADE")
            connection.execute("CHECKPOINT")

    def count(self, host: Host, query: str) -> int:
        """Return the number that a query gives."""
        with psycopg.connect(self.databases[host]) as connection:
            [number] = connection.execute(query).fetchone() or [0]
        return int(number)


@contextmanager
def setting_up() -> Iterator[Stage]:
    """Start PostgreSQL as in production, Redis, and each application under the same server."""
    secret = f"whsec_{secrets.token_urlsafe(24)}"
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="benchmarks-")))
        # The suite's databases leave out fsync, which would flatter everybody here.
        server = stack.enter_context(servers.postgresql(durable=True))
        redis = stack.enter_context(servers.redis())
        databases = {host: _create_database(server, host.name.lower()) for host in Host}
        # One application under two servers, so one database.
        databases[Host.DJSTRIPE_TUNED] = databases[Host.DJSTRIPE]
        ports: dict[Host, int] = {}
        for host, own in OURS.items():
            environment = _environment(secret, databases[host]) | own
            if host is Host.RECORDING_WITH_REDIS:
                environment["REDIS_URL"] = redis
            if host is Host.DEFERRED:
                environment["CELERY_BROKER_URL"] = redis
                deferred = {**os.environ, **environment}
            hosts.run(PYTHON, "manage.py", "migrate", "--run-syncdb", environment=environment)
            options = hosts.granian("payments_project.wsgi:application")
            serving = hosts.serving(PYTHON, options, environment, folder / f"{host.name}.log")
            ports[host] = stack.enter_context(serving)
        python, environment = _djstripe(secret, databases[Host.DJSTRIPE])
        for host, own in DJSTRIPE.items():
            options = hosts.granian("benchmarks.djstripe_project.wsgi:application")
            log = folder / f"{host.name}.log"
            serving = hosts.serving(python, options, environment | own, log)
            ports[host] = stack.enter_context(serving)
        yield Stage(secret, folder, ports, databases, deferred)


def _djstripe(secret: str, database: str) -> tuple[Path, hosts.Environment]:
    python = hosts.python_with(REQUIREMENTS, KEPT / "djstripe")
    environment = {
        "DATABASE_URL": database,
        "DJANGO_SETTINGS_MODULE": "benchmarks.djstripe_project.settings",
        "SECRET_KEY": secrets.token_urlsafe(50),
        "STRIPE_TEST_SECRET_KEY": f"sk_test_{secrets.token_hex(12)}",
        "STRIPE_WEBHOOK_SECRET": secret,
        "UNTUNED": "true",
    }
    hosts.run(python, "-m", "benchmarks.djstripe_project.prepare", environment=environment)
    return python, environment


def _environment(secret: str, database: str) -> hosts.Environment:
    return {
        "ALLOWED_HOSTS": "127.0.0.1",
        "ALLOWED_WEBHOOK_IPS": "",
        "ALLOWED_WEBHOOK_USER_AGENTS": "",
        "AUDIT_KEY": secrets.token_urlsafe(48),
        "CELERY_BROKER_URL": "",
        "DATABASE_URL": database,
        "DEBUG": "false",
        "DJANGO_SETTINGS_MODULE": "benchmarks.settings",
        "ENV_FILE": "",
        "REDIS_URL": "",
        "SECRET_KEY": secrets.token_urlsafe(50),
        "SECURE_SSL_REDIRECT": "true",
        "STRIPE_WEBHOOK_SECRET": secret,
        "TRUSTED_PROXY_COUNT": "1",
        "WEBHOOK_RATE_LIMIT": "100",
    }


def _create_database(server: str, name: str) -> str:
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")
    return server.replace("/postgres?", f"/{name}?")
