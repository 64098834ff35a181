"""Lives of Stripe's objects as a seed draws them, and the ways in which their events get here."""

import heapq
import math
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from tests.drawn_steps import EVERYDAY, LIVES, Maker
from webhooks.testing.fake_stripe import CURRENT, OLD, World
from webhooks.testing.fake_stripe.old_shapes import old_shape
from webhooks.testing.fake_stripe.records import RecordedEvent

Json = dict[str, Any]
Key = tuple[str, str]
"""An object's type and id."""

NOON: Final = 1_790_000_000
STEPS: Final = (2, 12)
PAUSES: Final = (0, 0, 0, 0, 1, 2, 5, 12, 19, 31, 59, 61, 90, 3600, 259_200)
DELAYS: Final = (0.4, 1, 3, 12, 31, 70, 3600, 259_200)
"""In seconds: what lies between two steps, and how late an event may be."""


@dataclass(frozen=True, slots=True)
class Way:
    """How events get here: how many of one are lost, are late, or are told by two events; in which
    of the shapes; and whether those of one second come in any order."""

    lost: float = 0
    late: float = 0
    twice: float = 0
    shapes: tuple[str, ...] = (CURRENT,)
    shuffled: bool = True

    @classmethod
    def drawn(cls, rng: random.Random) -> "Way":
        """Return one of the ways that there are."""
        return cls(
            lost=rng.choice((0, 0, 0.05, 0.15)),
            late=rng.choice((0, 0.2, 0.5)),
            twice=rng.choice((0, 0, 0.1)),
            shapes=rng.choice(((CURRENT,), (OLD,), (CURRENT, OLD), (CURRENT, OLD))),
        )


@dataclass(frozen=True, slots=True)
class State:
    """An object at one moment, in the current shape and in the old one.

    `place` is that of the event that told of it, or of the last one before.
    """

    place: int
    current: Json
    old: Json
    is_deleted: bool = False


@dataclass(frozen=True, slots=True, order=True)
class Delivery:
    """An event that gets here at a moment. `place` is where it stands in the true order."""

    at: float
    number: int
    place: int
    payload: Json


class Life:
    """What happens at Stripe, and `states`: those of each object, in true order."""

    def __init__(self, seed: int, kind: str = "") -> None:
        self.rng = random.Random(seed)  # noqa: S311
        self.kind = kind or self.rng.choice(list(LIVES))
        self.world = World(seed, now=NOON)
        self.account = self.world.account()
        self.states: dict[Key, list[State]] = {}
        self._last_places: list[int] = []
        self._due: list[Delivery] = []
        self._settled = self.world.now

    def deliveries(self, way: Way) -> Iterator[Delivery]:
        """Yield what gets here, in that order, while it goes on happening."""
        begin, go_on = LIVES[self.kind]
        for maker in begin:
            self._step([maker], way)
        for _ in range(self.rng.randint(*STEPS)):
            # An everyday story has pauses of its own.
            self.world.advance(0 if self.kind == EVERYDAY else self.rng.choice(PAUSES))
            yield from self._arrived_until(self.world.now)
            self._step(go_on, way)
        yield from self._arrived_until(math.inf)

    def _arrived_until(self, now: float) -> Iterator[Delivery]:
        while self._due and self._due[0].at <= now:
            delivery = heapq.heappop(self._due)
            # A step may take its time: what gets here meanwhile is looked at when it is over.
            yield replace(delivery, at=max(delivery.at, self._settled))

    def last_place(self, place: int) -> int:
        """Return the place of the last event of the step that this one was made in."""
        return self._last_places[place]

    def _step(self, makers: Sequence[Maker], way: Way) -> None:
        known = len(self.world.events)
        drawn = (make(self.account, self.rng) for make in self.rng.sample(makers, len(makers)))
        if step := next(filter(None, drawn), None):
            step()
        self._settled = self.world.now
        made = self.world.events[known:]
        self._last_places += [known + len(made) - 1] * len(made)
        for place, told in enumerate(made, known):
            is_deletion = told.event["type"] == f"{told.event['data']['object']['object']}.deleted"
            self._add(
                State(place, told.event["data"]["object"], told.old_data["object"], is_deletion)
            )
            self._send(place, told, way)
        self._add_untold(known + len(made) - 1)

    def _add(self, state: State) -> None:
        key = (state.current["object"], state.current["id"])
        self.states.setdefault(key, []).append(state)

    def _add_untold(self, place: int) -> None:
        """Take down the changes of which no event tells."""
        for (_, _, kind, own_id), subject in self.world.objects.items():
            known = self.states.get((kind, own_id))
            is_told = known and (known[-1].is_deleted or known[-1].current == subject)
            if not is_told:
                self._add(State(place, subject, old_shape(self.account, subject)))

    def _send(self, place: int, told: RecordedEvent, way: Way) -> None:
        for number in range(1 + (self.rng.random() < way.twice)):
            if self.rng.random() < way.lost:
                continue
            payload = told.rendered(self.rng.choice(way.shapes))
            payload["id"] += "_again" * number
            delay = self.rng.choice(DELAYS) if self.rng.random() < way.late else 0
            at = self.world.now + delay + (self.rng.random() * 0.9 if way.shuffled else 0)
            heapq.heappush(self._due, Delivery(at, 2 * place + number, place, payload))
