"""Variables as the settings get them: nothing expanded, nothing empty or misread by accident."""

import json
import os
import traceback
from pathlib import Path
from subprocess import CompletedProcess

import pytest
from django.core.exceptions import ImproperlyConfigured

from payments_project.reading import read
from tests import warm

pytestmark = pytest.mark.one_database

SECRETS = ("STRIPE_WEBHOOK_SECRET", "STRIPE_API_KEY", "AUDIT_KEY", "METRICS_TOKEN", "SECRET_KEY")
TOLD = (*SECRETS, "SECRET_KEY_FALLBACKS", "REDIS_URL", "CELERY_BROKER_URL", "DATABASES", "CACHES")
TELL = f"""
import json
from django.conf import settings
print(json.dumps({{name: getattr(settings, name) for name in {TOLD}}}, default=str))
"""


def settings_with(program: str = TELL, /, **changes: str | None) -> CompletedProcess[str]:
    environment = {**os.environ, "DJANGO_SETTINGS_MODULE": "payments_project.settings", **changes}
    told = {name: value for name, value in environment.items() if value is not None}
    return warm.run(told, "-c", program)


ODD = {
    **{name: f"$tr0ng-${{HOME}}$$-{name}" for name in SECRETS},
    "SECRET_KEY_FALLBACKS": "$HOME,${HOME}",
    "REDIS_URL": "redis://:$HOME@127.0.0.1:9/0",
    "CELERY_BROKER_URL": "redis://:$HOME@127.0.0.1:9/1",
    "DATABASE_URL": "postgres://$USER:$HOME$$@127.0.0.1:9/name",
}


def assert_taken_as_written(done: CompletedProcess[str]) -> None:
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
        ("WEBHOOK_MAX_BODY_BYTES", "1_000", "Write digits."),
        ("WEBHOOK_RATE_LIMIT", "\u0663\u0660\u0660", "Write digits."),
        ("LOG_LEVEL", "loud", "Write DEBUG, INFO, WARNING or ERROR."),
    ],
)
def test_a_slip_in_a_switch_a_number_or_a_level_is_an_error(name: str, text: str, fix: str) -> None:
    done = settings_with(**{name: text})

    assert done.returncode != 0
    assert f"ImproperlyConfigured: {name} is no " in done.stderr
    assert fix in done.stderr


@pytest.mark.parametrize(
    "name",
    [
        *("SECURE_SSL_REDIRECT", "STRIPE_TOLERANCE_SECONDS", "LOG_LEVEL", "WEBHOOK_PROCESSING"),
        *("STRIPE_FETCH", "STAFF_SECOND_FACTOR", "API_THROTTLE_RATE", "ALLOWED_WEBHOOK_IPS"),
    ],
)
def test_a_secret_in_anothers_place_is_not_told(name: str) -> None:
    done = settings_with("import payments_project.wsgi", **{name: "whsec_in_anothers_place"})

    assert done.returncode != 0
    assert name in done.stderr.split("ImproperlyConfigured:")[-1]
    assert "whsec_in_anothers_place" not in done.stderr


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


@pytest.mark.parametrize(
    ("name", "address", "problem"),
    [
        ("REDIS_URL", "redis://:MARKED/x@127.0.0.1:9/0", "can't be read"),
        ("REDIS_URL", "redis://:MARKED#x@127.0.0.1:9/0", "/ as %2F, # as %23"),
        ("REDIS_URL", "redis://:MARKED[x@127.0.0.1:9/0", "can't be read"),
        ("REDIS_URL", "redis://MARKED:1?x@127.0.0.1:9/0", "can't be read"),
        ("REDIS_URL", "redis://127.0.0.1:MARKED/0", "can't be read"),
        ("REDIS_URL", "redis://127.0.0.1:9/0?MARKED=1", "can't be read"),
        ("REDIS_URL", "redis://127.0.0.1:9/MARKED", "names no number of a database"),
        ("REDIS_URL", "MARKED:6379", "does not begin with redis://"),
        ("REDIS_URL", "'redis://:MARKED@127.0.0.1:9/0'", "stands in quotation marks"),
        ("REDIS_URL", "redis://:MARKED@127.0.0.1:9/0 ", "stands in quotation marks"),
        ("CELERY_BROKER_URL", "redis://:MARKED/x@127.0.0.1:9/0", "can't be read"),
        ("CELERY_BROKER_URL", "redis://h/0;redis://:MARKED/x@h:9/0", "can't be read"),
        ("CELERY_BROKER_URL", "redis://127.0.0.1:9/MARKED", "names no number of a database"),
        ("CELERY_BROKER_URL", "rediss+x://:MARKED@127.0.0.1:9/0", "does not begin with redis://"),
        ("CELERY_BROKER_URL", '"redis://:MARKED@127.0.0.1:9/0"', "stands in quotation marks"),
        ("DATABASE_URL", "postgres://u:MARKED/x@127.0.0.1/n", "can't be read"),
        ("DATABASE_URL", "postgres://u:1/MARKED@127.0.0.1/n", "can't be read"),
        ("DATABASE_URL", "postgres://u:MARKED#x@127.0.0.1/n", "can't be read"),
        ("DATABASE_URL", "postgres://u@127.0.0.1:MARKED/n", "can't be read"),
        ("DATABASE_URL", "http://u:MARKED@127.0.0.1/n", "does not begin with postgres://"),
        ("DATABASE_URL", "postgres://u:MARKED@127.0.0.1", "names no database"),
        ("DATABASE_URL", "'postgres://u:MARKED@127.0.0.1/n'", "stands in quotation marks"),
    ],
)
def test_an_address_that_cannot_be_read_is_an_error_and_is_not_told(
    monkeypatch: pytest.MonkeyPatch, name: str, address: str, problem: str
) -> None:
    monkeypatch.setenv(name, address)

    with pytest.raises(ImproperlyConfigured, match=f"^{name} ") as told:
        read(name)
    assert problem in str(told.value)
    assert "MARKED" not in "".join(traceback.format_exception(told.value))


def test_none_starts_with_an_address_that_cannot_be_read() -> None:
    for name in ("REDIS_URL", "CELERY_BROKER_URL", "DATABASE_URL"):
        done = settings_with(**{name: "redis://:MARKED/x@127.0.0.1:9/0"})

        assert done.returncode != 0
        assert f"ImproperlyConfigured: {name} " in done.stderr
        assert "MARKED" not in done.stderr


@pytest.mark.parametrize(
    ("name", "address"),
    [
        ("REDIS_URL", "rediss://user:p%2F%23%3F@host.example:6380/1?ssl_cert_reqs=required"),
        ("REDIS_URL", "unix:///run/redis.sock?db=1"),
        ("REDIS_URL", "redis://[::1]:6379"),
        ("CELERY_BROKER_URL", "memory://"),
        ("CELERY_BROKER_URL", "amqp://user:p%2F@host.example:5672/virtual/host"),
        ("CELERY_BROKER_URL", "sentinel://one.example:26379;sentinel://two.example:26379"),
        ("DATABASE_URL", "postgresql://user:p%2F%23@one.example:5432,two.example/name"),
        ("DATABASE_URL", "postgres://postgres@/postgres?host=/run/postgresql"),
        ("DATABASE_URL", "postgres:///?service=payments"),
        ("DATABASE_URL", ""),
    ],
)
def test_addresses_of_every_form_are_taken(
    monkeypatch: pytest.MonkeyPatch, name: str, address: str
) -> None:
    monkeypatch.setenv(name, address)

    assert read(name) == address
