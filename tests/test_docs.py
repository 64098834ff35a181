"""The documents are true: what they name exists, and what exists is in them."""

import argparse
import ast
import re
import tomllib
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from pkgutil import resolve_name

import pytest
from django.apps import apps
from django.conf import settings
from django.core.management import find_commands, get_commands, load_command_class
from django.core.management.base import BaseCommand

from tests.environment import PINNED
from webhooks import exceptions

ROOT = Path(settings.BASE_DIR)
README = ROOT / "README.md"
DOCS = ROOT / "docs"
DOCUMENTS = [README, ROOT / "CHANGELOG.md", *sorted(DOCS.glob("*.md"))]
FENCED = re.compile(r"^ *```(\w*)\n(.*?)^ *```$", re.DOTALL | re.MULTILINE)
OUR_APPS = ("webhooks", "billing", "payments_project.staff")
ELSEWHERE = {
    "rejected": "what all refusals have in common",
    "not_authorised": "of /metrics",
    "internal_error": "of the API",
}
"""Codes of refusals that no delivery meets."""

AWAITED = ("configuration", "adopting", "testing")
"""Documents that are being written."""

each_document = pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)


def read(name: str) -> str:
    return (DOCS / name).read_text()


def section(document: str, title: str) -> str:
    return document.split(f"\n## {title}\n")[1].split("\n## ")[0]


def rows_of(text: str) -> list[list[str]]:
    """The rows of the tables in a text, without their heads."""
    lines = text.splitlines()
    return [
        [cell.strip() for cell in re.split(r"(?<!\\)\|", line.strip().strip("|"))]
        for line, following in zip(lines, [*lines[1:], ""], strict=True)
        if re.match(r"\|[^-]", line) and not following.startswith("|---")
    ]


def names_in(text: str) -> list[str]:
    """The names in the first cells of the tables in a text."""
    return [name for row in rows_of(text) for name in re.findall(r"`(\w+)", row[0])]


def blocks(text: str, *languages: str) -> list[str]:
    return [body for language, body in FENCED.findall(text) if language in languages]


def code_in(text: str) -> str:
    """What a text has in code: between backticks, and in blocks of commands or Python."""
    spans = re.findall(r"`([^`\n]+(?:\n[^`\n]+)?)`", FENCED.sub("", text))
    return "\n".join([*spans, *blocks(text, "sh", "python", "")])


# Security


def security_rows() -> list[list[str]]:
    return rows_of(section(read("security.md"), "Attackers"))


@pytest.mark.parametrize(
    ("file", "name"), sorted(set(re.findall(r"`([\w/]+\.py)::(\w+)`", read("security.md"))))
)
def test_every_proof_of_security_is_a_test(file: str, name: str) -> None:
    tree = ast.parse((ROOT / file).read_text())
    functions = {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}
    assert name.startswith("test_")
    assert name in functions


def test_every_defence_has_its_proof() -> None:
    rows = security_rows()
    assert len(rows) > 110
    assert [row for row in rows if len(row) != 3] == []
    assert [row for row in rows if not re.search(r"\.py::test_|`make ", row[2])] == []


# Tables of what there is


def read_by_settings() -> set[str]:
    tree = ast.parse((ROOT / "payments_project" / "settings.py").read_text())
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call) and node.args]
    return {
        str(ast.literal_eval(call.args[0]))
        for call in calls
        if ast.unparse(call.func).partition(".")[0] == "env"
        and isinstance(call.args[0], ast.Constant)
    }


def test_every_variable_is_documented() -> None:
    document = DOCS / "configuration.md"
    variables = names_in(
        document.read_text() if document.exists() else section(README.read_text(), "Configuration")
    )
    assert len(variables) == len(set(variables))
    assert set(variables) == read_by_settings() == PINNED.keys()


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
    sources = (ROOT / "webhooks" / "monitoring").glob("*.py")
    there = set(
        re.findall(
            r'"((?:webhooks|billing|idempotent)_\w+)"',
            "".join(source.read_text() for source in sources),
        )
    )
    text = section(read("operations.md"), "Metrics")
    assert sorted(names_in(text)) == sorted(there)
    [alerts] = blocks(text, "yaml")
    asked = re.findall(r"\b(?:webhooks|billing|idempotent)_\w+", alerts)
    assert {name.removesuffix("_count") for name in asked} <= there


def test_every_alert_has_its_remedy() -> None:
    operations = read("operations.md")
    [alerts] = blocks(section(operations, "Metrics"), "yaml")
    remedies = names_in(section(operations, "When an alert fires"))
    assert sorted(remedies) == sorted(re.findall(r"alert: (\w+)", alerts))


# Commands


def our_commands() -> dict[str, argparse.ArgumentParser]:
    """The parsers of our commands, and of each action of those that have several."""
    there = {name: app for name, app in get_commands().items() if app in OUR_APPS}
    assert there.keys() == {
        name
        for app in OUR_APPS
        for name in find_commands(str(ROOT / app.replace(".", "/") / "management"))
    }
    return {
        command: parser
        for name, app in there.items()
        for command, parser in _parsers(
            name, load_command_class(app, name).create_parser("manage.py", name)
        )
    }


def _parsers(
    name: str, parser: argparse.ArgumentParser
) -> Iterator[tuple[str, argparse.ArgumentParser]]:
    several = [one for one in parser._actions if isinstance(one, argparse._SubParsersAction)]
    if not several:
        yield name, parser
    for one in several:
        for action, own in one.choices.items():
            yield f"{name} {action}", own


