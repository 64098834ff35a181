"""Servers and workers do not start with settings that are plainly unsafe."""

import os
from subprocess import CompletedProcess

import pytest
from django.core.checks import run_checks
from pytest_django import Settings

from tests import warm
from tests.processes import Environment

pytestmark = pytest.mark.one_database

ON_THIS_MACHINE = {"DEBUG": "true", "ALLOWED_HOSTS": "localhost,127.0.0.1"}
WEAK = {"SECRET_KEY": "x", "AUDIT_KEY": "secret", "STRIPE_WEBHOOK_SECRET": "whsec_x"}
SERVER = ("-c", "import payments_project.wsgi")
WORKER = ("-m", "celery", "-A", "payments_project", "worker", "--pool", "solo")
BEAT = ("-m", "celery", "-A", "payments_project", "beat", "--pidfile", "")


def run(command: tuple[str, ...], changes: Environment) -> CompletedProcess[str]:
    return warm.run(os.environ | changes, *command)


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"STRIPE_WEBHOOK_SECRET": ","}, "webhooks.E001: STRIPE_WEBHOOK_SECRET is not set"),
        ({"STRIPE_WEBHOOK_SECRET": ""}, "STRIPE_WEBHOOK_SECRET is set, and empty"),
        ({"STRIPE_WEBHOOK_SECRET": "whsec_..."}, "webhooks.E020: STRIPE_WEBHOOK_SECRET holds a"),
        ({"STRIPE_WEBHOOK_SECRET": "sk_live_abc"}, "webhooks.E021: STRIPE_WEBHOOK_SECRET holds a"),
        ({"STRIPE_WEBHOOK_SECRET": "whsec_x"}, "webhooks.W020: A secret in STRIPE_WEBHOOK_SECRET"),
        ({"BILLING_GRACE_DAYS": "-1"}, "billing.E001: BILLING_GRACE_DAYS is -1"),
        ({"STAFF_SECOND_FACTOR": "maybe"}, "webhooks.E040: STAFF_SECOND_FACTOR"),
        ({"SECRET_KEY": "x"}, "payments_project.E002: SECRET_KEY can be guessed"),
        ({"SECRET_KEY": "abc" * 20}, "payments_project.E002: SECRET_KEY can be guessed"),
        ({"SECRET_KEY_FALLBACKS": "x"}, "payments_project.E002: SECRET_KEY_FALLBACKS can be"),
        ({"AUDIT_KEY": "secret"}, "webhooks.W030: A secret in AUDIT_KEY could be"),
        ({"AUDIT_KEY_FALLBACKS": "former"}, "webhooks.W030: A secret in AUDIT_KEY_FALLBACKS could"),
        ({"METRICS_TOKEN": "hello"}, "webhooks.W020: A secret in METRICS_TOKEN could be"),
        ({"METRICS_TOKEN": "${METRICS_TOKEN}"}, "webhooks.E020: METRICS_TOKEN holds a placeholder"),
        ({"STRIPE_TOLERANCE_SECONDS": "99999999"}, "webhooks.E014: STRIPE_TOLERANCE_SECONDS is"),
        ({"STRIPE_API_KEY": "sk_live_51abc"}, "webhooks.W027: STRIPE_API_KEY is no key of test"),
        ({"DEBUG": "true", "ALLOWED_HOSTS": "*"}, "payments_project.E001: DEBUG is on"),
        (
            {**ON_THIS_MACHINE, "TRUSTED_PROXY_COUNT": "1"},
            "payments_project.E003: DEBUG is on, and TRUSTED_PROXY_COUNT is 1",
        ),
        (
            {"DEBUG": "true", "ALLOWED_HOSTS": "localhost,pay.example"},
            "payments_project.E001: DEBUG is on, and ALLOWED_HOSTS has pay.example",
        ),
    ],
)
def test_a_server_with_unsafe_settings_does_not_start(changes: Environment, problem: str) -> None:
    done = run(SERVER, changes)

    assert done.returncode != 0
    assert problem in done.stderr


