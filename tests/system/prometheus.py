"""A real Prometheus with the files that the project ships, adapted by addresses and intervals."""

import json
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlencode
from urllib.request import urlopen

from tests.monitoring_files import PROMETHEUS
from tests.system.programs import found
from webhooks.testing.server_process import folder_for, kept, wait
from webhooks.testing.servers import free_port


class Prometheus:
    """A running Prometheus."""

    def __init__(self, address: str) -> None:
        self.address = address

    def ask(self, query: str) -> list[Any]:
        """Return the series that a query finds."""
        result: list[Any] = self.get("query", query=query)["result"]
        return result

    def get(self, path: str, **parameters: str) -> Any:
        """Return what its API has at a path."""
        url = f"{self.address}/api/v1/{path}?{urlencode(parameters)}"
        with urlopen(url) as answer:  # noqa: S310
            return json.load(answer)["data"]


@contextmanager
def prometheus(target: str, token: str) -> Iterator[Prometheus]:
    """Run Prometheus, which scrapes a server, a host and a port, each second."""
    with folder_for("prometheus") as folder:
        configure(folder, target, token)
        port = free_port()
        options = [f"--config.file={folder}/prometheus.yml", f"--storage.tsdb.path={folder}/data"]
        options += [f"--web.listen-address=127.0.0.1:{port}", "--log.level=warn"]
        with kept([found("prometheus"), *options], folder) as keeper:
            assert keeper.stdout
            # The keeper tells the process id, which nobody needs here.
            keeper.stdout.readline()
            address = f"http://127.0.0.1:{port}"
            wait(lambda: urlopen(f"{address}/-/ready").close(), OSError, folder)  # noqa: S310
            yield Prometheus(address)


def configure(folder: Path, target: str, token: str) -> None:
    """Write what is shipped, adapted, into a folder."""
    moved = {
        "[127.0.0.1:8000]": f"[{target}]",
        "/etc/prometheus/payments-metrics-token": f"{folder}/token",
        "scrape_interval: 15s": "scrape_interval: 1s",
        "evaluation_interval: 15s": "evaluation_interval: 1s",
    }
    configuration = (PROMETHEUS / "prometheus.yml").read_text()
    for shipped, ours in moved.items():
        assert configuration.count(shipped) == 1, shipped
        configuration = configuration.replace(shipped, ours)
    (folder / "prometheus.yml").write_text(configuration)
    (folder / "token").write_text(f"{token}\n")
    shutil.copy(PROMETHEUS / "rules.yml", folder)


def promtool(*arguments: str, given: bytes = b"") -> str:
    """Run Prometheus' own tool, and return its output; fails where it finds fault."""
    checked = subprocess.run(
        [found("promtool"), *arguments], input=given, capture_output=True, check=False
    )
    assert checked.returncode == 0, checked.stdout + checked.stderr
    return checked.stdout.decode()
