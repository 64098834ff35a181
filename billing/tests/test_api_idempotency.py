"""Requests with an Idempotency-Key: processed once, answered the same, kept unreadable."""

import base64
import json
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier
from typing import Any

import pytest
from cryptography.fernet import Fernet
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings as django_settings
from django.contrib.auth.models import User
from django.db import connection
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.http.response import StreamingHttpResponse
from django.test import Client
from django.urls import path
from django.utils import timezone
from pytest_django import Settings
from rest_framework.decorators import api_view
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from billing.api.idempotency import idempotent, reference
from billing.idempotency.encryption import decrypt
from billing.models import IdempotencyKey

SECRET = "pi_1_secret_known_to_none"
CALLERS = 64


class Till:
    """What the views were asked, and what they are to answer."""

    def __init__(self) -> None:
        self.references: list[str] = []
        self.answers: list[Any] = []

    def pay(self, reference: str) -> tuple[Any, int]:
        self.references.append(reference)
        answer = self.answers.pop(0) if self.answers else 201
        if isinstance(answer, Exception):
            raise answer
        return {"number": len(self.references), "client_secret": SECRET, "at": "noon"}, answer


till = Till()


class Payments(APIView):
    @idempotent()
    def post(self, request: Request) -> Response:
        data, status = till.pay(reference(request))
        return Response({**data, "asked": request.data}, status, headers={"Location": "/here"})


class Plain(APIView):
    @idempotent(required=False, lifetime=timedelta(hours=1))
    def post(self, request: Request) -> Response:
        data, status = till.pay(reference(request))
        return Response(data, status, content_type="application/vnd.payments+json")


@api_view(["POST"])
@idempotent()
def function(request: Request) -> Response:
    return Response(*till.pay(reference(request)))


@idempotent()
def django_view(request: HttpRequest) -> HttpResponse:
    data, status = till.pay(reference(request))
    return JsonResponse(data, status=status, headers={"Location": "/here"})


@idempotent()
def refund(amount: int) -> HttpResponse:
    return HttpResponse(amount)


@idempotent()
def stream(request: HttpRequest) -> StreamingHttpResponse:
    till.pay("")
    return StreamingHttpResponse([b"a"])


urlpatterns = [
    path("payments", Payments.as_view()),
    path("optional", Plain.as_view()),
    path("function", function),
    path("django", django_view),
    path("stream", stream),
]
ANYWHERE = pytest.mark.parametrize("url", ["/payments", "/function", "/django"])

pytestmark = [pytest.mark.django_db, pytest.mark.urls(__name__)]


@pytest.fixture(autouse=True)
def fresh_till() -> None:
    global till
    till = Till()


@pytest.fixture
def client() -> Client:
    client = Client(raise_request_exception=False)
    client.force_login(User.objects.create_user("jo"))
    return client


def post(
    client: Client, url: str = "/payments", key: str | None = '"k1"', body: Any = None
) -> HttpResponse:
    response: Any = client.post(
        url,
        json.dumps(body or {"amount": 1000, "currency": "eur"}),
        content_type="application/json",
        headers={} if key is None else {"Idempotency-Key": key},
    )
    return response  # type: ignore[no-any-return]


def code(response: HttpResponse) -> str:
    """The code that a problem has, or REST framework's own words for it."""
    return str(json.loads(response.content).get("code"))


@ANYWHERE
def test_a_response_is_replayed(client: Client, url: str) -> None:
    first, again = post(client, url), post(client, url)
    assert first.status_code == again.status_code == 201
    assert first.content == again.content
    assert "Idempotency-Replayed" not in first.headers
    assert again.headers["Idempotency-Replayed"] == "true"
    for name in ("Content-Type", "Location"):
        assert first.headers.get(name) == again.headers.get(name)
    assert len(till.references) == 1


