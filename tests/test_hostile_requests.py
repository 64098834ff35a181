"""Requests that no program means to send, to every door there is: none is answered with a 500."""

import logging
import os
import random
from collections.abc import Iterable, Iterator
from typing import Any, TypeVar
from urllib.parse import quote

import pytest
from django.conf import settings as django_settings
from django.contrib import admin
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse
from hypothesis import strategies as st
from pytest_django import Settings

from tests import warm
from webhooks.models import WebhookEvent
from webhooks.testing import deliver, sample
from webhooks.testing.client import post, sign
from webhooks.testing.hostile import EXAMPLES, drawn

T = TypeVar("T")
SESSION = django_settings.SESSION_COOKIE_NAME
FORM = "application/x-www-form-urlencoded"

pytestmark = pytest.mark.django_db

SCREENS = [
    f"admin:{model._meta.app_label}_{model._meta.model_name}" for model in admin.site._registry
]
HOSTILE = (
    *("%00", "a%00b", "%ed%a0%80", "%ff%fe", "%", "%zz", "%25", "\\", "'", '"', "*" * 50, "*%00*"),
    *("99999999999999999999", "-1", "0", "1e999", "NaN", "null", "%F0%9F%98%80", "[]", "{}", "\t"),
    *("2026-02-30", "0000-00-00", "9999-12-31", "0001-01-01", "x" * 3000, "%s", "__class__", "\n"),
    *("*a*a*a*a*a*a*a*a*a*a*a*a*b", "\u0661", ",".join("1234567890"), "on", "1..2", "a.b.c"),
)
OWN = ("q", "p", "o", "all", "e", "_popup", "_to_field", "_facets", "_changelist_filters")
FILTERS = (
    *("status", "type", "provider", "endpoint", "livemode", "livemode__exact", "account", "mode"),
    *("received_at_from", "received_at_to", "created_at_from", "created_at_to", "in_doubt"),
    *("id", "id__in", "pk", "body", "body__regex", "tries__error__contains", "replay__actor"),
    *("user__password__startswith", "groups__id__exact", "is_staff__exact", "event__body", "x__y"),
)


@pytest.fixture
def staff(admin_client: Client) -> Client:
    """Somebody who may do everything, and something to look at."""
    for event_type in ("customer.created", "invoice.paid", "charge.succeeded"):
        deliver(sample(event_type, created=1_790_000_000))
    return admin_client


def fine(answer: Any) -> bool:
    return bool(answer.status_code < 500)


@pytest.mark.parametrize("screen", SCREENS)
def test_no_address_and_no_action_breaks_a_screen(staff: Client, screen: str) -> None:
    url = reverse(f"{screen}_changelist")
    for query in any_of(screen, queries()):
        assert fine(staff.get(url, QUERY_STRING=query)), query
    for page in any_of(screen, pages()):
        assert fine(staff.get(f"{url}{page}")), page
    for told in any_of(screen, actions()):
        assert fine(staff.post(url, told)), told


