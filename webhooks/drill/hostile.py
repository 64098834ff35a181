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


def make(
    kind: DeliveryKind, genuine: DrillDelivery, run: str, rng: random.Random
) -> DrillDelivery | None:
    """Return a hostile delivery of a kind, made of a genuine one; None for no hostile kind."""
    match kind:
        case DeliveryKind.UNSIGNED:
            return unsigned(genuine)
        case DeliveryKind.TAMPERED:
            return tampered(genuine)
        case DeliveryKind.TRUNCATED:
            return truncated(genuine, rng)
        case DeliveryKind.STALE:
            return stale(genuine, rng)
        case DeliveryKind.OVERSIZED:
            return oversized(genuine)
        case DeliveryKind.MALFORMED:
            return malformed(run, rng)
    return None


def unsigned(genuine: DrillDelivery) -> DrillDelivery:
    """Return a genuine event without a signature."""
    return DrillDelivery(DeliveryKind.UNSIGNED, genuine.body)


def tampered(genuine: DrillDelivery) -> DrillDelivery:
    """Return an event that was altered under its former signature: a test one to be a live one."""
    body = genuine.body.replace(b'"livemode": false', b'"livemode": true')
    # What says nothing of the mode is as little its sender's with one more space.
    body = genuine.body + b" " if body == genuine.body else body
    return DrillDelivery(DeliveryKind.TAMPERED, body, signed=genuine.body)


def truncated(genuine: DrillDelivery, rng: random.Random) -> DrillDelivery:
    """Return an event that is cut off somewhere, under the signature of the whole."""
    body = genuine.body[: rng.randrange(1, len(genuine.body))]
    return DrillDelivery(DeliveryKind.TRUNCATED, body, signed=genuine.body)


def stale(genuine: DrillDelivery, rng: random.Random) -> DrillDelivery:
    """Return an event that was signed too long ago, or too far in the future."""
    age = conf.stripe_tolerance() + MARGIN
    return replace(
        genuine, kind=DeliveryKind.STALE, number=None, event_id="", age=rng.choice((age, -age))
    )


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
