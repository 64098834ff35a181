"""The file that an auditor takes away, and the program that verifies it without this project."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from django.conf import settings
from django.core.management import CommandError, call_command
from django.utils import timezone

from webhooks import audit
from webhooks.models import AuditEntry
from webhooks.testing.audit_trail import lay

pytestmark = pytest.mark.django_db


@pytest.fixture
def path(tmp_path: Path) -> Path:
    lay()
    return tmp_path / "audit.jsonl"


def export(path: Path, *options: str) -> None:
    call_command("audit", "export", str(path), "--with-verifier", *options)


def verify(path: Path, *options: str, **environment: str) -> tuple[int, str]:
    done = subprocess.run(
        [sys.executable, "-I", path.parent / "verify_export.py", path, *options],
        env={**os.environ, "AUDIT_KEY": settings.AUDIT_KEY, **environment},
        capture_output=True,
        text=True,
        check=False,
    )
    assert not done.stderr
    return done.returncode, done.stdout


def test_a_written_export_verifies(path: Path) -> None:
    anchor = str(audit.current_anchor())
    export(path)
    assert verify(path, "--anchor", anchor) == (
        0,
        "verified: nothing altered, deleted or inserted\n",
    )
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    assert (lines[-2]["action"], lines[-2]["details"]) == ("audit.exported", {"first": 1})
    assert lines[-1]["entries"] == AuditEntry.objects.count()
    sealed = [line for line in lines if line.get("action") == "audit.sealed"]
    assert all(line["details"]["sealed"]["root"] for line in sealed)


def test_part_of_a_trail_verifies(path: Path) -> None:
    export(path, "--first", "2", "--last", "3")
    assert verify(path)[0] == 0
    assert len(path.read_text().splitlines()) == 4
    assert AuditEntry.objects.latest("sequence").details == {"first": 2, "last": 3}


def _altered(lines: list[bytes]) -> list[bytes]:
    return [lines[0], lines[1].replace(b'"ada"', b'"eve"'), *lines[2:]]


def _cut(lines: list[bytes]) -> list[bytes]:
    return [*lines[:-2], lines[-1]]


def _without_end(lines: list[bytes]) -> list[bytes]:
    return lines[:-1]


def _swapped(lines: list[bytes]) -> list[bytes]:
    return [lines[0], lines[2], lines[1], *lines[3:]]


def _relabelled(lines: list[bytes]) -> list[bytes]:
    header = json.loads(lines[0])
    return [json.dumps({**header, "exported_at": "1999"}).encode() + b"\n", *lines[1:]]


def _nothing(_: list[bytes]) -> list[bytes]:
    return []


def _more(lines: list[bytes]) -> list[bytes]:
    return [*lines, b"{}\n"]


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (_altered, "entry 1: altered"),
        (_cut, "are there"),
        (_without_end, "the end is missing"),
        (_swapped, "where entry 1 should be"),
        (_relabelled, "the file as a whole"),
        (_nothing, "not JSON"),
        (_more, "after the last"),
    ],
)
def test_an_altered_export_is_reported(
    path: Path, change: Callable[[list[bytes]], list[bytes]], why: str
) -> None:
    export(path)
    path.write_bytes(b"".join(change(path.read_bytes().splitlines(keepends=True))))
    status, told = verify(path)
    assert status == 1
    assert why in told
    assert told.endswith("NOT as written\n")


def test_another_key_does_not_verify_it(path: Path) -> None:
    export(path)
    status, told = verify(path, AUDIT_KEY="another")
    assert status == 1
    assert "is not at hand" in told
    assert verify(path, AUDIT_KEY="another", AUDIT_KEY_FALLBACKS=settings.AUDIT_KEY)[0] == 0


def test_a_given_anchor_must_be_in_the_export(path: Path) -> None:
    export(path)
    status, told = verify(path, "--anchor", f"2:{'0' * 64}")
    assert (status, "entry 2: not the one" in told) == (1, True)


def test_unusable_input_is_named(path: Path) -> None:
    export(path)
    with pytest.raises(CommandError, match="can't be written"):
        export(path)
    with pytest.raises(CommandError, match="the entries are 1 to"):
        export(path.with_name("other"), "--first", "99")
    with pytest.raises(ValueError, match="the entries are"):
        audit.export(actor="ada", now=timezone.now(), first=3, last=2)
