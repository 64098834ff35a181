"""The inputs to begin with, and how new ones come of them."""

import json
import random
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

from billing.testing.lives import LIVES
from tests.fuzz.target import NOW, OPTIONS, SECRETS_OF, STRANGER
from webhooks.providers import PROVIDERS
from webhooks.testing.fake_stripe import OLD, World, deliverable, random_story
from webhooks.testing.hostile import SHARP, as_body
from webhooks.testing.stripe_events import thin_sample
from webhooks.testing.stripe_story import story

STEPS: Final = 60
WORDS: Final = ("previous_attributes", "metadata", "deleted", "\\u0000", "\\ud800", "1e999", "null")


def seeds() -> Iterator[bytes]:
    """Genuine events alone and together, in the shapes of today and of before, and headers."""
    for version in ("", OLD):
        world = World(0, now=1_790_000_000)
        random_story(world, random.Random(0), STEPS)  # noqa: S311
        told = deliverable(world, api_version=version) if version else deliverable(world)
        yield from (as_body(payload) for payload in told)
        yield from (b"\n".join(map(as_body, told[at : at + 3])) for at in range(0, len(told), 3))
    now = int(NOW.timestamp())
    yield from map(as_body, story(now))
    for kind in ("v1.customer.updated", "v1.invoice.paid", "v2.core.account.updated"):
        yield as_body(thin_sample(kind, created=now, context="org_1/acct_1"))
    for life in LIVES.values():
        bodies = list(map(as_body, life.deliveries))
        yield from bodies
        yield b"\n".join(bodies[:4])
    for provider in PROVIDERS.values():
        secret = SECRETS_OF.get(provider.name, ["whsec_AAAA"])[0]
        headers: dict[str, str] = {}
        with suppress(ValueError):  # PayPal alone has the key that signs.
            headers = provider.sign(b"{}", secret=secret, now=NOW, options=OPTIONS)
        for header in headers.values():
            yield STRANGER + header.encode() + b"\n{}"


def plant(folder: Path) -> None:
    """Write the seeds, each to a file of its own."""
    folder.mkdir(parents=True, exist_ok=True)
    for number, seed in enumerate(seeds()):
        (folder / f"seed-{number:04}").write_bytes(seed)


def spoil(data: bytes, rng: random.Random) -> bytes | None:
    """The input with one part of one event exchanged; None for one that holds no JSON."""
    lines = data.split(b"\n")
    place = rng.randrange(len(lines))
    try:
        lines[place] = as_body(_spoil(json.loads(lines[place]), rng))
    except (ValueError, RecursionError):
        return None
    if rng.random() < 0.2:
        lines.append(rng.choice(lines))
    return b"\n".join(lines)


def _spoil(whole: Any, rng: random.Random) -> Any:
    if isinstance(whole, dict) and whole and rng.random() < 0.9:
        key = rng.choice(list(whole))
        if rng.random() < 0.1:
            return {name: value for name, value in whole.items() if name != key}
        return {**whole, key: _spoil(whole[key], rng)}
    if isinstance(whole, list) and whole and rng.random() < 0.7:
        place = rng.randrange(len(whole))
        return [*whole[:place], _spoil(whole[place], rng), *whole[place + rng.randrange(2) :]]
    return rng.choice(SHARP)