def any_of(seed: str, everything: Iterable[T]) -> list[T]:
    """Some of it, or all of it when many examples are asked for: the same ones for each seed."""
    listed = list(everything)
    return random.Random(seed).sample(listed, min(len(listed), EXAMPLES // 8))  # noqa: S311


def in_url(text: str) -> str:
    return text if "%" in text else quote(text)


def queries() -> Iterator[str]:
    for name in (*OWN, *FILTERS):
        yield from (f"{name}={in_url(value)}" for value in HOSTILE)


def pages() -> Iterator[str]:
    for page in ("change", "delete", "history"):
        yield from (f"{in_url(value)}/{page}/" for value in HOSTILE)


def actions() -> Iterator[dict[str, Any]]:
    for action in ("", "x", "__init__", "delete_selected", "replay", "rerun", "replay_selected"):
        for chosen in (["\0"], ["1" * 30], ["x"], []):
            yield {"action": action, "_selected_action": chosen, "index": "x", "reason": "\0"}
    yield {"action": ["x", "y"], "select_across": "\0", "index": "9" * 30}


def test_no_attempt_to_log_in_breaks_anything(client: Client) -> None:
    url = reverse("admin:login")
    User.objects.create_user("ada")
    for name, password in [
        *(("", ""), ("ada", "\0"), ("a\0b", "x"), ("\ud800", "\udfff"), ("' OR 1=1 --", "x")),
        *(("x" * 10_000, "x"), ("ada", "x" * 10_000), ("\U0001f600", "\u202e"), ("\u212a", "x")),
    ]:
        given = {"username": name, "password": password, "next": "//evil.example/\0"}
        sent = "&".join(f"{k}={quote(v, errors='replace')}" for k, v in given.items())
        assert fine(client.post(url, sent, content_type=FORM))
    for form in ("multipart/form-data", "multipart/form-data; boundary=\xff", "x", "", "a/b; c"):
        assert fine(client.post(url, b"\xff\0--x\r\n", content_type=form))


@pytest.mark.parametrize(
    "cookie",
    [
        SESSION + '="' + r"\000" * 12 + '"; csrftoken="' + r"\000" * 32 + '"',
        SESSION + "=" + "x" * 5000,
        SESSION + "=\xed\xa0\x80aaaaaaaaaaaa; messages=\xff",
        'messages="' + r"\000\\\"[" * 9 + '"',
        "messages=.eJwrzs_JiU9OLMlMz1OIBgAhhgS1:\0:x; ;;;=; =x; $Version=1",
    ],
)
def test_no_cookie_breaks_anything(cookie: str) -> None:
    client = Client(headers={"Cookie": cookie})
    for url in ("/admin/", "/admin/login/", "/api/v1/events/", "/webhooks/stripe", "/healthz"):
        assert fine(client.get(url)), url
        assert fine(client.post(url, {"username": "x", "password": "x"})), url


METHODS = (
    "GET",
    "HEAD",
    "PUT",
    "PATCH",
    "DELETE",
    "OPTIONS",
    "TRACE",
    "CONNECT",
    "PROPFIND",
    "\xc9",
)
PATHS = (
    *("/webhooks/stripe", "/webhooks/", "/webhooks/%00", "/webhooks/stripe/%2e%2e/", "/webhooks//"),
    *("/webhooks/__init__", "/webhooks/receive", "/webhooks/stripe;x", "/webhooks/" + "x" * 9000),
    *("/webhooks/%ff", "/webhooks/\u202e", "/webhooks/stripe%0d%0aSet-Cookie:x", "/%00", "/\\"),
    *("/admin/%00/", "/admin/jsi18n/%00", "/api/%00", "/api/v1/%ff", "/healthz/%00", "/static/%00"),
)


@pytest.mark.parametrize("path", PATHS)
def test_no_method_and_no_path_breaks_anything(client: Client, path: str) -> None:
    for method in (*METHODS, "POST"):
        answer = client.generic(method, path, b"{}", content_type="application/json")
        assert fine(answer), method
        assert method == "POST" or not path.startswith("/webhooks/") or answer.status_code != 200


@drawn(
    name=st.sampled_from(
        (
            *("Content-Length", "Content-Type", "Content-Encoding", "Host", "Cookie", "Range"),
            *("Accept", "Accept-Language", "X-Forwarded-For", "X-Forwarded-Proto", "User-Agent"),
            *("Idempotency-Key", "If-Modified-Since", "Authorization", "Origin", "Referer"),
        )
    ),
    value=st.text(st.characters(max_codepoint=255, exclude_characters="\r\n"), max_size=80)
    | st.sampled_from(["-1", "9" * 400, "x" * 20_000, "bytes=0-,1-,2-", "gzip, gzip"]),
)
def test_no_header_breaks_anything(name: str, value: str) -> None:
    client = Client(headers={name: value})
    for url in ("/webhooks/stripe", "/admin/login/", "/api/v1/customers/", "/healthz"):
        assert fine(client.get(url)), url
        assert fine(client.post(url, b"{}", content_type="application/json")), url


def test_an_event_s_encoding_is_what_its_bytes_are_and_not_what_a_header_says() -> None:
    body = b'{"id": "evt_1", "type": "test.\xc3\xa9"}'
    headers = {**sign(body), "Content-Encoding": "gzip", "X-HTTP-Method-Override": "DELETE"}
    for content_type in ("application/json; charset=utf-7", "text/plain; charset=x", ""):
        answer = Client().generic("POST", "/webhooks/stripe", body, content_type, headers=headers)
        assert answer.status_code in (200, 400, 415)
    assert post(body, sign(body)).status_code == 200
    assert WebhookEvent.objects.get().type == "test.\xe9"


def test_odd_requests_log_no_errors(settings: Settings, caplog: pytest.LogCaptureFixture) -> None:
    settings.ALLOWED_HOSTS = ["payments.example"]
    client = Client(SERVER_NAME="payments.example")
    login = reverse("admin:login")
    assert client.get("/healthz", headers={"Host": "evil.example"}).status_code == 400
    assert client.get("/webhooks/stripe", headers={"Host": "\xff"}).status_code == 400
    assert client.post(login, {f"field{n}": "x" for n in range(1001)}).status_code == 400
    assert client.post(login, "x=" + "y" * 3_000_000, content_type=FORM).status_code == 413
    assert client.post("/webhooks/stripe", {}).status_code == 415
    assert [record for record in caplog.records if record.levelno >= logging.ERROR] == []


def test_no_value_can_forge_a_log_line() -> None:
    program = """
import django, logging
django.setup()
logging.getLogger("webhooks").warning("failed on %s", "x\\r\\n2026-01-01 INFO forged")
"""
    environment = {**os.environ, "DJANGO_SETTINGS_MODULE": "payments_project.settings"}
    done = warm.run(environment, "-c", program)
    assert done.returncode == 0, done.stderr
    [line] = [line for line in done.stderr.splitlines() if "forged" in line]
    assert "failed on x\\r\\n2026" in line


def test_no_page_can_be_framed_and_no_login_leads_elsewhere(client: Client) -> None:
    login = reverse("admin:login")
    assert client.get(login).headers["X-Frame-Options"] == "DENY"
    User.objects.create_superuser("ada", password="a secret")
    for place in ("//evil.example", "https://evil.example/", "/\\evil.example", "javascript:x"):
        given = {"username": "ada", "password": "a secret", "next": place}
        answer = Client().post(login, given)
        assert "evil" not in answer.headers.get("Location", "")
        assert "javascript" not in answer.headers.get("Location", "")
