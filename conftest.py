"""The fixtures that tests of every app share are those of the kit that adopters get."""

import pytest
from django.conf import settings

pytest_plugins = ["webhooks.testing.plugin"]


def pytest_configure() -> None:
    """Hash passwords and empty tables quickly: the cost of either is what no test is about."""
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    # Imported here: it needs models, and Django is not set up before.
    from django.test import TransactionTestCase

    from tests.emptied_tables import delete_rows

    TransactionTestCase._fixture_teardown = delete_rows  # type: ignore[attr-defined]


@pytest.fixture(autouse=True)
def unprobed() -> None:
    """Let each test begin as a process that no probe has asked yet."""
    from payments_project.readiness import readiness

    readiness.reset()


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say it at the end, in quiet runs too, where nothing of Stripe's own was at hand."""
    from webhooks.testing import recordings

    for line in recordings.missing():
        terminalreporter.write_line(line, yellow=True, bold=True)