def options_of(parser: argparse.ArgumentParser) -> set[str]:
    common = BaseCommand().create_parser("manage.py", "any")
    shared = {option for action in common._actions for option in action.option_strings}
    told = {option for action in parser._actions for option in action.option_strings}
    positional = {
        str(action.metavar or action.dest).upper()
        for action in parser._actions
        if not action.option_strings
    }
    return (told - shared) | {
        name.removesuffix("S") if name.endswith("IDS") else name for name in positional
    }


def test_every_command_and_option_is_documented() -> None:
    rows = [row for row in rows_of(read("commands.md")) if not row[0].startswith("`make")]
    documented = {
        command.strip("`"): set(re.findall(r"`([^`]+)`", told)) for command, _, told, _ in rows
    }
    assert documented == {name: options_of(parser) for name, parser in our_commands().items()}


def test_every_make_target_is_documented() -> None:
    targets = re.findall(r"^([a-z]+):.*## ", (ROOT / "Makefile").read_text(), re.MULTILINE)
    documented = re.findall(r"^\| `make (\w+)`", read("commands.md"), re.MULTILINE)
    assert sorted([*documented, "help"]) == sorted(targets)


@each_document
def test_every_command_that_is_named_exists(document: Path) -> None:
    code = code_in(document.read_text())
    targets = re.findall(r"^\.?([\w.-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE)
    assert set(re.findall(r"\bmake \.?([a-z-]+)\b", code)) <= {*targets, "env"}
    named = set(re.findall(r"manage\.py\s+([a-z_]+)", code))
    assert named - get_commands().keys() == set()


@each_document
def test_every_option_that_is_named_exists(document: Path) -> None:
    code = code_in(document.read_text())
    for name, parser in our_commands().items():
        known = {option for action in parser._actions for option in action.option_strings}
        for line in re.findall(rf"\b{name}\b([^\n;|]*)", code):
            unknown = set(re.findall(r"(?<!\S)--[a-z][a-z-]+", line)) - known
            assert unknown == set(), f"{name}{line}"


def test_what_the_readme_tells_to_run_is_run() -> None:
    runs = {
        "make run": read("tutorial.md"),
        "make stack": (ROOT / "tests" / "test_stack.py").read_text(),
        "make test": (ROOT / ".ci" / "run").read_text(),
        "make lint": (ROOT / ".ci" / "run").read_text(),
    }
    text = README.read_text()
    assert set(re.findall(r"make [a-z]+", code_in(text))) == set(runs)
    assert all(command in text for command, text in runs.items())
    assert all(line.startswith("make ") for line in blocks(text, "sh")[0].splitlines())


# Architecture


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


# Every document


def test_the_readme_is_short() -> None:
    text = README.read_text().partition("\n## Configuration\n")[0]
    assert len(text.split()) <= 900


@cache
def anchors_of(document: Path) -> set[str]:
    titles = re.findall(r"^#+ (.+)$", FENCED.sub("", document.read_text()), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", title).lower().replace(" ", "-") for title in titles}


@each_document
def test_every_link_leads_somewhere(document: Path) -> None:
    for link in re.findall(r"\]\((?!https?:)([^)]+)\)", document.read_text()):
        name, _, anchor = link.partition("#")
        target = (document.parent / name).resolve() if name else document
        if target.stem in AWAITED and not target.exists():
            continue
        assert target.exists(), link
        assert not anchor or anchor in anchors_of(target), link


def test_every_picture_is_shown() -> None:
    shown = {
        Path(link).name
        for document in DOCUMENTS
        for link in re.findall(r"!\[[^\]]+\]\(([^)]+)\)", document.read_text())
    }
    assert shown == {path.name for path in (DOCS / "images").iterdir()}


@each_document
def test_every_file_that_is_named_exists(document: Path) -> None:
    named = re.findall(
        r"(?<![\w/.-])((?:webhooks|billing|payments_project|tests|benchmarks|templates)/[\w./-]*)",
        code_in(document.read_text()),
    )
    assert [name for name in named if not (ROOT / name.rstrip(".")).exists()] == []


def permissions() -> set[str]:
    return {
        f"{model._meta.app_label}.{codename}"
        for model in apps.get_models()
        for codename in [
            *(f"{action}_{model._meta.model_name}" for action in model._meta.default_permissions),
            *(codename for codename, _ in model._meta.permissions),
        ]
    }


def loggers() -> set[str]:
    """The loggers whose names are not those of their modules."""
    sources = [*(ROOT / "webhooks").rglob("*.py"), *(ROOT / "billing").rglob("*.py")]
    return {
        name
        for source in sources
        for name in re.findall(r'getLogger\("([\w.]+)"\)', source.read_text())
    }


def exists(name: str) -> bool:
    """True for a module or what is in one, a permission, a logger, or a model by its label."""
    if name in permissions() | loggers():
        return True
    try:
        resolve_name(name)
    except (ImportError, AttributeError):
        app, _, model = name.partition(".")
        return "." not in model and model.lower() in apps.all_models.get(app, {})
    return True


@each_document
def test_every_module_that_is_named_exists(document: Path) -> None:
    named = re.findall(
        r"(?<![\w/.@-])((?:webhooks|billing|payments_project|tests)(?:\.[A-Za-z_]\w*)+)(?![\w/.]*\.py)",
        code_in(document.read_text()),
    )
    files = re.compile(r"\.(py|md|sh|json|urls)$")
    assert [name for name in set(named) if not files.search(name) and not exists(name)] == []


@each_document
def test_every_block_of_python_compiles(document: Path) -> None:
    for source in blocks(document.read_text(), "python"):
        compile(source, document.name, "exec")


@each_document
def test_no_block_is_without_its_end(document: Path) -> None:
    assert document.read_text().count("```") == 2 * len(FENCED.findall(document.read_text()))
