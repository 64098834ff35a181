"""What every provider must refuse. One that is added is tried as soon as it is registered."""

from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import assume
from hypothesis import strategies as st

from webhooks.events import Event
from webhooks.exceptions import Rejected
from webhooks.providers import PROVIDERS, Provider
from webhooks.testing import stripe_events
from webhooks.testing.hostile import HEADERS, VALUES, as_body, drawn, spoiled

NOW = datetime(2026, 1, 1, tzinfo=UTC)
SECRET, OTHER = "whsec_ours_and_nobody_else_s", "whsec_a_stranger_s"

SAMPLES: dict[str, Callable[[], Any]] = {
    "stripe": lambda: stripe_events.sample("invoice.paid", created=int(NOW.timestamp())),
}
"""A genuine payload of each provider's."""

pytestmark = [
    pytest.mark.one_database,
    pytest.mark.parametrize("provider", PROVIDERS.values(), ids=list(PROVIDERS)),
]


def verify(provider: Provider, body: bytes, headers: dict[str, str], *secrets: str) -> list[Event]:
    return provider.verify(body, headers, secrets=secrets or [SECRET], now=NOW)


def signed(provider: Provider, body: bytes, secret: str = SECRET) -> dict[str, str]:
    return provider.sign(body, secret=secret, now=NOW)


def genuine(provider: Provider) -> bytes:
    return as_body(SAMPLES[provider.name]())


def test_its_own_deliveries_are_accepted(provider: Provider) -> None:
    body = genuine(provider)
    assert verify(provider, body, signed(provider, body))


def test_any_of_several_secrets_is_accepted(provider: Provider) -> None:
    body = genuine(provider)
    assert verify(provider, body, signed(provider, body), OTHER, SECRET)


def test_a_signature_by_another_secret_is_refused_whatever_else_is_sent(provider: Provider) -> None:
    body = genuine(provider)
    # A header must never be where a secret comes from.
    names = ("Authorization", "X-Secret", "Stripe-Webhook-Secret", "Webhook-Secret", "Secret")
    headers = dict.fromkeys(names, OTHER) | signed(provider, body, OTHER)
    with pytest.raises(Rejected):
        verify(provider, body, headers)


def test_without_a_signature_it_is_refused(provider: Provider) -> None:
    with pytest.raises(Rejected):
        verify(provider, genuine(provider), {})


def test_without_a_secret_nothing_is_accepted(provider: Provider) -> None:
    body = genuine(provider)
    for secret in ("", "None", SECRET):
        with pytest.raises(Rejected):
            provider.verify(body, signed(provider, body, secret), secrets=[], now=NOW)


@drawn(place=st.floats(0, 1, exclude_max=True), flip=st.integers(1, 255))
def test_a_signature_fits_no_other_body(provider: Provider, place: float, flip: int) -> None:
    body = bytearray(genuine(provider))
    headers = signed(provider, bytes(body))
    body[int(place * len(body))] ^= flip
    for forged in (bytes(body), bytes(body[:-1]), bytes(body) + b" "):
        with pytest.raises(Rejected):
            verify(provider, forged, headers)


@drawn(header=HEADERS, body=st.binary(), secrets=st.lists(st.sampled_from([SECRET, OTHER, "\xe9"])))
def test_unsigned_input_is_always_refused(
    provider: Provider, header: str, body: bytes, secrets: list[str]
) -> None:
    with pytest.raises(Rejected):
        verify(provider, body, {provider.signature_header: header}, *secrets)


@drawn(cut=st.integers(0, 120), header=HEADERS)
def test_part_of_a_signature_is_refused(provider: Provider, cut: int, header: str) -> None:
    body = genuine(provider)
    whole = signed(provider, body)[provider.signature_header]
    assume(cut < len(whole))
    with pytest.raises(Rejected):
        verify(provider, body, {provider.signature_header: whole[:cut] + header})


@drawn(data=st.data())
def test_signed_input_gives_storable_events_or_is_refused(
    provider: Provider, data: st.DataObject
) -> None:
    body = data.draw(
        st.one_of(
            st.binary(),
            VALUES.map(as_body),
            spoiled(SAMPLES[provider.name]()).map(as_body),
        )
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
