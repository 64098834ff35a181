"""What the shipped files for Prometheus and Grafana ask for."""

import json
import re
from typing import Any, Final

import yaml

from tests.documents import ROOT

Json = dict[str, Any]

PROMETHEUS: Final = ROOT / "deploy" / "prometheus"
DASHBOARD: Final = ROOT / "deploy" / "grafana" / "dashboard.json"

_BETWEEN: Final = re.compile(r"\b(?:and|or|unless)\b|[<>]=?|[!=]=")
_NUMBER: Final = re.compile(r"[\d.]+")


def alerts() -> dict[str, Json]:
    """Return the alerting rules by their names."""
    [group] = yaml.safe_load((PROMETHEUS / "rules.yml").read_text())["groups"]
    return {rule["alert"]: rule for rule in group["rules"]}


def cases() -> list[Json]:
    """Return the cases that the rules are tested by."""
    tests: list[Json] = yaml.safe_load((PROMETHEUS / "rules_test.yml").read_text())["tests"]
    return tests


def panels() -> list[Json]:
    """Return the dashboard's panels, without the titles of its rows."""
    found: list[Json] = json.loads(DASHBOARD.read_text())["panels"]
    return [panel for panel in found if panel["type"] != "row"]


def compared(expression: str) -> list[str]:
    """Return what a rule's expression compares and joins, without the numbers that it says."""
    parts = (part.strip() for part in _BETWEEN.split(expression))
    return [part for part in parts if not _NUMBER.fullmatch(part)]


def queries_of(panel: Json) -> list[str]:
    """Return what a panel asks."""
    return [target["expr"] for target in panel["targets"]]