@ANYWHERE
def test_stored_responses_are_encrypted(client: Client, url: str, settings: Settings) -> None:
    first = post(client, url)
    kept = repr(IdempotencyKey.objects.values().get())
    assert SECRET in first.content.decode()
    assert SECRET not in kept
    assert "noon" not in kept
    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = "another", [settings.SECRET_KEY]
    client.force_login(User.objects.get())
    assert post(client, url).content == first.content


THEFTS = (
    "a stranger's row, filled with it",
    "a row of the same user's, filled with it",
    "the row itself, given to a stranger",
    "the row itself, under another key",
)


@pytest.mark.parametrize("how", THEFTS)
def test_an_answer_is_repeated_to_its_owner_for_its_key_alone(client: Client, how: str) -> None:
    post(client, key='"k1"')
    stolen = IdempotencyKey.objects.get()
    if "stranger" in how:
        client.force_login(User.objects.create_user("mo"))
    key = '"k1"' if "stranger" in how else '"k2"'
    post(client, key=key)
    own = IdempotencyKey.objects.exclude(pk=stolen.pk).get()

    # As by SQL, with a copy of whatever tells that the answer was for somebody else.
    if "filled" in how:
        IdempotencyKey.objects.filter(pk=own.pk).update(response_body=stolen.response_body)
    else:
        own.delete()
        IdempotencyKey.objects.filter(pk=stolen.pk).update(scope=own.scope, key=own.key)
    answer = post(client, key=key)

    assert "Idempotency-Replayed" not in answer.headers
    assert json.loads(answer.content)["number"] == 3
    if "filled" in how:
        # The same work as before, so nothing is made twice.
        assert till.references[2] == till.references[1]
    assert post(client, key=key).content == answer.content


def test_an_answer_from_before_the_key_expired_is_not_repeated(client: Client) -> None:
    post(client)
    former = IdempotencyKey.objects.get()
    IdempotencyKey.objects.update(expires_at=timezone.now())
    post(client)

    IdempotencyKey.objects.update(response_body=former.response_body)

    assert json.loads(post(client).content)["number"] == 3


def sealed_by_release_0_1_0(text: str) -> str:
    derivation = HKDF(algorithm=SHA256(), length=32, salt=None, info=b"billing.sealing")
    key = base64.urlsafe_b64encode(derivation.derive(django_settings.SECRET_KEY.encode()))
    return Fernet(key).encrypt(text.encode()).decode()


def test_what_was_stored_by_an_earlier_version_can_be_read(settings: Settings) -> None:
    settings.SECRET_KEY = "a-key-that-everybody-may-know-of-good-length"
    stored = "AQcHBwcHBwcHBwcHB0re8RqHaNzbQY9sW1uFoNW2eUhTsDDLXOn64gIaWciMFL803l3L02Q="

    assert decrypt(stored, "row 7") == "pi_1_secret_known_to_all"


