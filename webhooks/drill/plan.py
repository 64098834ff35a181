"""What a drill delivers, and in which order. The same seed gives the same plan, with new ids."""

import itertools
import json
import random
import time
from collections import deque
from collections.abc import Iterator
from dataclasses import replace

from webhooks.drill import hostile
from webhooks.drill.shots import Burst, Kind, Shot, event_id
from webhooks.testing.stripe_events import story

SHARES = {
    Kind.NEW: 20,
    Kind.AT_ONCE: 4,
    Kind.CONCURRENT: 2,
    Kind.LATE: 6,
    Kind.UNSIGNED: 1,
    Kind.TAMPERED: 3,
    Kind.TRUNCATED: 2,
    Kind.STALE: 2,
    Kind.MALFORMED: 3,
    Kind.OVERSIZED: 1,
}
"""A deck of draws. Decks are shuffled and drawn one after another, so every kind comes up soon."""

AT_THE_SAME_TIME = 4
"""How many deliveries of one event are sent side by side."""

REMEMBERED = 400
"""A late duplicate is one of so many events back, at most."""


def bursts(run: str, deliveries: int, seed: int) -> Iterator[Burst]:
    """As many deliveries as asked for. The first is of a new event."""
    left = deliveries
    for burst in _Dealer(run, random.Random(seed)).deal():  # noqa: S311
        yield burst[:left]
        left -= len(burst)
        if left <= 0:
            return


class _Dealer:
    def __init__(self, run: str, rng: random.Random) -> None:
        self.run = run
        self.rng = rng
        self.genuine = _genuine(run, rng)
        self.past: deque[Shot] = deque(maxlen=REMEMBERED)

    def deal(self) -> Iterator[Burst]:
        yield (self._next(),)
        while True:
            deck = [kind for kind, share in SHARES.items() for _ in range(share)]
            self.rng.shuffle(deck)
            for kind in deck:
                yield from self._draw(kind)

    def _next(self) -> Shot:
        shot = next(self.genuine)
        self.past.append(shot)
        return shot

    def _draw(self, kind: Kind) -> list[Burst]:
        match kind:
            case Kind.NEW:
                return [(self._next(),)]
            case Kind.LATE:
                older = self.rng.randrange(1 + len(self.past) // 2)
                return [(replace(self.past[older], kind=kind),)]
            case Kind.AT_ONCE:
                first = self._next()
                return [(first, replace(first, kind=kind))]
            case Kind.CONCURRENT:
                first = self._next()
                copies = [(replace(first, kind=kind),)] * (AT_THE_SAME_TIME - 1)
                return [(first,), *copies]
            case Kind.TAMPERED:
                # The genuine one comes after: it must not be taken for a duplicate of this one.
                genuine = self._next()
                return [(hostile.tampered(genuine), genuine)]
        return [(self._refused(kind, next(self.genuine)),)]

    def _refused(self, kind: Kind, genuine: Shot) -> Shot:
        match kind:
            case Kind.UNSIGNED:
                return hostile.unsigned(genuine)
            case Kind.TRUNCATED:
                return hostile.truncated(genuine, self.rng)
            case Kind.STALE:
                return hostile.stale(genuine, self.rng)
            case Kind.OVERSIZED:
                return hostile.oversized(genuine)
        return hostile.malformed(self.run, self.rng)


def _genuine(run: str, rng: random.Random) -> Iterator[Shot]:
    numbers = itertools.count()
    while True:
        *events, _ = story(int(time.time()))  # the last tells one of the others again
        kind = rng.choice((Kind.NEW, Kind.OUT_OF_ORDER))
        if kind is Kind.OUT_OF_ORDER:
            rng.shuffle(events)
        for event, number in zip(events, numbers, strict=False):
            body = json.dumps(event | {"id": event_id(run, number)}).encode()
            yield Shot(kind, body, number, signed=body)
