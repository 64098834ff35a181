"""The suite must not depend on the machine it runs on."""

import re
from pathlib import Path

import pytest
from django.conf import settings
from django.db import connection

from tests.environment import PINNED


def test_every_variable_that_settings_read_is_pinned() -> None:
    source = Path(settings.BASE_DIR, "payments_project", "settings.py").read_text()

    assert set(re.findall(r'env(?:\.\w+)?\(\s*"(\w+)"', source)) <= PINNED.keys()


@pytest.mark.postgresql
@pytest.mark.django_db
def test_the_postgresql_suite_runs_on_postgresql_and_redis() -> None:
    assert connection.vendor == "postgresql"
    assert settings.REDIS_URL
