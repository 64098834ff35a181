"""What every provider must prove and refuse. One that is added is tried as soon as it is there."""

import base64
import hashlib
from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import timedelta

import pytest
from hypothesis import assume
from hypothesis import strategies as st

from webhooks.events import Event
from webhooks.exceptions import Rejected, StaleSignature
from webhooks.providers import Provider, secret_id_of
from webhooks.testing.hostile import HEADERS, VALUES, drawn, spoiled
from webhooks.tests.provider_cases import CASES, NOW, TRIED, Case

pytestmark = pytest.mark.parametrize("provider", TRIED.values(), ids=list(TRIED))


@pytest.fixture
def case(provider: Provider) -> Case:
    return CASES[provider.name]


def verify(
    provider: Provider, body: bytes, headers: Mapping[str, str], *secrets: str
) -> list[Event]:
    case = CASES[provider.name]
    return verify_by(provider, body, headers, secrets or [case.secret])


def verify_by(
    provider: Provider, body: bytes, proof: Mapping[str, str], secrets: Sequence[str]
) -> list[Event]:
    sent, headers = provider.sent(body, proof)
    options = CASES[provider.name].options
    return provider.verify(sent, headers, secrets=secrets, now=NOW, options=options)


def proof_of(provider: Provider) -> str:
    """Return the name of what proves a delivery, among what its body is signed with."""
    return CASES[provider.name].proof or provider.signature_header


def signed(provider: Provider, body: bytes, secret: str = "", seconds: float = 0) -> dict[str, str]:
    case, at = CASES[provider.name], NOW + timedelta(seconds=seconds)
    return provider.sign(body, secret=secret or case.secret, now=at, options=case.options)


def refuse(provider: Provider, body: bytes, headers: Mapping[str, str], *secrets: str) -> None:
    with pytest.raises(Rejected):
        verify(provider, body, headers, *secrets)


def test_its_own_deliveries_are_accepted_and_named(provider: Provider, case: Case) -> None:
    events = verify(provider, case.body, signed(provider, case.body))

    assert len(events) == case.events
    names = {"provider": provider.name, "secret_id": secret_id_of(case.secret), **case.names}
    assert {name: getattr(events[0], name) for name in names} == names
    if "id" not in case.names and provider.name not in ("stripe", "standard"):
        assert events[0].id == hashlib.sha256(case.body).hexdigest()


def test_its_events_have_ids_of_their_own(provider: Provider, case: Case) -> None:
    events = verify(provider, case.body, signed(provider, case.body))
    assert len({event.id for event in events}) == case.events
    # Where a delivery has several, each is kept without the others.
    bodies = {event.body for event in events}
    assert len(bodies) == case.events
    assert (None in bodies) == (case.events == 1 and not case.is_rewritten)


def test_any_of_several_secrets_is_accepted(provider: Provider, case: Case) -> None:
    events = verify(provider, case.body, signed(provider, case.body), case.other, case.secret)
    assert events[0].secret_id == secret_id_of(case.secret)


def test_a_signature_by_another_secret_is_refused_whatever_else_is_sent(
    provider: Provider, case: Case
) -> None:
    # A header must never be where a secret comes from.
    names = ("Authorization", "X-Secret", "Stripe-Webhook-Secret", "Webhook-Secret", "Secret")
    headers = dict.fromkeys(names, case.other) | signed(provider, case.body, case.other)
    refuse(provider, case.body, headers)


def test_without_a_signature_it_is_refused(provider: Provider, case: Case) -> None:
    refuse(provider, case.body, {})
    headers = signed(provider, case.body)
    for name in headers:
        refuse(provider, case.body, {**headers, name: ""})
        refuse(provider, case.body, {key: headers[key] for key in headers if key != name})


def test_without_a_secret_nothing_is_accepted(provider: Provider, case: Case) -> None:
    for secret in ("", "None", case.secret):
        headers = {}
        with suppress(ValueError):
            headers = signed(provider, case.body, secret)
        with pytest.raises(Rejected):
            verify_by(provider, case.body, headers, [])


def test_a_secret_that_is_none_proves_nothing(provider: Provider, case: Case) -> None:
    headers = signed(provider, case.body)
    for secret in ("", "whsec_", "whpk_", "\N{SNOWMAN}", "="):
        refuse(provider, case.body, headers, secret)
        assert verify(provider, case.body, headers, secret, case.secret)


def test_only_the_bytes_of_the_signature_itself_prove(provider: Provider, case: Case) -> None:
    headers = signed(provider, case.body)
    proof = headers[proof_of(provider)]
    for changed in (
        *(proof.upper(), proof.swapcase(), proof[:-1], proof[1:], proof + "0"),
        *(f'"{proof}"', proof.replace("=", "=="), proof.replace("=", " ="), "None", "null", "0"),
        *(proof[::-1], "=".join(proof), f"{proof[:-4]}\N{FULLWIDTH DIGIT ONE}", "v1=,t=", ";", " "),
        *(_other_encoding(proof), "sha1=" + proof, proof.translate({48: 0x660, 49: 0x661})),
    ):
        if changed != proof:
            refuse(provider, case.body, {**headers, proof_of(provider): changed})