@pytest.mark.parametrize("body", ["of 0.1.0", "of a lost key", "", "\N{SNOWMAN}", "AAAA"])
def test_an_answer_that_can_t_be_read_counts_as_gone(
    client: Client, body: str, settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    post(client)
    if body == "of a lost key":
        settings.SECRET_KEY = "another"
        client.force_login(User.objects.get())
    else:
        # Such an answer says nothing of whose it is: it could have been anybody's.
        kept = {"headers": {}, "data": {"client_secret": SECRET}, "content_type": None}
        old = sealed_by_release_0_1_0(json.dumps(kept))
        IdempotencyKey.objects.update(response_body=old if body == "of 0.1.0" else body)

    answer = post(client)

    assert answer.status_code == 201
    assert "Idempotency-Replayed" not in answer.headers
    assert len(till.references) == 2
    assert len(set(till.references)) == 1
    assert "can't be read" in caplog.text
    assert SECRET not in caplog.text
    assert post(client).content == answer.content


def test_different_keys_are_different_requests(client: Client) -> None:
    assert post(client, key='"k1"').content != post(client, key='"k2"').content
    assert len(set(till.references)) == 2


def test_another_user_s_key_is_another(client: Client) -> None:
    post(client)
    client.force_login(User.objects.create_user("mo"))
    assert "Idempotency-Replayed" not in post(client).headers
    assert len(set(till.references)) == 2


@ANYWHERE
def test_a_request_without_an_idempotency_key_is_refused(client: Client, url: str) -> None:
    refused = post(client, url, key=None)
    assert refused.status_code == 400
    assert till.references == []


def test_a_key_may_be_optional(client: Client) -> None:
    post(client, "/optional", key=None)
    post(client, "/optional", key=None)
    assert till.references == ["", ""]
    assert not IdempotencyKey.objects.exists()


def test_a_replayed_response_keeps_its_content_type(client: Client) -> None:
    first, again = post(client, "/optional"), post(client, "/optional")
    assert first.headers["Content-Type"] == "application/vnd.payments+json"
    assert again.headers["Content-Type"] == "application/vnd.payments+json"


MALFORMED = (
    *("", '""', '"', '"a', 'a"', '"a""b"', '"a", "b"', "a,b", "a b", '"a";v=1', '"é"', '"\\n"'),
    *('"\t"', f'"{"a" * 256}"', "a" * 256),
)


@pytest.mark.parametrize("key", MALFORMED)
@pytest.mark.parametrize("url", ["/payments", "/django"])
def test_a_malformed_key_is_refused(client: Client, url: str, key: str) -> None:
    refused = post(client, url, key=key)
    assert refused.status_code == 400
    assert till.references == []


@pytest.mark.parametrize(
    ("one", "same"),
    [
        ('"k1"', "k1"),
        (' "k1" ', "k1"),
        ('"a\\"b\\\\"', '"a\\"b\\\\"'),
        (f'"{"a" * 255}"', "a" * 255),
        ('"8e03978e-40d5-43dd"', "8e03978e-40d5-43dd"),
    ],
)
def test_quoted_keys_are_accepted(client: Client, one: str, same: str) -> None:
    assert post(client, key=one).status_code == 201
    assert post(client, key=same).headers["Idempotency-Replayed"] == "true"


@ANYWHERE
def test_a_key_stands_for_one_request(client: Client, url: str) -> None:
    post(client, url)
    refused = post(client, url, body={"amount": 1001, "currency": "eur"})
    assert refused.status_code == 422
    assert post(client, f"{url}?a=b").status_code == 422
    assert len(till.references) == 1


def test_the_same_request_in_another_order_is_the_same(client: Client) -> None:
    post(client)
    same = post(client, body={"currency": "eur", "amount": 1000})
    assert same.headers["Idempotency-Replayed"] == "true"


@pytest.mark.parametrize("body", [b"", b"\xff", b"[" * 100_000, b"{", b'"' + b"9" * 9000])
def test_a_body_may_be_anything(client: Client, body: bytes) -> None:
    for replayed in (None, "true"):
        answer = client.post(
            "/django", body, content_type="application/json", headers={"Idempotency-Key": "k1"}
        )
        assert (answer.status_code, answer.headers.get("Idempotency-Replayed")) == (201, replayed)


@ANYWHERE
@pytest.mark.parametrize("status", [409, 429, 500, 503])
def test_after_a_failure_the_request_is_processed_again(
    client: Client, url: str, status: int
) -> None:
    till.answers = [status]
    assert post(client, url).status_code == status
    assert post(client, url).status_code == 201
    assert len(till.references) == 2
    assert len(set(till.references)) == 1


@ANYWHERE
def test_after_a_crash_of_the_view_the_request_is_processed_again(client: Client, url: str) -> None:
    till.answers = [RuntimeError("no")]
    assert post(client, url).status_code == 500
    assert post(client, url).status_code == 201
    assert len(set(till.references)) == 1


@ANYWHERE
def test_a_refusal_is_repeated(client: Client, url: str) -> None:
    till.answers = [402]
    first, again = post(client, url), post(client, url)
    assert first.status_code == again.status_code == 402
    assert first.content == again.content
    assert len(till.references) == 1


@pytest.mark.parametrize("url", ["/payments", "/function"])
def test_an_exception_that_became_a_response_is_replayed(client: Client, url: str) -> None:
    till.answers = [ValidationError({"amount": ["Too little."]})]
    first, again = post(client, url), post(client, url)
    assert first.status_code == again.status_code == 400
    assert json.loads(first.content) == json.loads(again.content)
    assert "Too little." in first.content.decode()
    assert len(till.references) == 1


def test_a_streaming_response_is_not_stored(client: Client) -> None:
    post(client, "/stream")
    assert "Idempotency-Replayed" not in post(client, "/stream").headers


@pytest.mark.parametrize("url", ["/payments", "/django"])
def test_keys_of_unauthenticated_callers_are_not_stored(url: str) -> None:
    assert post(Client(), url).status_code == 401
    assert not IdempotencyKey.objects.exists()


def test_problems_of_django_s_views_are_problem_documents(client: Client) -> None:
    post(client, "/django")
    reused = post(client, "/django", body={"amount": 1})
    assert reused.headers["Content-Type"] == "application/problem+json"
    assert json.loads(reused.content) == {
        "type": "urn:billing:problem:idempotency_key_reused",
        "title": "Idempotency-Key reused",
        "status": 422,
        "detail": "This Idempotency-Key was used with another request.",
        "code": "idempotency_key_reused",
    }
    assert code(post(client, "/django", key=None)) == "idempotency_key_missing"
    assert code(post(client, "/django", key="")) == "idempotency_key_malformed"


@ANYWHERE
def test_a_concurrent_request_gets_409(client: Client, url: str) -> None:
    post(client, url)
    row = IdempotencyKey.objects.get()
    IdempotencyKey.objects.update(
        state="started", locked_until=timezone.now() + timedelta(minutes=1)
    )
    told = post(client, url)
    assert (told.status_code, told.headers["Retry-After"]) == (409, "1")
    # As it is when the process was killed, and its lease has ended.
    IdempotencyKey.objects.update(locked_until=timezone.now())
    assert post(client, url).status_code == 201
    assert len(till.references) == 2
    assert len(set(till.references)) == 1
    assert IdempotencyKey.objects.get().created_at == row.created_at


@pytest.mark.parametrize(("url", "hours"), [("/payments", 24), ("/optional", 1)])
def test_a_key_lives_as_long_as_it_is_said_to(client: Client, url: str, hours: int) -> None:
    post(client, url)
    row = IdempotencyKey.objects.get()
    assert row.expires_at - row.created_at == timedelta(hours=hours)
    IdempotencyKey.objects.update(expires_at=timezone.now())
    assert "Idempotency-Replayed" not in post(client, url).headers
    assert len(set(till.references)) == 2


@pytest.mark.postgresql
@pytest.mark.django_db(transaction=True)
def test_one_of_many_simultaneous_requests_is_processed() -> None:
    client = Client()
    client.force_login(User.objects.create_user("jo"))
    barrier = Barrier(CALLERS)

    def call(_: int) -> int:
        caller = Client()
        caller.cookies = client.cookies
        try:
            barrier.wait(30)
            return post(caller).status_code
        finally:
            connection.close()

    with ThreadPoolExecutor(CALLERS) as callers:
        said = set(callers.map(call, range(CALLERS)))
    assert said <= {201, 409}
    assert len(till.references) == 1
    assert post(client).headers["Idempotency-Replayed"] == "true"
    assert IdempotencyKey.objects.count() == 1


def test_a_function_that_is_no_view_is_named() -> None:
    with pytest.raises(TypeError, match="refund is no view"):
        refund(7)
