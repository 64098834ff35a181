"""The suite must not depend on the machine it runs on."""

import re
from pathlib import Path

import pytest
from django.conf import settings
from django.db import connection

from payments_project.environment import declared

PROJECT = "payments_project/settings/*.py"


def test_no_variable_is_read_but_those_that_are_declared() -> None:
    # A variable that is read past the declarations would have no documentation, and no default
    # in the suite's environment.
    source = "".join(path.read_text() for path in Path(settings.BASE_DIR).glob(PROJECT))

    assert not re.findall(r"\benv\.(?:str|int|bool|list|url)\(|os\.environ\[|getenv", source)
    assert set(re.findall(r'\bread\("(\w+)"', source)) == {each.name for each in declared()}


@pytest.mark.postgresql
@pytest.mark.django_db
def test_the_postgresql_suite_runs_on_postgresql_and_redis() -> None:
    assert connection.vendor == "postgresql"
    assert settings.REDIS_URL