@pytest.mark.parametrize("command", [SERVER, WORKER, BEAT], ids=["server", "worker", "beat"])
def test_none_starts_and_one_message_names_all_that_is_unsafe(command: tuple[str, ...]) -> None:
    done = run(command, {**WEAK, "CELERY_BROKER_URL": "memory://"})

    assert done.returncode != 0
    _, told = done.stderr.rsplit("This does not start, for its settings are unsafe:", 1)
    for name in WEAK:
        assert len([line for line in told.splitlines() if f"Set {name} to " in line]) == 1


def test_development_on_this_machine_starts_with_any_secrets() -> None:
    done = run(SERVER, {**WEAK, **ON_THIS_MACHINE})

    assert done.returncode == 0, done.stderr


KEY = "known-to-all-and-good-for-tests-only-and-for-nothing-else"


@pytest.mark.parametrize(
    "key",
    [
        *("short", "abc" * 20, "0123456789" * 5, f"django-insecure-{KEY}", f"'{KEY}'", f"{KEY} "),
        *(
            "change-me-" * 6,
            "your-secret-key-here-" * 3,
            "${SECRET_KEY_OF_THE_VAULT_OF_PRODUCTION}",
        ),
        " " * 20 + "abcdefgh" + " " * 20,
    ],
)
@pytest.mark.parametrize("name", ["SECRET_KEY", "SECRET_KEY_FALLBACKS"])
def test_a_key_that_can_be_guessed_is_an_error(settings: Settings, name: str, key: str) -> None:
    assert "payments_project.E002" not in deployment_problems()

    setattr(settings, name, key if name == "SECRET_KEY" else [KEY, key])
    assert "payments_project.E002" in deployment_problems()


def deployment_problems() -> set[str | None]:
    found = run_checks(tags=["payments_project"], include_deployment_checks=True)
    return {problem.id for problem in found}


SAFE = {
    "ALLOWED_HOSTS": "payments.example",
    "METRICS_TOKEN": "known-to-all-and-good-for-tests",
    "SECRET_KEY": "known-to-all-and-good-for-tests-only, and long enough for Django",
    "SECURE_SSL_REDIRECT": "true",
    "STAFF_SECOND_FACTOR": "required",
    "TRUSTED_PROXY_COUNT": "1",
}


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({}, ""),
        ({"ALLOWED_HOSTS": "*"}, "payments_project.W001"),
        ({"METRICS_TOKEN": None}, "payments_project.W002"),
        ({"TRUSTED_PROXY_COUNT": "0"}, "payments_project.W003"),
        ({"STAFF_SECOND_FACTOR": "optional"}, "staff.W001"),
        ({"STRIPE_API_KEY": "rk_live_51abc"}, "webhooks.W027"),
        ({"SECURE_HSTS_INCLUDE_SUBDOMAINS": "false"}, "security.W005"),
        ({"SECURE_HSTS_PRELOAD": "false"}, "security.W021"),
    ],
)
def test_deployment_checks_name_what_is_open(changes: dict[str, str | None], problem: str) -> None:
    environment = {**SAFE, **changes}
    # One looks at all that there is to be checked, libraries' own too: half a second of each.
    tags = ("payments_project", "security", "staff", "webhooks") if changes else ()
    done = run(
        ("-c", CHECK, *tags),
        {name: value for name, value in environment.items() if value is not None},
    )

    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == ([problem] if problem else [])


CHECK = """
import os, sys
os.environ["DJANGO_SETTINGS_MODULE"] = "payments_project.settings"
import django
django.setup()
from django.core.checks import run_checks
found = run_checks(tags=sys.argv[1:] or None, include_deployment_checks=True)
print(*(problem.id for problem in found))
"""


@pytest.mark.parametrize(
    "command", [SERVER, WORKER, BEAT, ("manage.py", "migrate")], ids=["web", "worker", "beat", "x"]
)
def test_what_is_not_set_is_said_without_a_traceback(command: tuple[str, ...]) -> None:
    known = {name: text for name, text in os.environ.items() if name != "SECRET_KEY"}
    done = warm.run(known, *command)

    assert done.returncode != 0
    assert "Traceback" not in done.stderr
    assert "SECRET_KEY is not set. Set the environment variable SECRET_KEY" in done.stderr
