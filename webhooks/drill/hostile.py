"""Deliveries that must be refused, each for one reason only."""

import random
from dataclasses import replace
from datetime import timedelta

from webhooks import conf
from webhooks.drill.shots import Kind, Shot

MARGIN = timedelta(minutes=1)

# Signed, and no events. `%s` is where the drill's name goes, so that whatever is recorded of them
# is found.
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


def unsigned(genuine: Shot) -> Shot:
    """Without a signature."""
    return Shot(Kind.UNSIGNED, genuine.body)


def tampered(genuine: Shot) -> Shot:
    """A test event made to pass for a live one, under the signature of the test event."""
    body = genuine.body.replace(b'"livemode": false', b'"livemode": true')
    return Shot(Kind.TAMPERED, body, signed=genuine.body)


def truncated(genuine: Shot, rng: random.Random) -> Shot:
    """Cut off somewhere, under the signature of the whole."""
    body = genuine.body[: rng.randrange(1, len(genuine.body))]
    return Shot(Kind.TRUNCATED, body, signed=genuine.body)


def stale(genuine: Shot, rng: random.Random) -> Shot:
    """Signed too long ago, or too far in the future."""
    age = conf.stripe_tolerance() + MARGIN
    return replace(genuine, kind=Kind.STALE, number=None, age=rng.choice((age, -age)))


def malformed(run: str, rng: random.Random) -> Shot:
    """Signed, and no event."""
    template = rng.choice(MALFORMED)
    body = template.replace(b"%s", run.encode())
    return Shot(Kind.MALFORMED, body, signed=body)


def oversized(genuine: Shot) -> Shot:
    """A genuine event with white space after it, up to one byte more than is accepted."""
    body = genuine.body.ljust(conf.max_body_bytes() + 1)
    return Shot(Kind.OVERSIZED, body, signed=body)
