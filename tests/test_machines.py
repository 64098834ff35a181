"""Providers, probes and Prometheus: their answers, and the code that is run for them."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

import pytest
from django.conf import settings
from django.test import Client
from pytest_django import Settings

from webhooks.testing.client import sign

pytestmark = pytest.mark.django_db

OF_PAGES = (
    *("django.contrib.sessions", "django.contrib.auth", "django.contrib.messages", "django_otp"),
    *("django.middleware.csrf", "axes", "whitenoise", "payments_project.staff"),
    "payments_project.body_limits",
)
EVERYWHERE = {
    "Permissions-Policy": (
        "accelerometer=(), camera=(), display-capture=(), geolocation=(), gyroscope=(), hid=(), "
        "magnetometer=(), microphone=(), midi=(), payment=(), publickey-credentials-get=(), "
        "screen-wake-lock=(), serial=(), usb=(), xr-spatial-tracking=()"
    ),
    "Content-Security-Policy": (
        "base-uri 'none'; default-src 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "Cross-Origin-Opener-Policy": "same-origin",
    "Referrer-Policy": "same-origin",
    "Strict-Transport-Security": "max-age=31536000; includeSubDomains; preload",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}
JSON = {"Content-Type": "application/json"}
PROBLEM = {"Content-Type": "application/problem+json"}
ONLY_POST = {**PROBLEM, "Allow": "POST"}
UNCACHED = {"Cache-Control": "max-age=0, no-cache, no-store, must-revalidate, private"}
ANSWERS: list[tuple[str, str, dict[str, str], int, dict[str, str]]] = [
    ("POST", "/webhooks/stripe", {}, 400, PROBLEM),
    ("POST", "/webhooks/stripe/", {}, 400, PROBLEM),
    ("POST", "/webhooks/stripe", {"Host": "evil.example"}, 400, PROBLEM),
    ("POST", "/webhooks/nobody", {}, 404, PROBLEM),
    ("POST", "/webhooks/", {}, 404, PROBLEM),
    ("GET", "/webhooks/stripe", {}, 405, ONLY_POST),
    ("GET", "/healthz", {}, 200, JSON),
    ("GET", "/healthz", {"Host": "evil.example"}, 400, PROBLEM),
    ("GET", "/readyz", {}, 200, JSON),
    ("GET", "/metrics", {"Authorization": "Bearer secret"}, 200, UNCACHED),
    (
        "GET",
        "/metrics",
        {},
        401,
        PROBLEM | UNCACHED | {"WWW-Authenticate": 'Bearer realm="metrics"'},
    ),
]
COOKIES = f"{settings.SESSION_COOKIE_NAME}={'x' * 32}; {settings.CSRF_COOKIE_NAME}={'y' * 32}"


@pytest.fixture(autouse=True)
def known(settings: Settings) -> None:
    settings.ALLOWED_HOSTS = ["testserver"]
    settings.METRICS_TOKEN = "secret"


def ready_client() -> Client:
    """A client whose middleware is in place: to make it runs code of all of it."""
    client = Client()
    assert client.get("/healthz", secure=True).status_code == 200
    return client


@contextmanager
def modules_run() -> Iterator[set[str]]:
    """The names of the modules whose functions are called meanwhile."""
    run: set[str] = set()

    def note(frame: FrameType, event: str, _: Any) -> None:
        if event == "call":
            name = str(frame.f_globals.get("__name__"))
            # Readiness loads every app's migrations, to see whether all are applied.
            if ".migrations" not in name:
                run.add(name)

    former = sys.getprofile()
    sys.setprofile(note)
    try:
        yield run
    finally:
        sys.setprofile(former)


@pytest.mark.parametrize(("method", "path", "sent", "status", "expected"), ANSWERS)
def test_answers_have_every_header(
    method: str, path: str, sent: dict[str, str], status: int, expected: dict[str, str]
) -> None:
    headers = {"Cookie": COOKIES, **sent}
    answer = Client().generic(method, path, b"{}", "application/json", secure=True, headers=headers)

    found = dict(answer.headers)
    assert found.pop("X-Request-ID")
    # Their order is by chance.
    policy = sorted(found["Content-Security-Policy"].split("; "))
    found["Content-Security-Policy"] = "; ".join(policy)
    assert answer.status_code == status
    # What is refused before Django's common middleware has no length until the server counts it.
    assert found.pop("Content-Length", str(len(answer.content))) == str(len(answer.content))
    for name in ("Expires", *(["Content-Type"] if path == "/metrics" else [])):
        found.pop(name, None)
    wanted = {k: v for k, v in expected.items() if k != "Content-Length"}
    if path == "/metrics":
        wanted.pop("Content-Type", None)
    # As for pages: the host is checked before the frame's header is set.
    if "Host" in sent:
        wanted["X-Frame-Options"] = found.setdefault("X-Frame-Options", "DENY")
    assert found == EVERYWHERE | wanted
    assert answer.cookies == {}


@pytest.mark.parametrize(("method", "path", "sent", "status", "_"), ANSWERS)
def test_no_code_of_pages_runs_for_machines(
    method: str, path: str, sent: dict[str, str], status: int, _: object
) -> None:
    headers = {"Cookie": COOKIES, **sent}
    client = ready_client()
    with modules_run() as run:
        answer = client.generic(
            method, path, b"{}", "application/json", secure=True, headers=headers
        )

    assert answer.status_code == status
    assert "payments_project.headers" in run
    assert sorted(name for name in run if name.startswith(OF_PAGES)) == []


def test_no_code_of_pages_runs_for_a_genuine_delivery() -> None:
    body = b'{"id": "evt_1", "type": "test.happened"}'
    client = ready_client()
    headers = {**sign(body), "Cookie": COOKIES}
    with modules_run() as run:
        answer = client.post("/webhooks/stripe", body, "application/json", headers=headers)

    assert answer.status_code == 200
    assert sorted(name for name in run if name.startswith(OF_PAGES)) == []


@pytest.mark.parametrize(
    "path", ["/healthz/", "/healthzz", "/metrics%0a", "/webhooksx/", "/admin/"]
)
def test_other_paths_have_the_whole_stack(path: str) -> None:
    client = ready_client()
    with modules_run() as run:
        client.get(path, secure=True)

    assert "django.contrib.sessions.middleware" in run
