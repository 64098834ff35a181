"""The bursts of a drill, in order. The same seed gives the same choices, with new ids."""

import itertools
import json
import random
import time
from collections import deque
from collections.abc import Collection, Iterator
from dataclasses import replace

from webhooks.drill import hostile
from webhooks.drill.deliveries import Burst, DeliveryKind, DrillDelivery, event_id
from webhooks.drill.target import Target
from webhooks.testing.stripe_events import thin_sample
from webhooks.testing.stripe_story import story

SHARES = {
    DeliveryKind.NEW: 20,
    DeliveryKind.AT_ONCE: 4,
    DeliveryKind.CONCURRENT: 2,
    DeliveryKind.LATE: 6,
    DeliveryKind.UNSIGNED: 1,
    DeliveryKind.TAMPERED: 3,
    DeliveryKind.TRUNCATED: 2,
    DeliveryKind.STALE: 2,
    DeliveryKind.MALFORMED: 3,
    DeliveryKind.OVERSIZED: 1,
}
"""The number of each kind in a round. Rounds are shuffled one by one, so that even a short drill
has every kind."""

THIN = ("v1.terminal.reader.updated", "v2.core.account.updated", "v1.billing.meter.no_meter_found")
"""Types of thin events, about what billing does not know: what it does, it would ask Stripe for."""

THIN_EVERY = 5
"""The number of other events to a thin one."""

AT_THE_SAME_TIME = 4
"""The number of deliveries of one event that are sent concurrently."""

REMEMBERED = 400
"""The most events that a late duplicate may reach back."""


def generate_bursts(
    run: str,
    deliveries: int,
    seed: int,
    *,
    target: Target | None = None,
    left_out: Collection[DeliveryKind] = (),
) -> Iterator[Burst]:
    """Yield bursts with as many deliveries as asked for. The first is of a new event.

    Of Stripe's, or of what another `target` is sent, without the kinds that are `left_out`.
    """
    left = deliveries
    rng = random.Random(seed)  # noqa: S311
    genuine = target.genuine(run, rng) if target else _genuine(run, rng)
    for burst in _Generator(run, rng, genuine, left_out).generate():
        yield burst[:left]
        left -= len(burst)
        if left <= 0:
            return


class _Generator:
    def __init__(
        self,
        run: str,
        rng: random.Random,
        genuine: Iterator[DrillDelivery],
        left_out: Collection[DeliveryKind],
    ) -> None:
        self.run = run
        self.rng = rng
        self.genuine = genuine
        self.shares = {kind: share for kind, share in SHARES.items() if kind not in left_out}
        # Kept by the drill itself, and bounded: memory must not grow with the deliveries.
        self.past: deque[DrillDelivery] = deque(maxlen=REMEMBERED)

    def generate(self) -> Iterator[Burst]:
        yield (self._next(),)
        while True:
            kinds = [kind for kind, share in self.shares.items() for _ in range(share)]
            self.rng.shuffle(kinds)
            for kind in kinds:
                yield from self._bursts_of(kind)

    def _next(self) -> DrillDelivery:
        delivery = next(self.genuine)
        self.past.append(delivery)
        return delivery

    def _bursts_of(self, kind: DeliveryKind) -> list[Burst]:
        match kind:
            case DeliveryKind.NEW:
                return [(self._next(),)]
            case DeliveryKind.LATE:
                # From the older half, so that it is late.
                older = self.rng.randrange(1 + len(self.past) // 2)
                return [(replace(self.past[older], kind=kind),)]
            case DeliveryKind.AT_ONCE:
                first = self._next()
                return [(first, replace(first, kind=kind))]
            case DeliveryKind.CONCURRENT:
                first = self._next()
                copies = [(replace(first, kind=kind),)] * (AT_THE_SAME_TIME - 1)
                return [(first,), *copies]
            case DeliveryKind.TAMPERED:
                # The genuine one comes after: it must not be taken for a duplicate of this one.
                genuine = self._next()
                return [(hostile.tampered(genuine), genuine)]
        made = hostile.make(kind, next(self.genuine), self.run, self.rng)
        return [(made,)] if made else []


def _genuine(run: str, rng: random.Random) -> Iterator[DrillDelivery]:
    numbers = itertools.count()
    while True:
        now = int(time.time())
        *events, _ = story(now)  # the last repeats one of the others
        # In between, so that even a short drill has some: they are read by rules of their own.
        for at in range(len(events), 0, -THIN_EVERY):
            events.insert(at, thin_sample(rng.choice(THIN), created=now))
        kind = rng.choice((DeliveryKind.NEW, DeliveryKind.OUT_OF_ORDER))
        if kind is DeliveryKind.OUT_OF_ORDER:
            rng.shuffle(events)
        for event, number in zip(events, numbers, strict=False):
            body = json.dumps(event | {"id": event_id(run, number)}).encode()
            yield DrillDelivery(
                kind, body, number, signed=body, event_id=event_id(run, number), run=run
            )