def test_what_is_signed_twice_over_is_still_one_delivery(provider: Provider, case: Case) -> None:
    by_another = signed(provider, case.body, case.other)[proof_of(provider)]
    headers = signed(provider, case.body)
    both = f"{headers[proof_of(provider)]},{by_another}"
    # A provider that signs with several secrets sends several signatures; none makes two events.
    with suppress(Rejected):
        joined = {**headers, proof_of(provider): both}
        assert len(verify(provider, case.body, joined)) == case.events


@pytest.mark.parametrize("seconds", [-(10**9), -301, 301, 10**9])
def test_what_was_not_signed_just_now_is_refused(
    provider: Provider, case: Case, seconds: int
) -> None:
    headers = signed(provider, case.body, seconds=seconds)
    if not case.is_timed:
        assert verify(provider, case.body, headers)
        return
    with pytest.raises(StaleSignature):
        verify(provider, case.body, headers)
    assert verify(provider, case.body, signed(provider, case.body, seconds=seconds % 600 - 300))


@drawn(place=st.floats(0, 1, exclude_max=True), flip=st.integers(1, 255))
def test_a_signature_fits_no_other_body(provider: Provider, place: float, flip: int) -> None:
    case = CASES[provider.name]
    if not case.covers_body:
        return  # a token proves the sender alone, and says nothing of what is sent
    body = bytearray(case.body)
    headers = signed(provider, bytes(body))
    body[int(place * len(body))] ^= flip
    for forged in (bytes(body), bytes(body[:-1]), bytes(body) + b" "):
        refuse(provider, forged, headers)


@drawn(data=st.data(), flip=st.integers(1, 0x7F))
def test_no_character_of_what_proves_can_be_changed(
    provider: Provider, data: st.DataObject, flip: int
) -> None:
    case = CASES[provider.name]
    headers = signed(provider, case.body)
    name = data.draw(st.sampled_from(sorted(headers)))
    place = data.draw(st.integers(0, len(headers[name]) - 1))
    changed = chr(ord(headers[name][place]) ^ flip)
    text = headers[name][:place] + changed + headers[name][place + 1 :]
    refuse(provider, case.body, {**headers, name: text})


@drawn(header=HEADERS, body=st.binary(), secrets=st.lists(st.sampled_from(["\xe9", "a", "b"])))
def test_unsigned_input_is_always_refused(
    provider: Provider, header: str, body: bytes, secrets: list[str]
) -> None:
    assume(header not in secrets)
    case = CASES[provider.name]
    headers = signed(provider, case.body)
    for name in headers:
        refuse(provider, body, {**headers, name: header}, case.secret, *secrets)
        refuse(provider, body, {name: header}, *secrets)


@drawn(cut=st.integers(0, 120), header=HEADERS)
def test_part_of_a_signature_is_refused(provider: Provider, cut: int, header: str) -> None:
    case = CASES[provider.name]
    headers = signed(provider, case.body)
    whole = headers[proof_of(provider)]
    assume(cut < len(whole))
    refuse(provider, case.body, {**headers, proof_of(provider): whole[:cut] + header})


@pytest.mark.parametrize(
    "body",
    [
        *(b"", b"\xff\xfe", b"null", b"3", b"[]", b"{}", b"{", b'{"a":1,"a":2}', b"NaN"),
        *(b"[" * 100_000, b'{"a":' * 200 + b"1" + b"}" * 200, b'{"events":{}}', b'{"events":[1]}'),
    ],
    ids=range(13),
)
def test_what_is_signed_and_is_no_event_is_refused(
    provider: Provider, case: Case, body: bytes
) -> None:
    if case.events > 1 and body == b"{}":
        body = b'{"events":[{}]}'
    refuse(provider, body, signed(provider, body))


@drawn(data=st.data())
def test_signed_input_gives_storable_events_or_is_refused(
    provider: Provider, data: st.DataObject
) -> None:
    case = CASES[provider.name]
    body = data.draw(
        st.one_of(st.binary(), VALUES.map(case.write), spoiled(case.payload).map(case.write))
    )
    events: list[Event] = []
    with suppress(Rejected):
        events = verify(provider, body, signed(provider, body))
    for event in events:
        assert event.provider == provider.name
        assert 0 < len(event.id) <= 255
        assert 0 < len(event.type) <= 255
        assert event.created_at is None or event.created_at.tzinfo
        for text in texts(event):
            assert len(text) <= 255
            assert "\0" not in text
            text.encode()


def texts(event: Event) -> list[str]:
    return [
        *(event.id, event.type, event.account, event.api_version),
        *(event.object_type, event.object_id, event.customer_id),
    ]


def _other_encoding(proof: str) -> str:
    """Return a signature in base64 that was in hexadecimal, or the other way round."""
    text = proof.rpartition(",")[2].rpartition("=")[2] or proof
    with suppress(ValueError):
        return proof.replace(text, base64.b64encode(bytes.fromhex(text)).decode())
    with suppress(ValueError):
        return proof.replace(text, base64.b64decode(text, validate=True).hex())
    return "none"
