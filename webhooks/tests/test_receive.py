"""The HTTP contract: what is accepted, what is refused, and that refusals leave no trace."""

import hmac
import json
from datetime import timedelta
from typing import Any
from unittest.mock import Mock

import pytest
from django.test import Client
from django.utils import timezone
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from pytest_django import DjangoAssertNumQueries, Settings

from webhooks import strict_json
from webhooks.events import Event
from webhooks.intake.refusal_sampling import FIRST
from webhooks.models import WebhookEvent
from webhooks.testing import deliver
from webhooks.testing.client import post, sign
from webhooks.testing.hostile import SHARP, as_body
from webhooks.testing.plugin import Subscribe
from webhooks.tests.events import make_event

pytestmark = pytest.mark.django_db

BODY = json.dumps(make_event()).encode()


def refusal(response: Any) -> tuple[int, str]:
    """The status and code of a problem document, checked for its form."""
    assert response.headers["Content-Type"] == "application/problem+json"
    problem = response.json()
    assert problem["status"] == response.status_code
    assert problem["type"]
    assert problem["title"]
    assert problem["detail"]
    assert WebhookEvent.objects.count() == 0
    return response.status_code, problem["code"]


@pytest.mark.parametrize("path", ["/webhooks/stripe", "/webhooks/stripe/"])
def test_a_genuine_delivery_is_received_once(path: str) -> None:
    first = post(BODY, sign(BODY), path)
    second = post(BODY, sign(BODY), path)

    assert (first.status_code, first.json()) == (200, {"status": "received"})
    assert second.status_code == 200
    assert second.json() == {"status": "received", "idempotent_replay": True}


@pytest.mark.parametrize(
    ("header", "code"),
    [
        (None, "missing_signature"),
        ("", "missing_signature"),
        ("nonsense", "malformed_signature"),
        ("t=1700000000", "malformed_signature"),
        ("v1=" + "0" * 64, "malformed_signature"),
        ("t=,v1=" + "0" * 64, "malformed_signature"),
        ("t=+123,v1=" + "0" * 64, "malformed_signature"),
        ("t=1_23,v1=" + "0" * 64, "malformed_signature"),
        ("t= 123 ,v1=" + "0" * 64, "malformed_signature"),
        ("t=-1,v1=" + "0" * 64, "malformed_signature"),
        ("t=\u0661\u0662,v1=" + "0" * 64, "malformed_signature"),
        ("t=" + "9" * 5000 + ",v1=" + "0" * 64, "malformed_signature"),
        ("t=1,t=2,v1=" + "0" * 64, "malformed_signature"),
        ("t=1700000000,v0=" + "0" * 64, "malformed_signature"),
        ("t=1700000000,v1=" + "0" * 64, "invalid_signature"),
        ("t=1700000000,v1=", "invalid_signature"),
        ("t=1700000000,v1=\u00e9\u00ff", "invalid_signature"),
    ],
)
def test_unsigned_and_malformed_signatures_are_refused(header: str | None, code: str) -> None:
    headers = {} if header is None else {"Stripe-Signature": header}

    assert refusal(post(BODY, headers)) == (400, code)


def test_a_signature_covers_every_byte() -> None:
    assert refusal(post(BODY + b" ", sign(BODY))) == (400, "invalid_signature")


def test_a_signature_by_another_secret_is_refused() -> None:
    headers = sign(BODY, secret="whsec_somebody_elses")

    assert refusal(post(BODY, headers)) == (400, "invalid_signature")


@pytest.mark.parametrize("offset", [timedelta(seconds=-310), timedelta(seconds=310)])
def test_a_signature_made_at_another_time_is_refused(offset: timedelta) -> None:
    headers = sign(BODY, now=timezone.now() + offset)

    assert refusal(post(BODY, headers)) == (400, "stale_signature")


@pytest.mark.parametrize("offset", [timedelta(seconds=-290), timedelta(seconds=290)])
def test_clocks_may_differ_by_less_than_the_tolerance(offset: timedelta) -> None:
    assert post(BODY, sign(BODY, now=timezone.now() + offset)).status_code == 200


def test_every_configured_secret_is_accepted_during_rotation(settings: Settings) -> None:
    settings.STRIPE_WEBHOOK_SECRET = " whsec_old , whsec_new ,"

    for secret in ("whsec_old", "whsec_new"):
        assert post(BODY, sign(BODY, secret=secret)).status_code == 200


