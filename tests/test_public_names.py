"""Names that others go by are kept: those in public_names.json, and no others."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from django.conf import settings

from tests.public_names import KINDS, SWITCHED_ON, Names

pytestmark = pytest.mark.one_database

PINNED = Path(__file__).with_name("public_names.json")


@pytest.fixture(scope="module")
def current() -> Names:
    """Return the names that the code has now, of a project with every optional task on."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.public_names"],
        cwd=settings.BASE_DIR,
        env={
            **os.environ,
            # One database of its own, in memory: names don't depend on what keeps the rows.
            "DATABASE_URL": "",
            "DATABASE_PATH": ":memory:",
            "REDIS_URL": "",
            "DJANGO_SETTINGS_MODULE": "payments_project.settings",
            **SWITCHED_ON,
        },
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    names: Names = json.loads(done.stdout)
    return names


@pytest.mark.parametrize("kind", KINDS)
def test_public_names_are_kept(kind: str, current: Names) -> None:
    kept, found = set(_pinned()[kind]), set(current[kind])
    problems = []

    if missing := sorted(kept - found):
        problems.append(
            f"{kind} that are gone or have another name: {', '.join(missing)}. Others go by them: "
            "give them back. Where one has to change, say so in CHANGELOG.md, and change it in "
            "tests/public_names.json too."
        )
    if added := sorted(found - kept):
        problems.append(
            f"{kind} that are new: {', '.join(added)}. Once others go by a name it stays: add it "
            "to tests/public_names.json if it is as it shall remain."
        )

    assert not problems, "\n".join(problems)


def test_the_file_has_every_kind_in_order() -> None:
    pinned = _pinned()

    assert list(pinned) == list(KINDS)
    assert pinned == {kind: sorted(set(names)) for kind, names in pinned.items()}
    assert [kind for kind, names in pinned.items() if not names] == []


def _pinned() -> Names:
    names: Names = json.loads(PINNED.read_text())
    return names
