"""What there is, is in the documents: settings, refusals, metrics, commands, layers, defences."""

import re
import tomllib

import pytest
from django.core.management import get_commands

from payments_project.environment import VARIABLES, declared
from tests.commands import options_of, our_commands
from tests.declared_metrics import declared_metrics
from tests.documents import ROOT, blocks, names_in, read, rows_of, section
from webhooks import exceptions
from webhooks.monitoring.alert_rules import RULES

pytestmark = pytest.mark.one_database

ELSEWHERE = {
    "rejected": "what all refusals have in common",
    "not_authorised": "of /metrics",
    "internal_error": "of the API",
}
"""Codes of refusals that no delivery meets."""


def test_every_variable_is_documented_as_it_is_declared() -> None:
    for heading, variables in VARIABLES.items():
        assert rows_of(section(read("configuration.md"), heading)) == [
            [f"`{each.name}`", each.documented_default, each.meaning] for each in variables
        ]
    assert names_in(read("configuration.md")) == [each.name for each in declared()]


def test_every_refusal_is_documented() -> None:
    codes = {
        (status, code)
        for status, cell, *_ in rows_of(section(read("operations.md"), "Answers to deliveries"))
        for code in re.findall(r"`(\w+)`", cell)
    }
    kinds = [each for each in vars(exceptions).values() if isinstance(each, type)]
    assert codes == {
        (str(kind.status_code), kind.code)
        for kind in kinds
        if issubclass(kind, exceptions.Rejected) and kind.code not in ELSEWHERE
    }


def test_every_metric_is_documented() -> None:
    text = section(read("operations.md"), "Metrics")
    assert sorted(names_in(text)) == sorted(declared_metrics())


def test_every_rule_of_an_alert_is_documented_with_its_terms() -> None:
    documented = [
        [name.strip("`"), title, threshold or "0", cool_down]
        for name, title, _, threshold, cool_down in rows_of(
            section(read("operations.md"), "Alerts")
        )
    ]
    terms = [
        [rule.name, rule.title, f"{rule.terms.threshold:g}", f"{rule.terms.cool_down:g}"]
        for rule in RULES.values()
    ]
    assert sorted(documented) == sorted(terms)


def test_every_command_and_option_is_documented() -> None:
    rows = [row for row in rows_of(read("commands.md")) if not row[0].startswith("`make")]
    documented = {
        command.strip("`"): set(re.findall(r"`([^`]+)`", told)) for command, _, _, told, _ in rows
    }
    assert documented == {name: options_of(parser) for name, parser in our_commands().items()}
    apps = get_commands()
    for command, app, *_ in rows:
        assert app == f"`{apps[command.strip('`').split()[0]]}`", command


def test_every_make_target_is_documented() -> None:
    targets = re.findall(r"^([a-z-]+):.*## ", (ROOT / "Makefile").read_text(), re.MULTILINE)
    documented = re.findall(r"^\| `make ([\w-]+)`", read("commands.md"), re.MULTILINE)
    assert sorted([*documented, "help"]) == sorted(targets)


@pytest.mark.parametrize("app", ["webhooks", "billing"])
def test_layers_are_as_import_linter_has_them(app: str) -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    [layers] = [
        contract["layers"]
        for contract in project["tool"]["importlinter"]["contracts"]
        if contract.get("containers") == [app]
    ]
    text = read("architecture.md").split(f"\nIn {app}:\n")[1]
    assert blocks(text, "layers")[0].splitlines() == layers


@pytest.mark.parametrize("app", ["webhooks", "billing"])
def test_every_package_has_its_purpose(app: str) -> None:
    there = {f"{app}/{path.parent.name}" for path in (ROOT / app).glob("*/__init__.py")}
    text = read("architecture.md").split(f"\n### {app}\n")[1].split("\n##")[0]
    named = {name for row in rows_of(text) for name in re.findall(r"`([\w/]+)`", row[0])}
    assert named == there - {f"{app}/migrations", f"{app}/tests"}


def test_every_defence_has_its_proof() -> None:
    rows = rows_of(section(read("security.md"), "Attackers"))
    assert len(rows) > 110
    assert [row for row in rows if len(row) != 3] == []
    assert [row for row in rows if not re.search(r"\.py::test_|`make ", row[2])] == []
