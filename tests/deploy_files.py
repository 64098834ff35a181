"""The files in `deploy`, read for what they run and set: units, a Containerfile, YAML."""

import json
import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import yaml

from tests.documents import ROOT

DEPLOY: Final = ROOT / "deploy"
SYSTEMD: Final = DEPLOY / "systemd"
KUBERNETES: Final = DEPLOY / "kubernetes"
NGINX: Final = (DEPLOY / "nginx" / "payments.conf").read_text()
COMPOSE: Final[dict[str, Any]] = yaml.safe_load((DEPLOY / "compose" / "compose.yml").read_text())
IMAGE: Final = (DEPLOY / "container" / "Containerfile").read_text().replace("\\\n", "")
INSTALLED: Final = "/opt/payments/.venv/bin/"

Command = tuple[str, ...]


def unit(path: Path) -> dict[str, list[str]]:
    """Return what a unit, or a part of one, sets: all values of each name."""
    told: dict[str, list[str]] = {}
    for line in path.read_text().replace("\\\n", "").splitlines():
        if match := re.fullmatch(r"(\w+)=(.*)", line):
            told.setdefault(match[1], []).append(match[2])
    return told


def units() -> dict[str, dict[str, list[str]]]:
    """Return every service that is shipped for systemd, by its name."""
    return {path.stem: unit(path) for path in sorted(SYSTEMD.glob("*.service"))}


def image(instruction: str) -> str:
    """Return what an instruction of the image that is run says; the only or the last one."""
    found: str = re.findall(rf"^(?:.* )?{instruction} (.*)$", IMAGE, re.MULTILINE)[-1]
    return found


def manifests() -> dict[str, dict[str, Any]]:
    """Return every manifest for Kubernetes, by its kind and name."""
    return {
        f"{each['kind']} {each.get('metadata', {}).get('name', '')}": each
        for path in sorted(KUBERNETES.glob("*.yaml"))
        for each in yaml.safe_load_all(path.read_text())
    }


def pods() -> dict[str, dict[str, Any]]:
    """Return what each manifest that starts pods says of them."""
    found = {}
    for name, manifest in manifests().items():
        spec = manifest.get("spec", {})
        spec = spec.get("jobTemplate", {}).get("spec", spec)
        if "template" in spec:
            found[name] = spec["template"]["spec"]
    return found


def commands() -> Iterator[tuple[str, Command]]:
    """Yield every command of the project's that is run, and where that is said."""
    for name, told in units().items():
        for line in told["ExecStart"]:
            assert line.startswith(INSTALLED), name
            yield name, tuple(shlex.split(line.removeprefix(INSTALLED).replace("%i", "8000")))
    yield "Containerfile", tuple(json.loads(image("CMD")))
    for name, service in COMPOSE["services"].items():
        if service["image"] == "payments" and "command" in service:
            yield f"compose {name}", tuple(service["command"])
    for name, pod in pods().items():
        for container in pod["containers"]:
            command = container.get("command", [])
            lines = [command] if command[:2] != ["sh", "-c"] else _lines(command[2])
            yield from ((name, tuple(line)) for line in lines if line)


def _lines(script: str) -> list[list[str]]:
    return [shlex.split(line) for line in script.split("&&")]
