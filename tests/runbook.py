"""The runbook, and somebody who pastes what it tells to type."""

import fnmatch
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Sequence
from contextlib import closing, nullcontext, suppress
from dataclasses import dataclass
from io import StringIO
from pathlib import Path
from string import Template
from typing import Final
from urllib.parse import urlsplit

from celery.bin.celery import celery
from django.conf import settings
from django.core.management import CommandError, call_command
from django.db import connection
from django.test import Client

from tests.documents import FENCED, ROOT, blocks, read, section

RUNBOOK: Final = read("runbook.md")
TITLES: Final = re.findall(r"^## (.+)$", FENCED.sub("", RUNBOOK), re.MULTILINE)

ASSIGNMENT: Final = re.compile(r"([A-Z]+)=(\S+)")
ASKS_A_PERSON: Final = r"\password"
"""What `psql` does on a terminal only."""


def lines_of(title: str) -> list[str]:
    """Return what a section tells to type, in its order."""
    shown = blocks(section(RUNBOOK, title), "sh")
    return [line.strip() for block in shown for line in block.splitlines()]


@dataclass(frozen=True, slots=True)
class Operator:
    """Pastes lines of the runbook, with what they know for the variables in them.

    Commands of the project's, and SQL, run in this process, within the test's transaction.
    `published` is a list of the provider's addresses, in the place of the one on the Internet.
    """

    known: dict[str, str]
    published: Path | None = None

    def follow(self, title: str, *only: str) -> str:
        """Paste what a section tells to type, or the lines that hold one of these texts; return
        what they print."""
        variables: dict[str, str] = {}
        printed = []
        for line in lines_of(title):
            if assigned := ASSIGNMENT.fullmatch(line):
                variables[assigned[1]] = assigned[2]
            elif not only or any(text in line for text in only):
                printed.append(
                    self._paste(Template(line).safe_substitute({**variables, **self.known}))
                )
        return "\n".join(printed)

    def _paste(self, line: str) -> str:
        match shlex.split(line):
            case ["python", "manage.py", "dbshell", "--", "-c", sql]:
                return _query(sql)
            case ["python", "manage.py", *command]:
                return self._manage(command)
            case ["celery", "-A", "payments_project", *arguments]:
                return _read_as_celery(arguments)
            case ["curl", *arguments]:
                return _get(next(each for each in arguments if each.startswith("http")))
            case ["redis-cli", *_]:
                return _in_a_shell(line, REDIS_URL=settings.REDIS_URL) if settings.REDIS_URL else ""
            case ["df" | "du", *_]:
                return _in_a_shell(line, METRICS_DIR=settings.METRICS_DIR)
            case ["systemctl", _, *rest] | ["journalctl", *rest]:
                return _name_units(rest)
            case ["systemd-run" | "export" | "say()", *_]:
                return ""  # here everything is known already
            case _:
                raise LookupError(f"nothing is known of this line: {line}")

    def _manage(self, command: Sequence[str]) -> str:
        if command == ["allowed_sources", "--refresh"]:
            command = [*command, "--url", str(self.published)]
        output = StringIO()
        # It has found what the test has planted.
        with suppress(CommandError) if command[0] == "doctor" else nullcontext():
            call_command(*command, stdout=output, stderr=output)
        return output.getvalue()


def _in_a_shell(text: str, **environment: str) -> str:
    """Run lines by bash, where the programs of this environment are; return what they print."""
    programs = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", text],  # noqa: S607
        cwd=ROOT,
        env={**os.environ, **environment, "PATH": programs},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, f"{text}\n{done.stdout}\n{done.stderr}"
    return done.stdout


def _query(sql: str) -> str:
    # The runbook's SQL is PostgreSQL's.
    if connection.vendor != "postgresql" or sql == ASKS_A_PERSON:
        return ""
    if sql.startswith("VACUUM"):  # which no transaction may hold
        with closing(connection.copy()) as another, another.cursor() as cursor:
            cursor.execute(sql)
        return ""
    with connection.cursor() as cursor:
        cursor.execute(sql)
        return "\n".join(map(str, cursor.fetchall())) if cursor.description else ""


def _get(address: str) -> str:
    answer = Client().get(urlsplit(address).path)
    assert answer.status_code == 200, address
    return answer.content.decode()


def _name_units(arguments: Sequence[str]) -> str:
    """See that each unit that is named is one of ours."""
    ours = {path.name for path in (ROOT / "deploy" / "systemd").iterdir()}
    for name in (each for each in arguments if each.startswith("payments-")):
        # Of a server the port follows in its name; a service may be named without its kind.
        wanted = re.sub(r"@\d+$", "@", name)
        assert fnmatch.filter(ours, wanted) or f"{wanted}.service" in ours, name
    return ""


def _read_as_celery(arguments: Sequence[str]) -> str:
    """Read arguments as celery does. More would take a broker and workers."""
    name, *rest = arguments
    context = celery.make_context("celery", [], resilient_parsing=True)
    command = celery.get_command(context, name)
    assert command, name
    command.make_context(name, rest, parent=context, resilient_parsing=True)
    return ""
