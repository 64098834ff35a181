"""What is installed is pinned: what requirements*.in name is in requirements*.txt, with hashes."""

import re
from dataclasses import dataclass
from pathlib import Path

import pytest
from django.conf import settings
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

pytestmark = pytest.mark.one_database

ROOT = Path(settings.BASE_DIR)
FIX = "run `make lock`"
KINDS = [
    "requirements",
    "requirements-tracing",
    "requirements-dev",
    "benchmarks/requirements-djstripe",
]


@dataclass(frozen=True, slots=True)
class Pin:
    version: str
    hashes: int
    named_by: frozenset[str]


def named(kind: str) -> list[Requirement]:
    """Return what a `.in` file names itself."""
    lines = [re.sub(r"(^|\s+)#.*", "", line) for line in read(f"{kind}.in").splitlines()]
    return [Requirement(line) for line in lines if line.strip() and not line.startswith("-")]


def pinned(kind: str) -> dict[str, Pin]:
    """Return what a `.txt` file pins, by name."""
    entries = re.split(r"^(?=[a-z0-9])", read(f"{kind}.txt"), flags=re.MULTILINE)[1:]
    found: dict[str, Pin] = {}
    for entry in entries:
        name, version = re.match(r"([\w.-]+)==([^\s;]+)", entry).groups()  # type: ignore[union-attr]
        sources = frozenset(re.findall(r"-r (\S+)", entry))
        found[canonicalize_name(name)] = Pin(version, entry.count("--hash=sha256:"), sources)
    return found


def read(name: str) -> str:
    return (ROOT / name).read_text()


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_named_is_pinned_and_what_is_pinned_is_named(kind: str) -> None:
    pins = pinned(kind)
    requirements = {canonicalize_name(each.name): each for each in named(kind)}

    for name, requirement in requirements.items():
        assert name in pins, f"{kind}.txt does not have {name}: {FIX}"
        assert requirement.specifier.contains(pins[name].version), f"{name} differs: {FIX}"
    gone = {name for name, pin in pins.items() if f"{kind}.in" in pin.named_by} - set(requirements)
    assert not gone, f"{kind}.in does not name {gone} any more: {FIX}"


@pytest.mark.parametrize("kind", KINDS)
def test_every_package_has_hashes_and_no_line_names_an_index(kind: str) -> None:
    assert [name for name, pin in pinned(kind).items() if not pin.hashes] == []
    assert not re.search(r"https?://|--index|--find-links|file:", read(f"{kind}.txt"))


def test_development_runs_on_what_production_runs_on() -> None:
    production, development = pinned("requirements"), pinned("requirements-dev")

    differing = {
        name
        for name, pin in production.items()
        if name not in development or development[name].version != pin.version
    }
    assert not differing, FIX


def test_whoever_installs_demands_the_hashes() -> None:
    # The benchmark makes an environment of its own.
    files = [ROOT / "Makefile", *(ROOT / "benchmarks").glob("*.py")]
    lines = [line for file in files for line in file.read_text().splitlines()]
    installs = [line for line in lines if re.search(r'\bpip"?,? "?install', line)]

    assert len(installs) == 2
    assert all("--require-hashes" in line for line in installs)


@pytest.mark.parametrize("kind", KINDS)
def test_make_lock_makes_it(kind: str) -> None:
    assert f"$(LOCK) --output-file {kind}.txt {kind}.in\n" in read("Makefile")
