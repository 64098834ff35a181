"""What the documents name exists: links, files, modules, commands, options, tests."""

import ast
import re
from functools import cache
from pathlib import Path
from pkgutil import resolve_name

import pytest
from django.apps import apps
from django.core.management import get_commands

from tests.commands import our_commands
from tests.documents import DOCS, DOCUMENTS, FENCED, README, ROOT, anchors_of, blocks, code_in, read

pytestmark = pytest.mark.one_database

OTHERS_NAMES = {
    *("X_Forwarded_For", "HttpOnly", "SameSite", "DoesNotExist"),
    *("OTEL_EXPORTER_OTLP_HEADERS", "OTEL_TRACES_SAMPLER"),
}
"""Names of code in the documents that are not this project's."""

each_document = pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)


def test_the_readme_is_short() -> None:
    assert len(README.read_text().split()) <= 900


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


def test_what_the_readme_tells_to_run_without_make_is_what_make_runs() -> None:
    makefile = (ROOT / "Makefile").read_text()
    options = "--quiet --disable-pip-version-check "
    for line in blocks(README.read_text(), "sh")[1].splitlines():
        command = line.replace(".venv/bin/", "$(BIN)/").replace(
            "python -m venv", "$(PYTHON) -m venv"
        )
        command = command.removesuffix(" --require-hashes -r requirements.txt")
        assert command in makefile.replace(options, ""), line


@each_document
def test_every_link_leads_somewhere(document: Path) -> None:
    for link in re.findall(r"\]\((?!https?:)([^)]+)\)", document.read_text()):
        name, _, anchor = link.partition("#")
        target = (document.parent / name).resolve() if name else document
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
        r"(?<![\w/.-])((?:webhooks|billing|payments_project|tests|benchmarks|templates|deploy)"
        r"/[\w./-]*)",
        code_in(document.read_text()),
    )
    assert [name for name in named if not (ROOT / name.rstrip(".")).exists()] == []


def permissions() -> set[str]:
    """Return every permission there is, as `app.codename`."""
    return {
        f"{model._meta.app_label}.{codename}"
        for model in apps.get_models()
        for codename in [
            *(f"{action}_{model._meta.model_name}" for action in model._meta.default_permissions),
            *(codename for codename, _ in model._meta.permissions),
        ]
    }


def names_given() -> set[str]:
    """Return the names in the sources of loggers and system checks."""
    sources = [*(ROOT / "webhooks").rglob("*.py"), *(ROOT / "billing").rglob("*.py")]
    return {
        name
        for source in sources
        for name in re.findall(r'(?:getLogger\(|id=)"([\w.]+)"', source.read_text())
    }


def exists(name: str) -> bool:
    """True for a module or what is in one, a permission, a logger, a check, or a model's label."""
    if name in permissions() | names_given():
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
    # `webhooks.json` would be a file, and files are looked for above.
    files = re.compile(r"\.(py|md|sh|json)$")
    assert [name for name in set(named) if not files.search(name) and not exists(name)] == []


@cache
def words_of_the_tree() -> set[str]:
    """Return every word of the sources and templates, and what commands are called."""
    sources = [
        path.read_text()
        for folder in ("webhooks", "billing", "payments_project", "tests", "templates", "deploy")
        for path in (ROOT / folder).rglob("*")
        if path.suffix in (".py", ".html", ".conf")
    ]
    return set(re.findall(r"\w+", "\n".join(sources))) | get_commands().keys()


@each_document
def test_every_name_of_code_is_in_the_sources(document: Path) -> None:
    """A name that was changed in the sources and not in a document would stand there alone."""
    text = document.read_text()
    own = {word for _, block in FENCED.findall(text) for word in re.findall(r"\w+", block)}
    spans = re.findall(r"`([^`\n]+)`", FENCED.sub("", text))
    words = {word for span in spans for word in re.findall(r"\w+", span)}
    names = {word for word in words if re.match(r"[a-zA-Z]+_\w|[A-Z][a-z]+[A-Z]", word)}
    unknown = names - words_of_the_tree() - own - OTHERS_NAMES
    assert {name for name in unknown if not name.startswith("test_")} == set()


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
        # What stands before our command's name on a line are another program's options.
        known = {option for action in parser._actions for option in action.option_strings}
        for line in re.findall(rf"\b{name}\b([^\n;|]*)", code):
            unknown = set(re.findall(r"(?<!\S)--[a-z][a-z-]+", line)) - known
            assert unknown == set(), f"{name}{line}"


@pytest.mark.parametrize(
    ("file", "name"), sorted(set(re.findall(r"`([\w/]+\.py)::(\w+)`", read("security.md"))))
)
def test_every_proof_of_security_is_a_test(file: str, name: str) -> None:
    # Parsed rather than imported: some tests are skipped, or need a server, where this runs.
    tree = ast.parse((ROOT / file).read_text())
    functions = {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}
    assert name.startswith("test_")
    assert name in functions


@each_document
def test_every_block_of_python_compiles(document: Path) -> None:
    for source in blocks(document.read_text(), "python"):
        compile(source, document.name, "exec")


@each_document
def test_no_block_is_without_its_end(document: Path) -> None:
    assert document.read_text().count("```") == 2 * len(FENCED.findall(document.read_text()))
