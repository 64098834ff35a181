"""The `.env` that a developer starts with."""

import re
from pathlib import Path

import pytest

from payments_project.dotenv import example, write_dotenv
from payments_project.environment import BASE_DIR, declared

pytestmark = pytest.mark.one_database


def read(path: Path) -> dict[str, str]:
    return dict(line.split("=", 1) for line in path.read_text().splitlines())


def test_a_new_file_holds_fresh_secrets_readable_by_its_owner_only(tmp_path: Path) -> None:
    first, second = tmp_path / "first", tmp_path / "second"

    assert write_dotenv(first)
    assert write_dotenv(second)

    assert first.stat().st_mode & 0o777 == 0o600
    assert read(first)["DEBUG"] == "true"
    assert read(first)["STRIPE_WEBHOOK_SECRET"].startswith("whsec_")
    assert read(first)["SECRET_KEY"] != read(second)["SECRET_KEY"]
    assert read(first)["STRIPE_WEBHOOK_SECRET"] != read(second)["STRIPE_WEBHOOK_SECRET"]


def test_an_existing_file_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / ".env"
    path.write_text("DEBUG=false\n")

    assert not write_dotenv(path)

    assert path.read_text() == "DEBUG=false\n"


def test_the_example_has_every_variable() -> None:
    """Made by `python -m payments_project.dotenv --example > .env.example`."""
    text = (BASE_DIR / ".env.example").read_text()

    assert text == example()
    names = re.findall(r"^#?([A-Z_]+)=", text, re.MULTILINE)
    assert names == [variable.name for variable in declared() if variable.name != "ENV_FILE"]
    empty = [line for line in text.splitlines() if line.endswith("=") and line[0] != "#"]
    assert empty == ["STRIPE_WEBHOOK_SECRET=", "AUDIT_KEY=", "SECRET_KEY="]
