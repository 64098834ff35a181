"""The fixtures that tests of every app share are those of the kit that adopters get."""

import pytest
from django.conf import settings

pytest_plugins = ["webhooks.testing.plugin"]


def pytest_configure() -> None:
    """Hash passwords quickly: the cost of a hash is what no test is about."""
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]


@pytest.fixture(autouse=True)
def unprobed() -> None:
    """Let each test begin as a process that no probe has asked yet."""
    from payments_project.readiness import readiness

    readiness.reset()
