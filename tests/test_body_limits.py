"""Bodies for pages and the API: bounded, and none is written to disk."""

import sys
from collections.abc import Iterator
from typing import Any

import pytest
from django.conf import settings
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

pytestmark = pytest.mark.django_db

LIMIT = 1_048_576
MADE_UP = {settings.CSRF_COOKIE_NAME: "x" * 32}
FORMS = ("/admin/login/", "/admin/", "/admin/second-factor/code/", "/")
OTHERS = ("/api/docs/", "/nothing", "/api/v1/customers", "/api/v1/events", "/api/nothing")
"""Where no form is read."""

written: list[str] = []


def note(event: str, arguments: tuple[Any, ...]) -> None:
    if event == "tempfile.mkstemp":
        written.append(str(arguments[0]))


@pytest.fixture(scope="session")
def audited() -> None:
    sys.addaudithook(note)


@pytest.fixture
def files(audited: None) -> Iterator[list[str]]:
    """The temporary files that are made while a test runs."""
    written.clear()
    yield written
    written.clear()


@pytest.fixture
def stranger() -> Client:
    """Somebody with a CSRF cookie of their own making, for whose sake forms are read."""
    client = Client(enforce_csrf_checks=True)
    client.cookies.load(MADE_UP)
    return client


@pytest.mark.parametrize("path", [*FORMS, *OTHERS])
@pytest.mark.parametrize("size", [3, 900_000, 3_000_000, 20_000_000])
def test_files_are_refused_and_not_written(
    stranger: Client, files: list[str], path: str, size: int
) -> None:
    upload = {"csrfmiddlewaretoken": "y" * 32, "file": SimpleUploadedFile("x.bin", b"x" * size)}
    answer = stranger.post(path, upload)

    assert files == []
    if size > LIMIT:
        assert answer.status_code == 413
        assert answer.json()["code"] == "payload_too_large"
    elif path in FORMS:
        assert answer.status_code == 400
        assert answer.json()["code"] == "bad_request"
    else:
        assert 400 <= answer.status_code < 500


@pytest.mark.parametrize("path", [*FORMS, *OTHERS])
def test_a_body_without_a_length_is_refused(stranger: Client, path: str) -> None:
    answer = stranger.post(path, {"x": "y"}, headers={"Transfer-Encoding": "chunked"})

    assert answer.status_code == 400
    assert "length" in answer.json()["detail"]


@pytest.mark.parametrize("surplus", [0, 1])
def test_forms_are_read_up_to_the_limit(stranger: Client, surplus: int) -> None:
    form = "application/x-www-form-urlencoded"
    answer = stranger.post("/admin/login/", "x=".ljust(LIMIT + surplus, "y"), content_type=form)

    # Forbidden as a forgery once it has been read.
    assert answer.status_code == (413 if surplus else 403)


@pytest.mark.parametrize(
    ("content_type", "body"),
    [
        ("multipart/form-data", b""),
        ("multipart/form-data; boundary=x", b'--x\r\nContent-Disposition: form-data; name="a"'),
        ("application/x-www-form-urlencoded", b"&".join([b"x=y"] * 1001)),
    ],
)
def test_a_form_that_cannot_be_read_is_no_server_error(
    stranger: Client, content_type: str, body: bytes
) -> None:
    assert stranger.post("/nothing", body, content_type=content_type).status_code == 404
    assert stranger.post("/admin/login/", body, content_type=content_type).status_code in (400, 403)