def test_any_of_several_signatures_is_enough() -> None:
    timestamp, genuine = sign(BODY)["Stripe-Signature"].split(",")
    header = f"{timestamp},v1={'0' * 64},{genuine},v0=abc"

    assert post(BODY, {"Stripe-Signature": header}).status_code == 200


def test_an_endpoint_without_a_secret_accepts_nothing(
    settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    settings.STRIPE_WEBHOOK_SECRET = " , "
    response = post(BODY, sign(BODY, secret="whsec_whatever"))

    assert refusal(response) == (503, "endpoint_not_configured")
    assert "STRIPE_WEBHOOK_SECRET" in caplog.text
    assert b"STRIPE_WEBHOOK_SECRET" not in response.content


@pytest.mark.parametrize("path", ["nobody/", "stripe/more", "", "%0a%00", "\u00e9", "stripe%20"])
def test_an_unknown_endpoint_is_refused(path: str) -> None:
    assert refusal(post(BODY, sign(BODY), f"/webhooks/{path}")) == (404, "unknown_endpoint")


def test_a_request_to_another_host_is_refused(settings: Settings) -> None:
    settings.ALLOWED_HOSTS = ["payments.example"]

    assert refusal(post(BODY, sign(BODY))) == (400, "bad_request")


@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "PATCH", "DELETE"])
def test_only_post_is_allowed(client: Client, method: str) -> None:
    response = client.generic(method, "/webhooks/stripe")

    assert response.headers["Allow"] == "POST"
    # The answer to HEAD has no body.
    assert method == "HEAD" or refusal(response) == (405, "method_not_allowed")
    assert response.status_code == 405


def test_a_body_over_the_limit_is_refused(settings: Settings) -> None:
    settings.WEBHOOK_MAX_BODY_BYTES = len(BODY)
    larger = BODY + b" "

    assert refusal(post(larger, sign(larger))) == (413, "payload_too_large")
    assert post(BODY, sign(BODY)).status_code == 200


def nested(depth: int) -> bytes:
    return b'{"id": "evt_1", "type": "a", "x": ' + b"[" * depth + b"]" * depth + b"}"


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"not json",
        b"\xff\xfe",
        b'{"id": "evt_1", "type": "\xff"}',
        b"[]",
        b"null",
        b"3",
        b'"event"',
        b"{}",
        b'{"id": "evt_1"}',
        b'{"type": "a"}',
        b'{"id": "", "type": "a"}',
        b'{"id": "evt_1", "type": ""}',
        b'{"id": 1, "type": "a"}',
        b'{"id": "evt_1", "type": ["a"]}',
        b'{"id": "evt_\\u0000", "type": "a"}',
        b'{"id": "evt_1", "type": "a\\ud800"}',
        json.dumps({"id": "e" * 256, "type": "a"}).encode(),
        json.dumps({"id": "evt_1", "type": "a" * 256}).encode(),
        b'{"id": "evt_1", "type": "a", "created": "now"}',
        b'{"id": "evt_1", "type": "a", "created": null}',
        b'{"id": "evt_1", "type": "a", "created": true}',
        b'{"id": "evt_1", "type": "a", "created": NaN}',
        b'{"id": "evt_1", "type": "a", "x": Infinity}',
        b'{"id": "evt_1", "type": "a", "data": []}',
        b'{"id": "evt_1", "type": "a", "data": null}',
        b'{"id": "evt_1", "type": "a", "data": {"object": []}}',
        b'{"id": "evt_1", "type": "a", "data": {"object": "in_1"}}',
        b'{"id": "evt_1", "type": "a", "x": ' + b"9" * 5000 + b"}",
        nested(200),
        nested(100_000),
    ],
)
def test_signed_bodies_that_are_not_events_are_refused(body: bytes) -> None:
    assert refusal(post(body, sign(body))) == (400, "malformed_event")


@pytest.mark.parametrize(
    "body",
    [
        b'{"id": "evt_1", "type": "a"}',
        b'{"id": "evt_1", "type": "a", "data": {}}',
        b'{"id": "evt_1", "type": "a", "data": {"object": null}}',
        b'{"id": "evt_1", "type": "a", "data": {"object": {"id": 7, "customer": []}}}',
        b'{"id": "evt_1", "type": "a", "created": 1e300, "account": 5, "livemode": "yes"}',
        b'{"id": "evt_1", "type": "a", "created": -1.5, "x": "\\ud83d cut short"}',
        b'{"id": "evt_1", "type": "a", "created": 1e999}',
        json.dumps({"id": "e" * 255, "type": "\u00e9" * 255}).encode(),
        nested(99),
    ],
)
def test_unusual_event_contents_are_received(body: bytes) -> None:
    assert post(body, sign(body)).status_code == 200


