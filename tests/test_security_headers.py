"""What browsers are told, whatever the answer."""

import re

import pytest
from django.contrib.auth.models import User
from django.test import Client

from webhooks.testing import deliver, sample

pytestmark = pytest.mark.django_db

TIGHTEST = {
    "default-src": "'none'",
    "base-uri": "'none'",
    "form-action": "'none'",
    "frame-ancestors": "'none'",
}
ELSEWHERE = ["/healthz", "/api/v1/events", "/api/nothing", "/webhooks/stripe", "/nothing", "/"]


@pytest.fixture
def staff() -> Client:
    client = Client()
    client.force_login(User.objects.create(username="anna", is_staff=True, is_superuser=True))
    return client


def policy(client: Client, url: str) -> dict[str, str]:
    answer = client.get(url)
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["X-Frame-Options"] == "DENY"
    assert answer.headers["Referrer-Policy"] == "same-origin"
    assert "camera=()" in answer.headers["Permissions-Policy"]
    parts = answer.headers["Content-Security-Policy"].split("; ")
    return dict(part.split(" ", 1) for part in parts)


@pytest.mark.parametrize("url", ELSEWHERE)
def test_responses_that_are_no_page_have_the_tightest_policy(url: str) -> None:
    assert policy(Client(), url) == TIGHTEST


def test_deliveries_and_refusals_have_the_headers() -> None:
    for answer in (deliver(sample("test.happened")), Client().post("/webhooks/stripe")):
        assert "default-src 'none'" in answer.headers["Content-Security-Policy"]


@pytest.mark.parametrize(
    "url", ["/admin/", "/admin/webhooks/webhookevent/", "/admin/second-factor/", "/admin/nothing/"]
)
def test_pages_load_from_this_site_only(staff: Client, url: str) -> None:
    told = policy(staff, url)

    assert told["default-src"] == told["frame-ancestors"] == told["base-uri"] == "'none'"
    assert told["script-src"] == "'self' 'unsafe-eval'"
    assert told["style-src"] == told["form-action"] == "'self'"


def test_the_apis_pages_need_no_exception() -> None:
    told = policy(Client(), "/api/docs/")

    assert told["script-src"] == told["style-src"] == "'self'"


@pytest.mark.parametrize(
    "url",
    [
        *("/admin/", "/admin/login/", "/admin/auth/user/add/", "/admin/webhooks/webhookevent/"),
        *("/admin/second-factor/", "/admin/password_change/", "/api/docs/"),
    ],
)
def test_no_page_has_scripts_or_styles_in_itself(staff: Client, url: str) -> None:
    client = Client() if "login" in url else staff

    shown = client.get(url).content.decode()

    assert "<style" not in shown
    scripts = re.findall("<script([^>]*)>", shown)
    assert all("src=" in script or "application/json" in script for script in scripts)
    assert not re.search(r"<[^>]*\son(click|load|change|submit|error)=", shown)


def test_cookies_are_secure() -> None:
    client = Client()
    User.objects.create_superuser("anna", password="correct horse battery")
    client.get("/admin/login/")

    client.post("/admin/login/", {"username": "anna", "password": "correct horse battery"})

    session = client.cookies["__Host-sessionid"]
    assert (session["secure"], session["httponly"], session["samesite"]) == (True, True, "Lax")
    assert (session["path"], session["domain"], session["max-age"]) == ("/", "", "")
    token = client.cookies["__Host-csrftoken"]
    assert (token["secure"], token["samesite"], token["path"]) == (True, "Lax", "/")
