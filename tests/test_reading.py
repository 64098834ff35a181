"""Variables as the settings get them: nothing expanded, nothing empty or misread by accident."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from django.conf import settings

pytestmark = pytest.mark.one_database

SECRETS = ("STRIPE_WEBHOOK_SECRET", "STRIPE_API_KEY", "AUDIT_KEY", "METRICS_TOKEN", "SECRET_KEY")
TOLD = (*SECRETS, "SECRET_KEY_FALLBACKS", "REDIS_URL", "CELERY_BROKER_URL", "DATABASES", "CACHES")
TELL = f"""
import json
from django.conf import settings
print(json.dumps({{name: getattr(settings, name) for name in {TOLD}}}, default=str))
"""


def settings_with(**changes: str | None) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "DJANGO_SETTINGS_MODULE": "payments_project.settings", **changes}
    return subprocess.run(
        [sys.executable, "-c", TELL],
        cwd=settings.BASE_DIR,
        env={name: value for name, value in environment.items() if value is not None},
        capture_output=True,
        text=True,
        check=False,
    )


ODD = {
    **{name: f"$tr0ng-${{HOME}}$$-{name}" for name in SECRETS},
    "SECRET_KEY_FALLBACKS": "$HOME,${HOME}",
    "REDIS_URL": "redis://:$HOME@127.0.0.1:9/0",
    "CELERY_BROKER_URL": "redis://:$HOME@127.0.0.1:9/1",
    "DATABASE_URL": "postgres://$USER:$HOME$$@127.0.0.1:9/name",
}


def assert_taken_as_written(done: subprocess.CompletedProcess[str]) -> None:
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    written = {name: text for name, text in ODD.items() if name in found}
    assert {name: found[name] for name in written} == {
        **written,
        "SECRET_KEY_FALLBACKS": ["$HOME", "${HOME}"],
    }
    assert found["DATABASES"]["default"]["USER"] == "$USER"
    assert found["DATABASES"]["default"]["PASSWORD"] == "$HOME$$"
    assert found["CACHES"]["default"]["LOCATION"] == ODD["REDIS_URL"]


def test_a_dollar_sign_stands_for_itself() -> None:
    assert_taken_as_written(settings_with(**ODD))


def test_a_dollar_sign_stands_for_itself_in_a_file_too(tmp_path: Path) -> None:
    file = tmp_path / ".env"
    file.write_text("# odd\n\n" + "".join(f"{name}={text}\n" for name, text in ODD.items()))

    unset = dict.fromkeys(ODD)
    assert_taken_as_written(settings_with(**{**unset, "ENV_FILE": str(file)}))


@pytest.mark.parametrize("empty", ["", "  "])
@pytest.mark.parametrize("name", SECRETS)
def test_a_secret_that_is_set_and_empty_is_an_error(name: str, empty: str) -> None:
    done = settings_with(**{name: empty})

    assert done.returncode != 0
    last = done.stderr.splitlines()[-1]
    assert f"{name} is set, and empty." in last
    assert f"Set {name} to its value" in last


def test_a_secret_may_be_left_out_where_there_is_something_to_leave() -> None:
    done = settings_with(STRIPE_API_KEY=None, METRICS_TOKEN=None)

    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["METRICS_TOKEN"] == ""


@pytest.mark.parametrize(
    ("name", "text", "fix"),
    [
        ("SECURE_SSL_REDIRECT", "ture", "Write true or false."),
        ("SECURE_SSL_REDIRECT", "", "Write true or false."),
        ("TRUSTED_PROXY_COUNT", "one", "Write digits."),
    ],
)
def test_a_slip_in_a_switch_or_a_number_is_an_error(name: str, text: str, fix: str) -> None:
    done = settings_with(**{name: text})

    assert done.returncode != 0
    assert f"{name} is {text!r}" in done.stderr
    assert fix in done.stderr


def test_a_line_that_sets_nothing_is_an_error_and_is_not_told(tmp_path: Path) -> None:
    file = tmp_path / ".env"
    file.write_text("METRICS_TOKEN = known-to-all\n")

    done = settings_with(ENV_FILE=str(file))

    assert done.returncode != 0
    assert f"{file}, line 1: this sets nothing." in done.stderr
    assert "known-to-all" not in done.stderr


def test_a_file_that_was_named_must_be_there(tmp_path: Path) -> None:
    done = settings_with(ENV_FILE=str(tmp_path / "missing"))

    assert done.returncode != 0
    assert "where there is no file" in done.stderr
