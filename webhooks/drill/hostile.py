"""Deliveries that must be refused, each for one reason only, so that a wrong reason shows."""

import random
from dataclasses import replace
from datetime import timedelta

from webhooks import conf
from webhooks.drill.deliveries import DeliveryKind, DrillDelivery

MARGIN = timedelta(minutes=1)

# `%s` is replaced by the drill's run id, so that whatever is recorded of these is found.
MALFORMED = (
    b"",
    b"null",
    b'"%s"',
    b'["%s"]',
    b'\xff\xfe"%s"',
    b'{"id": "%s"',
    b'{"type": "%s"}',
    b'{"id": "", "type": "%s"}',
    b'{"id": 7, "type": "%s"}',
    b'{"id": "%s", "type": null}',
    b'{"id": "%s\\u0000", "type": "invoice.paid"}',
    b'{"id": "%s\\ud800", "type": "invoice.paid"}',
    b'{"id": "%s", "type": "invoice.paid", "created": NaN}',
    b'{"id": "%s", "type": "invoice.paid", "created": "now"}',
    b'{"id": "%s", "type": "invoice.paid", "data": []}',
    b'{"id": "%s", "type": "invoice.paid", "data": {"object": "in_1"}}',
    b'{"id": "%s", "type": "invoice.paid", "data": ' + b"[" * 5000 + b"]" * 5000 + b"}",
)


def unsigned(genuine: DrillDelivery) -> DrillDelivery:
    """Return a genuine event without a signature."""
    return DrillDelivery(DeliveryKind.UNSIGNED, genuine.body)


def tampered(genuine: DrillDelivery) -> DrillDelivery:
    """Return a test event that was altered to be a live one, under its former signature."""
    body = genuine.body.replace(b'"livemode": false', b'"livemode": true')
    return DrillDelivery(DeliveryKind.TAMPERED, body, signed=genuine.body)


def truncated(genuine: DrillDelivery, rng: random.Random) -> DrillDelivery:
    """Return an event that is cut off somewhere, under the signature of the whole."""
    body = genuine.body[: rng.randrange(1, len(genuine.body))]
    return DrillDelivery(DeliveryKind.TRUNCATED, body, signed=genuine.body)


def stale(genuine: DrillDelivery, rng: random.Random) -> DrillDelivery:
    """Return an event that was signed too long ago, or too far in the future."""
    age = conf.stripe_tolerance() + MARGIN
    return replace(genuine, kind=DeliveryKind.STALE, number=None, age=rng.choice((age, -age)))


def malformed(run: str, rng: random.Random) -> DrillDelivery:
    """Return a signed body that is not an event."""
    template = rng.choice(MALFORMED)
    body = template.replace(b"%s", run.encode())
    return DrillDelivery(DeliveryKind.MALFORMED, body, signed=body)


def oversized(genuine: DrillDelivery) -> DrillDelivery:
    """Return a genuine event, padded to one byte more than is accepted."""
    # Padded with white space, which JSON allows: only the size is wrong.
    body = genuine.body.ljust(conf.max_body_bytes() + 1)
    return DrillDelivery(DeliveryKind.OVERSIZED, body, signed=body)
