"""What the documents say is there, is there, and what is there is in the documents."""

import ast
import re
from pathlib import Path

import pytest
from django.conf import settings
from django.core.management import find_commands

from tests.environment import PINNED
from webhooks import exceptions

ROOT = Path(settings.BASE_DIR)
DOCUMENTS = [ROOT / "README.md", *sorted(ROOT.glob("docs/*.md"))]
README, OPERATIONS, SECURITY = (
    (ROOT / name).read_text() for name in ("README.md", "docs/operations.md", "docs/security.md")
)
PROOFS = sorted(set(re.findall(r"`([\w/]+\.py)::(\w+)`", SECURITY)))
ELSEWHERE = {
    "rejected": "what all refusals have in common",
    "not_authorised": "of /metrics",
    "internal_error": "of the API",
}
"""Codes of refusals that no delivery meets."""


def section(document: str, title: str) -> str:
    return document.split(f"\n## {title}\n")[1].split("\n## ")[0]


def table(text: str) -> list[list[str]]:
    """The rows of the tables in a text, without their heads."""
    lines = text.splitlines()
    return [
        [cell.strip() for cell in line.strip("|").split(" | ")]
        for line, following in zip(lines, [*lines[1:], ""], strict=True)
        if line.startswith("| ") and not following.startswith("|---")
    ]


def named(text: str) -> list[str]:
    """What the tables in a text name in their first cells."""
    return [name for row in table(text) for name in re.findall(r"`(\w+)", row[0])]


def read_by_settings() -> set[str]:
    tree = ast.parse((ROOT / "payments_project" / "settings.py").read_text())
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call) and node.args]
    return {
        str(ast.literal_eval(call.args[0]))
        for call in calls
        if ast.unparse(call.func).partition(".")[0] == "env"
        and isinstance(call.args[0], ast.Constant)
    }


@pytest.mark.parametrize(("file", "name"), PROOFS)
def test_every_proof_of_security_is_a_test(file: str, name: str) -> None:
    tree = ast.parse((ROOT / file).read_text())
    functions = {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}
    assert name.startswith("test_")
    assert name in functions


def test_every_threat_has_its_proof() -> None:
    rows = [row for row in table(section(SECURITY, "Threats")) if not row[0].startswith("*")]
    without = [row[0] for row in rows if len(row) != 3 or not re.search("::test_|make", row[2])]
    assert len(rows) > 100
    assert without == []


def test_every_variable_is_in_the_readme() -> None:
    variables = named(section(README, "Configuration"))
    assert len(variables) == len(set(variables))
    assert set(variables) == read_by_settings() == PINNED.keys()


def test_every_command_is_in_the_readme() -> None:
    there = {
        name: ROOT / app / "management" / "commands" / f"{name}.py"
        for app in ("webhooks", "billing")
        for name in find_commands(str(ROOT / app / "management"))
    }
    rows = table(section(README, "Commands"))
    assert sorted(named(section(README, "Commands"))) == sorted(there)
    for name, does in rows:
        options = re.findall(r"--[a-z-]+", does)
        source = there[name.strip("`")].read_text()
        assert [option for option in options if f'"{option}"' not in source] == [], name


def test_every_refusal_is_in_the_readme() -> None:
    codes = {
        (str(status), code)
        for status, cell, *_ in table(section(README, "Receiving"))
        for code in re.findall(r"`(\w+)`", cell)
    }
    kinds = [each for each in vars(exceptions).values() if isinstance(each, type)]
    assert codes == {
        (str(kind.status_code), kind.code)
        for kind in kinds
        if issubclass(kind, exceptions.Rejected) and kind.code not in ELSEWHERE
    }


def test_every_metric_is_in_the_documents() -> None:
    sources = [(ROOT / "webhooks" / name).read_text() for name in ("metrics.py", "gauges.py")]
    there = re.findall(r'"((?:webhooks|billing|idempotent)_\w+)"', "".join(sources))
    text = section(OPERATIONS, "Metrics")
    assert sorted(named(text)) == sorted(there)
    alerts = text.split("```yaml")[1]
    asked = re.findall(r"\b(?:webhooks|billing|idempotent)_\w+", alerts)
    assert {name.removesuffix("_count") for name in asked} <= set(there)


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_every_link_leads_somewhere(document: Path) -> None:
    for link in re.findall(r"\]\((?!https?:)([^)]+)\)", document.read_text()):
        name, _, anchor = link.partition("#")
        target = document.parent / name if name else document
        assert target.exists(), link
        if anchor:
            titles = re.findall(r"^#+ (.+)$", target.read_text(), re.MULTILINE)
            assert anchor in {re.sub(r"[^\w -]", "", t).lower().replace(" ", "-") for t in titles}
