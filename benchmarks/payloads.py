"""Write signed deliveries to files ahead of a run, as signing would slow the load down."""

import hmac
import json
import re
import secrets
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack
from itertools import cycle
from pathlib import Path

from benchmarks import tuning
from webhooks.testing.stripe_events import sample

_MARK = "@" * 24  # as long as the part that it stands for, so that the size stays the same


def fresh_bodies(event_types: Sequence[str], count: int) -> Iterator[bytes]:
    """Yield the bodies of so many distinct events, each about objects of its own."""
    # Text is replaced, and no event built: millions must be made in seconds.
    templates = cycle([_template(event_type) for event_type in event_types])
    prefix = secrets.token_hex(6)
    for number in range(count):
        yield next(templates).replace(_MARK, f"{prefix}{number:012x}").encode()


def write_requests(files: Sequence[Path], path: str, bodies: Iterable[bytes], secret: str) -> None:
    """Write the signed requests to the files in turn, one file for each thread of the load."""
    # All signed at one time, which a run of seconds stays within the tolerance of.
    moment = str(int(time.time()))
    key = secret.encode()
    head = (
        f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAccept: */*\r\n"
        "User-Agent: Stripe/1.0 (+https://stripe.com/docs/webhooks)\r\n"
        "Content-Type: application/json; charset=utf-8\r\nX-Forwarded-Proto: https\r\n"
        "X-Forwarded-For: 203.0.113.7\r\n"
    )
    with ExitStack() as stack:
        hands = cycle([stack.enter_context(file.open("wb")) for file in files])
        for body, hand in zip(bodies, hands, strict=False):
            signature = hmac.digest(key, moment.encode() + b"." + body, "sha256").hex()
            request = (
                f"{head}Stripe-Signature: t={moment},v1={signature}\r\n"
                f"Content-Length: {len(body)}\r\n\r\n"
            ).encode() + body
            hand.write(b"%08d" % len(request))
            hand.write(request)


def _template(event_type: str) -> str:
    """Return an event of the usual size, with a mark in place of the unique part of every id."""
    event = sample(event_type)
    metadata = event["data"]["object"].setdefault("metadata", {})
    marked = re.sub(r"[0-9a-f]{24}", _MARK, json.dumps(event))
    metadata["note"] = ""
    missing = tuning.BODY_BYTES - len(json.dumps(event))
    filler = json.dumps({"note": secrets.token_urlsafe(missing)[:missing]})
    return marked.replace('"metadata": {}', f'"metadata": {filler}', 1)
