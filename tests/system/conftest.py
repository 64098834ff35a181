"""The project behind nginx, for a test."""

import pytest

from tests.processes import Environment
from tests.system.nginx import HOST


@pytest.fixture
def deployed(environment: Environment) -> Environment:
    """Return the environment of a deployment behind nginx, as the documents have it."""
    return environment | {
        # Probes and Prometheus ask granian by its address.
        "ALLOWED_HOSTS": f"{HOST},127.0.0.1",
        "DJANGO_SETTINGS_MODULE": "tests.system.settings",
        # Nobody reads what its processes say, and a pipe that is full would hold them up.
        "LOG_LEVEL": "WARNING",
        "SECURE_SSL_REDIRECT": "true",
        "TRUSTED_PROXY_COUNT": "1",
    }
