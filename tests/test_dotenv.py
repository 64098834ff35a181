"""The `.env` that a developer starts with."""

from pathlib import Path

import pytest

from payments_project.dotenv import write_dotenv

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
