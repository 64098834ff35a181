"""What is tried with one input: everything that reads a delivery before a database is asked."""

import json
from collections import defaultdict
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from typing import Final

from billing.changes import Change
from billing.ordering import Snapshot, pack, resolve, unpack
from billing.translators import TRANSLATORS
from webhooks import strict_json
from webhooks.admin.payload import colour, masked
from webhooks.events import Event
from webhooks.exceptions import PermanentFailure, Rejected
from webhooks.providers import PROVIDERS, Provider

NOW: Final = datetime(2026, 1, 1, tzinfo=UTC)
SECRETS: Final = [f"whsec_{word}AndKnownToAll{'A' * 24}" for word in ("New", "Old")]
"""In base64 as well, which some providers' secrets are."""

SECRETS_OF: Final = {
    "adyen": ["0f" * 32, "f0" * 32],
    "adyenplatform": ["0f" * 32, "f0" * 32],
    "braintree": ["new:known", "old:known"],
}
"""Of the providers who take no others."""

OPTIONS: Final = {"notification_url": "https://example.com/"}

UNSIGNED: Final = ("adyen", "braintree", "paypal")
"""Adyen's signature is in the body, Braintree sends XML, and PayPal alone has its key."""

SHOWN: Final = 1000
"""Colouring what is longer takes longer than all the rest, and tells no more."""

STRANGER: Final = b"?"
"""Begins an input that is a header and, on the lines after it, a body that nobody signed."""


def feed(data: bytes) -> None:
    """Read an input in every provider's name. Whatever this raises is a defect."""
    for provider in PROVIDERS.values():
        if data.startswith(STRANGER):
            _come_as_stranger(provider, data[1:])
        else:
            _deliver(provider, data.split(b"\n"))


def _come_as_stranger(provider: Provider, data: bytes) -> None:
    header, _, body = data.partition(b"\n")
    for text in (header.decode("latin-1"), header.decode(errors="surrogateescape")):
        with suppress(Rejected):
            provider.verify(
                body,
                {provider.signature_header: text},
                secrets=SECRETS_OF.get(provider.name, SECRETS),
                now=NOW,
                options=OPTIONS,
            )
            raise AssertionError("accepted, and nobody had signed it")


def _deliver(provider: Provider, bodies: list[bytes]) -> None:
    told: dict[tuple[str, str], list[tuple[Change, Snapshot]]] = defaultdict(list)
    for number, body in enumerate(bodies):
        if len(body) < SHOWN:
            colour(masked(body))
        for event in [*_proven(provider, body), *_as_parsed(provider, body)]:
            with suppress(PermanentFailure):
                for change in _changes_of(event):
                    arrived = replace(event, id=str(number), received_at=NOW)
                    pair = change, Snapshot.of_event(arrived, change)
                    told[change.object_type, change.provider_id].append(pair)
    for pairs in told.values():
        _resolve([change for change, _ in pairs], [snapshot for _, snapshot in pairs])


def _as_parsed(provider: Provider, body: bytes) -> Iterator[Event]:
    """Yield a body's JSON as the event of one whose deliveries nobody else can sign, or write."""
    with suppress(strict_json.NotJson):
        payload = strict_json.read(body)
        if provider.name in UNSIGNED and isinstance(payload, dict):
            yield Event(provider=provider.name, id="1", type="", payload=payload)


def _changes_of(event: Event) -> list[Change]:
    translator = TRANSLATORS.get(event.provider)
    return translator.changes_of(event) if translator else []


def _proven(provider: Provider, body: bytes) -> Iterator[Event]:
    secrets = SECRETS_OF.get(provider.name, SECRETS)
    try:
        proof = provider.sign(body, secret=secrets[1], now=NOW, options=OPTIONS)
    except ValueError:
        return  # PayPal alone has the key that signs.
    sent, headers = provider.sent(body, proof)
    with suppress(Rejected):
        for event in provider.verify(sent, headers, secrets=secrets, now=NOW, options=OPTIONS):
            json.dumps(dict(event.payload), allow_nan=False)
            yield event


def _resolve(changes: list[Change], snapshots: list[Snapshot]) -> None:
    current = {**dict.fromkeys(changes[0].names()), "deleted": False, **snapshots[0].facts}
    resolution = resolve(changes[0].order_rules, current, snapshots)
    packed = json.loads(json.dumps(pack(resolution.kept, resolution.facts), allow_nan=False))
    assert [one.facts for one in unpack(packed, resolution.facts)] == [
        one.facts for one in resolution.kept
    ]
