"""What every provider's endpoint refuses, over HTTP: whatever is wrong leaves no row behind."""

from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any, Final

import pytest
from django.db import connection
from django.utils import timezone

from webhooks import conf
from webhooks.models import Attempt, WebhookEvent
from webhooks.providers import PROVIDERS, Provider, secret_id_of
from webhooks.testing.client import post
from webhooks.testing.hostile import as_body
from webhooks.tests.provider_cases import CASES, TRIED, Case

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.parametrize("case", CASES.values(), ids=list(CASES)),
]

AT_ONCE: Final = 50


@pytest.fixture
def provider(case: Case, settings: Any, monkeypatch: pytest.MonkeyPatch) -> Provider:
    """Return the case's provider, which has two endpoints: its secrets prove at `ours` alone."""
    name = next(name for name, one in CASES.items() if one is case)
    monkeypatch.setitem(PROVIDERS, name, TRIED[name])
    keys = {"ours": f"{case.other},{case.secret}", "theirs": case.stranger}
    for slug, key in keys.items():
        setattr(settings, f"{slug.upper()}_WEBHOOK_SECRET", key)
    settings.WEBHOOK_ENDPOINTS = {
        slug: {
            "provider": name,
            "secrets_setting": f"{slug.upper()}_WEBHOOK_SECRET",
            **case.options,
            # PayPal's webhooks prove by an option, and have no secrets.
            **({"webhook_id": key} if "webhook_id" in case.options else {}),
        }
        for slug, key in keys.items()
    }
    return TRIED[name]


def prove(
    provider: Provider, case: Case, body: bytes, secret: str = "", seconds: float = 0
) -> dict[str, str]:
    at = timezone.now() + timedelta(seconds=seconds)
    options = {"endpoint": "ours", **case.options}
    return provider.sign(body, secret=secret or case.secret, now=at, options=options)


def send(provider: Provider, body: bytes, proof: Mapping[str, str], endpoint: str = "ours") -> Any:
    sent, headers = provider.sent(body, proof)
    return post(sent, headers, f"/webhooks/{endpoint}", media_type=provider.media_types[0])


def refused(response: Any, *codes: str) -> None:
    assert 400 <= response.status_code < 500
    assert response.headers["Content-Type"] == "application/problem+json"
    assert response.json()["code"] in codes
    assert not WebhookEvent.objects.exists()
    assert not Attempt.objects.exists()


UNPROVEN: Final = ("missing_signature", "malformed_signature", "invalid_signature")

