"""When lines of the log are written, by real processes."""

import os

import pytest

from tests import warm
from tests.processes import process

pytestmark = pytest.mark.one_database

BEGIN = """
import logging, os, sys
import django
django.setup()
logger = logging.getLogger("webhooks.trial")
"""
ENVIRONMENT = {
    **os.environ,
    "DJANGO_SETTINGS_MODULE": "payments_project.settings",
    "LOG_LEVEL": "INFO",
    "LOG_FORMAT": "text",
}


def said(script: str) -> list[str]:
    """Run a script to its end; what its lines say."""
    done = warm.run(ENVIRONMENT, "-c", BEGIN + script)
    return [
        line.rpartition(" ")[2] for line in done.stderr.splitlines() if "webhooks.trial" in line
    ]


def test_what_waits_is_written_when_a_process_ends() -> None:
    assert said("logger.info('one'); logger.info('two')") == ["one", "two"]


def test_what_went_wrong_is_written_at_once_after_all_before_it() -> None:
    assert said("logger.info('one'); logger.warning('two'); os._exit(0)") == ["one", "two"]


def test_a_fork_says_what_is_its_own_once() -> None:
    script = """
logger.info('before')
if os.fork() == 0:
    logger.info('child')
    sys.exit()
os.wait()
logger.info('parent')
"""
    assert sorted(said(script)) == ["before", "child", "parent"]


def test_a_line_is_written_soon_while_the_process_goes_on() -> None:
    script = "logger.info('soon'); import threading; threading.Event().wait(60)"
    with process(ENVIRONMENT, "-c", BEGIN + script) as started:
        assert started.stdout.readline().rstrip().endswith("soon")
        assert started.poll() is None


def test_many_lines_are_all_written_in_order() -> None:
    script = "[logger.info('n%s', number) for number in range(2500)]"
    assert said(script) == [f"n{number}" for number in range(2500)]
