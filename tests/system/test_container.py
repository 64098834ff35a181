"""The commands of the image and of Compose, where they can write to /tmp and their data alone."""

import json
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest
from django.utils import timezone

from tests.deploy_files import COMPOSE, image
from tests.documents import ROOT
from tests.processes import Environment, answers, query, wait_until
from webhooks.providers import PROVIDERS
from webhooks.testing import sample
from webhooks.testing.sending import send
from webhooks.testing.servers import free_port

# The tree may itself be in /tmp, and the data are: they are opened before they are hidden.
READ_ONLY = """
set -e
exec 3< "$1" 4< "$2"
mount -t tmpfs tmpfs /tmp
mount -t tmpfs tmpfs /var
mkdir -p "$1" /var/lib/payments
mount --no-canonicalize --bind /proc/self/fd/3 "$1"
mount --no-canonicalize --bind /proc/self/fd/4 /var/lib/payments
mount -o remount,bind,ro "$1"
mount -o remount,bind,ro /
cd "$1"
shift 2
! touch ./written 2> /dev/null
exec "$@"
"""


class Container:
    """What a container of Compose would have: its variables and its data, and a tree as it is."""

    def __init__(self, environment: Environment, data: Path) -> None:
        self._data = data
        told = dict(line.split("=", 1) for line in image("ENV").split())
        bin_folder = ROOT / ".venv" / "bin"
        self._environment = {
            **environment,
            **told,
            "PATH": f"{bin_folder}:/usr/sbin:/usr/bin:/sbin:/bin",
            "PYTHONPATH": str(ROOT),
            "DATABASE_URL": "",
            "CELERY_BROKER_URL": environment["REDIS_URL"],
            "WEBHOOK_PROCESSING": "celery",
        }

    def run(self, command: list[str]) -> subprocess.CompletedProcess[str]:
        """Run a command to its end."""
        return subprocess.run(
            self._within(command),
            env=self._environment,
            capture_output=True,
            text=True,
            check=False,
        )

    @contextmanager
    def start(self, command: list[str]) -> Iterator[subprocess.Popen[str]]:
        """Run a command, and see it end well when it is told to."""
        with subprocess.Popen(self._within(command), env=self._environment, text=True) as started:
            try:
                yield started
            finally:
                started.terminate()
            assert started.wait(30) == 0

    def _within(self, command: list[str]) -> list[str]:
        # Whoever is not root here is so within, and may mount.
        alone = ["unshare", "--user", "--map-root-user", "--mount"]
        return [*alone, "sh", "-c", READ_ONLY, "sh", str(ROOT), str(self._data), *command]


def test_the_system_of_compose_runs_from_a_tree_that_it_cannot_change(
    deployed: Environment, tmp_path: Path
) -> None:
    container, port = Container(deployed, tmp_path), free_port()
    tried = container.run(["true"])
    if tried.returncode != 0:
        # In a container that grants no namespaces, nothing can be mounted.
        pytest.skip(f"no tree can be made read-only here: {tried.stderr.strip()}")
    services = COMPOSE["services"]
    serving, checking = (
        json.loads(text.replace("8000", str(port)))
        for text in (image("CMD"), image("HEALTHCHECK").partition("CMD ")[2])
    )
    assert container.run(checking).returncode != 0
    migrated = container.run(services["migrate"]["command"])
    assert migrated.returncode == 0, migrated.stderr
    body = json.dumps(sample("refund.created")).encode()
    secret = deployed["STRIPE_WEBHOOK_SECRET"]
    proof = PROVIDERS["stripe"].sign(body, secret=secret, now=timezone.now())
    stored = {"DATABASE_URL": "", "DATABASE_PATH": str(tmp_path / "app.db")}
    with ExitStack() as stack:
        for command in (serving, services["worker"]["command"], services["beat"]["command"]):
            stack.enter_context(container.start(command))
        wait_until(lambda: answers(port))
        checked = container.run(checking)
        assert checked.returncode == 0, checked.stderr
        assert send(f"http://127.0.0.1:{port}/webhooks/stripe", body, proof).status == 200
        done = "SELECT 1 FROM webhooks_webhookevent WHERE status = 'processed'"
        wait_until(lambda: bool(query(stored, done)))
