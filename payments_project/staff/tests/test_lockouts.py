"""Guessing passwords."""

from typing import Any

import pytest
from axes.models import AccessAttempt
from django.contrib.auth.models import User
from django.test import Client
from pytest_django import Settings

pytestmark = pytest.mark.django_db

LOGIN = "/admin/login/"
PASSWORD = "correct horse battery"
WRONG = "wrong"
LIMIT = 5


@pytest.fixture(autouse=True)
def _anna() -> None:
    User.objects.create_superuser("anna", password=PASSWORD)
    User.objects.create_superuser("berta", password=PASSWORD)


def attempt(name: str, password: str = WRONG, address: str = "192.0.2.1", **headers: str) -> Any:
    return Client(REMOTE_ADDR=address, headers=headers).post(
        LOGIN, {"username": name, "password": password}
    )


def gets_in(name: str, address: str = "192.0.2.1", **headers: str) -> bool:
    status: int = attempt(name, PASSWORD, address, **headers).status_code
    return status == 302


def test_the_right_password_logs_in(settings: Settings) -> None:
    assert gets_in("anna")


def test_a_guesser_is_locked_out() -> None:
    statuses = [attempt("anna").status_code for _ in range(LIMIT)]
    answer = attempt("anna", PASSWORD)

    assert statuses == [200] * (LIMIT - 1) + [429]
    assert answer.status_code == 429
    assert answer.headers["Retry-After"] == "900"
    assert "Too many attempts" in answer.content.decode()


def test_the_account_owner_is_not_locked_out() -> None:
    for _ in range(LIMIT):
        attempt("anna")

    assert gets_in("anna", "198.51.100.7")
    assert gets_in("berta")


def test_guessing_many_accounts_locks_the_address_out() -> None:
    for number in range(4 * LIMIT):
        attempt(f"name{number}")

    assert attempt("anna", PASSWORD).status_code == 429
    assert gets_in("anna", "198.51.100.7")


def test_logging_in_resets_the_account_but_not_the_address() -> None:
    for number in range(4 * LIMIT - 1):
        attempt(f"name{number}")
    assert gets_in("anna")

    attempt("name")

    assert not gets_in("anna")


def test_going_on_while_locked_out_adds_nothing() -> None:
    for number in range(3 * LIMIT):
        attempt("anna", f"guess {number}", **{"User-Agent": f"agent {number}"})

    assert AccessAttempt.objects.count() == LIMIT


def test_a_forged_address_does_not_help() -> None:
    for number in range(LIMIT):
        attempt("anna", **{"X-Forwarded-For": f"203.0.113.{number}"})
    assert attempt("anna", PASSWORD, **{"X-Forwarded-For": "203.0.113.99"}).status_code == 429


def test_the_address_comes_from_the_last_trusted_proxy(settings: Settings) -> None:
    settings.TRUSTED_PROXY_COUNT = 2
    path = "{}, 198.51.100.1, 10.0.0.2"
    for number in range(LIMIT):
        attempt("anna", **{"X-Forwarded-For": path.format(f"203.0.113.{number}")})

    assert not gets_in("anna", **{"X-Forwarded-For": path.format("203.0.113.99")})
    assert gets_in("anna", **{"X-Forwarded-For": "203.0.113.0, 198.51.100.2, 10.0.0.2"})


def test_an_ipv6_network_is_one_client() -> None:
    for number in range(LIMIT):
        attempt("anna", address=f"2001:db8::{number}")

    assert not gets_in("anna", "2001:db8::ffff:1")
    assert gets_in("anna", "2001:db8:0:1::1")


def test_typed_passwords_are_not_stored() -> None:
    Client().post(
        f"{LOGIN}?next=/marked-address",
        {"username": "marked-password", "password": "marked-too", "other": "marked-field"},
    )

    kept = AccessAttempt.objects.values().get()
    assert "marked" not in str(kept)
    assert kept["username"].startswith("unknown ")


@pytest.mark.parametrize("name", ["", "a" * 300, "a\0b", "\ud800", "'; --"])
def test_hostile_user_names_do_no_harm(name: str) -> None:
    body = {"username": name.encode(errors="surrogatepass"), "password": "x"}

    assert Client().post(LOGIN, body).status_code == 200
