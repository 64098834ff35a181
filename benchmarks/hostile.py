"""Measure the cost of reading the worst deliveries, by size: `python -m benchmarks.hostile`.

Each column is four times the size of the one before it. Where its time is much more than four times
as long, time is not in proportion to size any more.
"""

import json
import os
import sys
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import UTC, datetime
from typing import Final, TypeVar

import django

from tests.environment import pin

MIB: Final = 1024 * 1024
SIZES: Final = (MIB, 4 * MIB, 16 * MIB)
NOW: Final = datetime(2026, 1, 1, tzinfo=UTC)
SECRETS: Final = ["whsec_new_and_known_to_all", "whsec_old_and_known_to_all"]

Input = TypeVar("Input")
Make = Callable[[int], bytes]


def _event(subject: str, part: str, rest: str) -> Make:
    """Return a maker of events in which a part is repeated as often as there is room."""
    head = f'{{"id":"e","type":"a","data":{{"object":{{"id":"x","object":"{subject}"'
    ends = {"[": "]}", "{": "}", '"': '"'}

    def make(size: int) -> bytes:
        times = (size - len(head) - 100) // (len(part) + 1)
        inside = ",".join(part.replace("#", str(n)) for n in range(times))
        return f"{head},{rest}{inside}{ends[rest[-1]]}}}}}}}".encode()

    return make


BODIES: Final[Mapping[str, Make]] = {
    "white space": lambda size: b" " * size,
    "lists in lists": lambda size: b"[" * (size // 2) + b"]" * (size // 2),
    "objects in objects": lambda size: b'{"a":' * (size // 6) + b"1" + b"}" * (size // 6),
    "one whole number": lambda size: b"9" * size,
    "long whole numbers": lambda size: b"[" + b",".join([b"9" * 4300] * (size // 4301)) + b"]",
    "numbers too large": lambda size: b"[" + b",".join([b"1e999"] * (size // 6)) + b"]",
    "commas in a text": lambda size: b'"' + b"," * size + b'"',
    "surrogates": lambda size: b'"' + b"\\ud800" * (size // 6) + b'"',
    "quotes, and no end": lambda size: b',\\"' * (size // 3) + b"\\",
    "metadata": _event("customer", '"#":"x"', '"metadata":{'),
    "refunds": _event("charge", '{"id":"re_#","object":"refund"}', '"refunds":{"data":['),
    "items": _event("subscription", '{"id":"#"}', '"items":{"data":['),
    "a long name": _event("customer", "\\ud83d\\ude00", '"name":"'),
}


def main() -> None:
    """Print a table of milliseconds."""
    pin()
    os.environ["DJANGO_SETTINGS_MODULE"] = "payments_project.settings"
    django.setup()
    from webhooks.admin.payload import colour, masked

    _row("milliseconds", [f"{size // MIB} MiB" for size in SIZES])
    for name, make in BODIES.items():
        _row(name, [_timed(_deliver, make(size)) for size in SIZES])
    forged = ["t=1," + "v1=0," * (size // 5) for size in SIZES]
    _row("a header of signatures", [_timed(_forge, header) for header in forged])
    for name in ("quotes, and no end", "lists in lists"):
        shown = [_timed(lambda body: colour(masked(body)), BODIES[name](size)) for size in SIZES]
        _row(f"shown: {name}", shown)


def _deliver(body: bytes) -> None:
    from billing.translators import stripe
    from webhooks.exceptions import PermanentFailure, Rejected
    from webhooks.providers import PROVIDERS

    provider = PROVIDERS["stripe"]
    headers = provider.sign(body, secret=SECRETS[1], now=NOW)
    with suppress(Rejected, PermanentFailure):
        for event in provider.verify(body, headers, secrets=SECRETS, now=NOW):
            stripe.translate(event)
            json.dumps(dict(event.payload))


def _forge(header: str) -> None:
    from webhooks.exceptions import Rejected
    from webhooks.providers import PROVIDERS

    with suppress(Rejected):
        headers = {"Stripe-Signature": header}
        PROVIDERS["stripe"].verify(b" " * MIB, headers, secrets=SECRETS, now=NOW)


def _timed(work: Callable[[Input], object], given: Input) -> str:
    started = time.perf_counter()
    work(given)
    return f"{(time.perf_counter() - started) * 1000:.1f}"


def _row(name: str, cells: list[str]) -> None:
    sys.stdout.write(f"{name:<28}" + "".join(f"{cell:>12}" for cell in cells) + "\n")


if __name__ == "__main__":
    main()