SPOILT: Final[Mapping[str, Callable[[str], str]]] = {
    "empty": lambda proof: "",
    "blank": lambda proof: "   ",
    "cut off": lambda proof: proof[: len(proof) // 2],
    "without its first": lambda proof: proof[1:],
    "in capitals": lambda proof: proof.swapcase(),
    "backwards": lambda proof: proof[::-1],
    "longer": lambda proof: f"{proof}0",
    "far too long": lambda proof: proof + "0" * 6000,
    "of no letters": lambda proof: "\xff\xfe",
    "a word": lambda proof: "None",
    "quoted": lambda proof: f'"{proof}"',
    "of separators": lambda proof: "=,;:= ," * 8,
}


@pytest.mark.parametrize("spoil", SPOILT.values(), ids=list(SPOILT))
def test_a_proof_that_is_spoilt_proves_nothing(
    provider: Provider, case: Case, spoil: Callable[[str], str]
) -> None:
    proof = prove(provider, case, case.body)
    name = case.proof or provider.signature_header

    refused(send(provider, case.body, proof | {name: spoil(proof[name])}), *UNPROVEN)

    assert send(provider, case.body, proof).status_code == 200


def test_a_delivery_without_any_header_is_refused(provider: Provider, case: Case) -> None:
    response = post(case.body, {}, "/webhooks/ours", media_type=provider.media_types[0])
    refused(response, *UNPROVEN, "malformed_event")


def test_the_proof_of_another_secret_is_refused(provider: Provider, case: Case) -> None:
    refused(send(provider, case.body, prove(provider, case, case.body, case.stranger)), *UNPROVEN)


def test_one_endpoints_delivery_is_refused_at_another(provider: Provider, case: Case) -> None:
    refused(send(provider, case.body, prove(provider, case, case.body), "theirs"), *UNPROVEN)


@pytest.mark.parametrize("place", [0, 0.1, 0.3, 0.5, 0.7, 0.9, 0.999])
def test_a_body_with_one_byte_changed_is_refused(
    provider: Provider, case: Case, place: float
) -> None:
    if not case.covers_body:
        pytest.skip("nothing of the body is signed")
    changed = bytearray(case.body)
    changed[int(place * len(changed))] ^= 1

    refused(send(provider, bytes(changed), prove(provider, case, case.body)), *UNPROVEN)


@pytest.mark.parametrize("seconds", [-(10**8), -301, 302, 10**8])
def test_what_was_signed_at_another_time_is_refused_or_known(
    provider: Provider, case: Case, seconds: int
) -> None:
    proof = prove(provider, case, case.body, seconds=seconds)
    if case.is_timed:
        refused(send(provider, case.body, proof), "stale_signature")
        return
    # No time is signed, or any is in order: then only the row tells it from a new one.
    assert send(provider, case.body, proof).status_code == 200
    assert send(provider, case.body, prove(provider, case, case.body)).status_code == 200
    assert {row.deliveries for row in WebhookEvent.objects.all()} == {2}


BAD: Final = {
    "nothing": b"",
    "null": b"null",
    "a list": b"[]",
    "a number": b"3",
    "no JSON": b"{",
    "no text": b"\xff\xfe{}",
    "two of one key": b'{"id":"a","id":"b"}',
    "not a number": b'{"id":NaN}',
    "deep": b'{"a":' * 500 + b"1" + b"}" * 500,
    "names nothing": b'{"events":[{}],"x":1}',
}


@pytest.mark.parametrize("body", BAD.values(), ids=list(BAD))
def test_what_is_proven_and_is_no_event_is_refused(
    provider: Provider, case: Case, body: bytes
) -> None:
    refused(send(provider, body, prove(provider, case, body)), "malformed_event", *UNPROVEN)


def test_more_than_may_be_read_is_refused(provider: Provider, case: Case, settings: Any) -> None:
    settings.WEBHOOK_MAX_BODY_BYTES = 64

    refused(send(provider, case.body, prove(provider, case, case.body)), "payload_too_large")


def test_another_media_type_is_refused(provider: Provider, case: Case) -> None:
    sent, headers = provider.sent(case.body, prove(provider, case, case.body))
    refused(post(sent, headers, "/webhooks/ours", media_type="image/png"), "unsupported_media_type")


@pytest.mark.parametrize("place", ["first", "last"])
def test_one_bad_event_has_all_of_a_delivery_refused(
    provider: Provider, case: Case, place: str
) -> None:
    if case.events == 1:
        pytest.skip("its deliveries have one event each")
    [name] = [name for name, value in case.payload.items() if isinstance(value, list)]
    good = case.payload[name]
    listed = [{}, *good] if place == "first" else [*good, {}]
    body = as_body({**case.payload, name: listed})

    refused(send(provider, body, prove(provider, case, body)), "malformed_event", *UNPROVEN)


def test_no_member_of_a_proven_event_can_be_missed_with_a_server_error(
    provider: Provider, case: Case
) -> None:
    if case.events == 1:
        pytest.skip("its deliveries have one event each")
    [name] = [name for name, value in case.payload.items() if isinstance(value, list)]
    [wrapped, *_] = case.payload[name]
    inner = next(iter(wrapped.values())) if len(wrapped) == 1 else wrapped
    for member in inner:
        less = {key: value for key, value in inner.items() if key != member}
        item = {next(iter(wrapped)): less} if len(wrapped) == 1 else less
        body = as_body({**case.payload, name: [item]})
        assert send(provider, body, prove(provider, case, body)).status_code in (200, 400)


def test_each_secret_in_force_proves_and_is_on_record(provider: Provider, case: Case) -> None:
    for secret in (case.other, case.secret):
        WebhookEvent.objects.all().delete()
        assert (
            send(provider, case.body, prove(provider, case, case.body, secret)).status_code == 200
        )
        ids = set(WebhookEvent.objects.values_list("secret_id", flat=True))
        assert ids == {secret_id_of(secret)}


def test_without_a_secret_the_endpoint_takes_nothing(
    provider: Provider, case: Case, settings: Any
) -> None:
    settings.OURS_WEBHOOK_SECRET = ""
    own = settings.WEBHOOK_ENDPOINTS["ours"]
    settings.WEBHOOK_ENDPOINTS = settings.WEBHOOK_ENDPOINTS | {"ours": own | {"webhook_id": ""}}

    response = send(provider, case.body, prove(provider, case, case.body))

    assert response.status_code >= 400
    assert not WebhookEvent.objects.exists()
    assert conf.endpoint("theirs")


@pytest.mark.postgresql
@pytest.mark.django_db(transaction=True)
def test_many_at_once_leave_one_row_for_each_event(provider: Provider, case: Case) -> None:
    proof = prove(provider, case, case.body)

    def deliver(_: int) -> int:
        try:
            status: int = send(provider, case.body, proof).status_code
            return status
        finally:
            connection.close()

    with ThreadPoolExecutor(max_workers=16) as workers:
        assert set(workers.map(deliver, range(AT_ONCE))) == {200}
    assert [row.deliveries for row in WebhookEvent.objects.all()] == [AT_ONCE] * case.events
    assert set(WebhookEvent.objects.values_list("status", flat=True)) <= {"processed", "ignored"}
