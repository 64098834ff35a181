"""The tutorial, from its first command to its last, in a copy of the project."""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from django.conf import settings

from payments_project.environment import declared
from tests.processes import answers, wait_until
from webhooks.testing.servers import free_port

pytestmark = pytest.mark.one_database

ROOT = Path(settings.BASE_DIR)
TUTORIAL = ROOT / "docs" / "tutorial.md"
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```\n", re.DOTALL | re.MULTILINE)
DECLARED = {variable.name for variable in declared()}
NOT_COPIED = (".git", ".venv", ".env", "data", "staticfiles", ".*_cache", ".fuzz")


@dataclass(frozen=True, slots=True)
class Step:
    """A block of the tutorial, and the line above it."""

    caption: str
    language: str
    text: str

    @property
    def file(self) -> str:
        """The file that the caption names, if any."""
        named = re.match(r"`([\w./]+)`(?:, changed)?:$", self.caption)
        return named[1] if named else ""

    @property
    def goes_on(self) -> bool:
        """True where the command is left running."""
        return "leave it running" in self.caption


def steps() -> list[Step]:
    document = TUTORIAL.read_text()
    return [
        Step(document[: block.start()].rstrip().rpartition("\n")[2], *block.groups())
        for block in BLOCK.finditer(document)
    ]


def test_every_step_of_the_tutorial_does_what_it_says(tmp_path: Path) -> None:
    project = copy_project(tmp_path / "project")
    port = free_port()
    output, is_served = "", False
    with running(project) as run:
        for step in steps():
            text = step.text.replace("8000", str(port))
            if step.file:
                write(project / step.file, text, step.language)
            elif step.goes_on:
                run.start(f"PORT={port} {text}")
                wait_until(lambda: "Stop " in run.said(), run.server)
                is_served = answers(port)
            elif step.language == "sh":
                output = run.once(text)
            else:
                assert text in output, step
    assert is_served
    assert output.endswith("passed\n") or " passed in " in output


def test_no_block_of_the_tutorial_is_passed_over() -> None:
    assert 2 * len(steps()) == TUTORIAL.read_text().count("```")
    assert {step.language for step in steps()} == {"diff", "json", "python", "sh", "text"}
    assert all(step.file for step in steps() if step.language in ("diff", "json", "python"))
    assert [step.goes_on for step in steps()].count(True) == 1


def copy_project(to: Path) -> Path:
    """Copy the tree, and lend it this environment, which making another would take minutes."""
    shutil.copytree(ROOT, to, ignore=shutil.ignore_patterns(*NOT_COPIED))
    (to / ".venv").symlink_to(sys.prefix)
    for name in ("requirements.txt", "requirements-dev.txt"):
        os.utime(to / name, (0, 0))
    return to


def write(path: Path, text: str, language: str) -> None:
    """Write a file, or change it as a diff says: its old lines must stand there once."""
    if language == "diff":
        lines = text.splitlines(keepends=True)
        old = "".join(line[1:] for line in lines if line[0] in " -")
        new = "".join(line[1:] for line in lines if line[0] in " +")
        before = path.read_text()
        assert before.count(old) == 1, f"{path.name} has not these lines once:\n{old}"
        text = before.replace(old, new)
    path.write_text(text)


class Terminal:
    """A shell in a project's folder, and a second one in which a server may run."""

    def __init__(self, project: Path) -> None:
        self.project = project
        self.log = project / "server.log"
        self.server: subprocess.Popen[str] | None = None
        bin_folder = str(Path(sys.executable).parent)
        self.environment = {
            **{name: value for name, value in os.environ.items() if name not in DECLARED},
            "PATH": f"{bin_folder}:{os.environ['PATH']}",
            "PYTHONPATH": str(project),
        }

    def once(self, commands: str) -> str:
        """Run commands to their end, and return what they print. A failure is the test's."""
        done = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", commands],  # noqa: S607
            cwd=self.project,
            env=self.environment,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, f"{commands}\n{done.stdout}\n{done.stderr}"
        return done.stdout

    def start(self, command: str) -> None:
        """Run a command until the end of the tutorial."""
        with self.log.open("w") as log:
            self.server = subprocess.Popen(
                ["bash", "-c", f"exec env {command}"],  # noqa: S607
                cwd=self.project,
                env=self.environment,
                stdout=log,
                stderr=subprocess.STDOUT,
                text=True,
            )

    def said(self) -> str:
        """Return what the server has printed so far."""
        return self.log.read_text()


@contextmanager
def running(project: Path) -> Iterator[Terminal]:
    """A terminal whose server is stopped at the end."""
    terminal = Terminal(project)
    try:
        yield terminal
    finally:
        if terminal.server:
            terminal.server.terminate()
            terminal.server.wait(30)
