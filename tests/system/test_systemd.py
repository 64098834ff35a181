"""The units, as systemd reads them: it knows all that they say, and leaves little open to them."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.deploy_files import INSTALLED, SYSTEMD
from tests.system.programs import found

TENTHS_OF_EXPOSURE = 15
"""Of a hundred: what systemd calls "OK" is below 50, and a unit that says nothing has 96."""


@pytest.fixture
def installed(tmp_path: Path) -> list[str]:
    """Return the units' paths, as they are where the programs of this environment are installed."""
    folder = tmp_path / "units"
    shutil.copytree(SYSTEMD, folder)
    paths = [path for path in folder.iterdir() if path.is_file()]
    for path in paths:
        here = f"{Path(sys.executable).parent}/"
        path.write_text(path.read_text().replace(INSTALLED, here))
    return [str(path) for path in paths]


def analyze(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Run systemd's own tool."""
    return subprocess.run(
        [found("systemd-analyze"), "--no-pager", *arguments],
        capture_output=True,
        text=True,
        check=False,
    )


def test_systemd_finds_nothing_wrong(installed: list[str]) -> None:
    told = analyze("verify", "--man=no", *installed)
    # It complains of the machine's own units too.
    assert [line for line in told.stderr.splitlines() if "payments" in line] == []


def test_units_have_no_more_rights_than_they_need(installed: list[str]) -> None:
    services = [path for path in installed if path.endswith(".service")]
    for service in services:
        threshold = f"--threshold={TENTHS_OF_EXPOSURE}"
        told = analyze("security", "--offline=yes", threshold, service)
        assert told.returncode == 0, told.stdout + told.stderr
