"""What runs by time runs alike, whether cron, systemd or Kubernetes begins it."""

from datetime import time

import pytest

from tests.deploy_files import SYSTEMD, manifests, unit, units
from tests.documents import blocks, read, section

pytestmark = pytest.mark.one_database


def test_timers_do_what_the_documented_crontab_does() -> None:
    crontab = blocks(section(read("operations.md"), "What must run"), "")[0]
    documented = {}
    for line in crontab.splitlines():
        minute, hour, _, _, _, script = line.split(maxsplit=5)
        lines = script.replace("--anchor … ", "").replace("manage.py ", "").split(" && ")
        documented[tuple(lines)] = when(minute, hour)
    timed = {}
    for path in SYSTEMD.glob("*.timer"):
        service = units()[path.stem]
        lines = [line.partition(" manage.py ")[2] for line in service["ExecStart"]]
        timed[tuple(lines)] = unit(path)["OnCalendar"][0]

    assert timed == documented


def when(minute: str, hour: str) -> str:
    """Return a time of a crontab as systemd writes it."""
    if hour == "*":
        return f"*:{minute.replace('*/', '0/')}"
    return f"*-*-* {time(int(hour), int(minute)).isoformat()} UTC"


def test_cron_jobs_are_begun_when_timers_are() -> None:
    for manifest in manifests().values():
        if manifest["kind"] == "CronJob" and "schedule" in manifest["spec"]:
            timer = unit(SYSTEMD / f"{manifest['metadata']['name']}.timer")
            minute, hour, *_ = manifest["spec"]["schedule"].split()
            assert timer["OnCalendar"] == [when(minute, hour)]
