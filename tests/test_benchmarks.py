"""The benchmark, as far as it goes without a load generator."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from django.conf import settings

pytestmark = pytest.mark.one_database


def test_a_missing_load_generator_is_named_with_its_package(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks"],
        cwd=settings.BASE_DIR,
        env=os.environ | {"PATH": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 1
    assert "apt install wrk" in done.stderr