@pytest.mark.parametrize("value", SHARP, ids=range(len(SHARP)))
def test_payloads_can_always_be_serialised_again(value: Any, subscribe: Subscribe) -> None:
    kept: list[str] = []

    def keep(event: Event) -> None:
        kept.append(json.dumps(dict(event.payload), allow_nan=False))

    subscribe(keep)
    body = as_body(make_event(x=value))

    assert post(body, sign(body)).status_code == 200
    row = WebhookEvent.objects.get()
    assert row.status == "processed"
    assert kept == [json.dumps(row.as_event().payload)]


@pytest.mark.parametrize(
    "value",
    [
        b'{"a": 1, "a": 1}',
        b"[" + b"0," * strict_json.MAX_VALUES + b"0]",
        b"-" + b"9" * (strict_json.MAX_DIGITS + 1),
        b"0." + b"9" * strict_json.MAX_DIGITS,
        b"-Infinity",
    ],
    ids=["ambiguous", "many values", "long number", "long fraction", "no number"],
)
def test_json_nested_or_numbered_beyond_bounds_is_refused(value: bytes) -> None:
    body = b'{"id": "evt_1", "type": "a", "x": ' + value + b"}"

    assert refusal(post(body, sign(body))) == (400, "malformed_event")


def test_a_list_like_string_stays_one_text() -> None:
    body = b'{"id": "evt_1", "type": "a", "x": "\\"' + b",[{" * strict_json.MAX_VALUES + b'"}'

    assert post(body, sign(body)).status_code == 200


def test_a_body_is_hashed_once_per_secret_not_per_signature(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.STRIPE_WEBHOOK_SECRET = "whsec_old,whsec_new"
    hashed = Mock(wraps=hmac.digest)
    monkeypatch.setattr(hmac, "digest", hashed)
    forged = f",v1={'0' * 64}"

    for count, code in [(1, "invalid"), (30, "invalid"), (100_000, "malformed")]:
        hashed.reset_mock()
        header = f"t={int(timezone.now().timestamp())}{forged * count}"
        assert refusal(post(BODY, {"Stripe-Signature": header})) == (400, f"{code}_signature")
        assert hashed.call_count == (2 if code == "invalid" else 0)


def test_an_expanded_object_is_recorded_by_its_id() -> None:
    subject = {"object": "invoice", "id": "in_1", "customer": {"id": "cus_1", "object": "customer"}}
    deliver(make_event(data={"object": subject}))

    row = WebhookEvent.objects.get()
    assert (row.object_type, row.object_id, row.customer_id) == ("invoice", "in_1", "cus_1")


def test_unproven_deliveries_cost_no_query_once_some_are_on_record(
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    kinds: tuple[dict[str, str], ...] = (
        {},
        sign(b"other"),
        sign(BODY, now=timezone.now() - timedelta(days=1)),
    )
    for headers in kinds * FIRST:
        post(BODY, headers)

    with django_assert_num_queries(0):
        for headers in kinds * 2:
            post(BODY, headers)


def test_a_refusal_is_logged_without_the_senders_text(
    caplog: pytest.LogCaptureFixture,
) -> None:
    post(b"marked-body", {"Stripe-Signature": "t=1,v1=marked-signature", "Cookie": "marked-cookie"})

    assert "invalid_signature" in caplog.text
    assert "marked" not in caplog.text


@hypothesis_settings(
    max_examples=500, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    header=st.text(st.characters(max_codepoint=255, exclude_characters="\r\n"), max_size=200)
    | st.from_regex(r"\A(t=\d{0,14},?|v[01]=[0-9a-f]{0,70},?){0,5}\Z"),
    body=st.binary(max_size=200),
)
def test_drawn_headers_and_bodies_without_signature_are_refused(header: str, body: bytes) -> None:
    status, _ = refusal(post(body, {"Stripe-Signature": header}))

    assert status == 400


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=20,
)
event_like = st.fixed_dictionaries(
    {},
    optional={
        key: json_values | st.just("evt_1")
        for key in ("id", "type", "created", "data", "account", "livemode", "api_version")
    },
)


@hypothesis_settings(
    max_examples=500, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(body=(json_values | event_like).map(lambda value: json.dumps(value).encode()))
def test_signed_input_is_received_or_refused_never_an_error(body: bytes) -> None:
    response = post(body, sign(body))

    assert response.status_code == 200 or refusal(response) == (400, "malformed_event")
    WebhookEvent.objects.all().delete()
