"""Billing's translation and ordering with no database around them."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from billing.changes import Change
from billing.models import MODELS
from billing.order_rules import ORDER_RULES
from billing.ordering import FactMap, Snapshot, facts_of, pack, resolve, unpack
from billing.translators.stripe import EVENT_TYPES, translate, translate_object
from tests.drawn_lives import Delivery, Json, Key, Life
from webhooks.events import Event
from webhooks.signals import matches
from webhooks.testing.fake_stripe.reading import expanded, shown

BLANK: Final = {kind: model().facts() for kind, model in MODELS.items()}
ROUNDS: Final = 3
"""How often Stripe is asked at most on an event's account, as in `billing.fetching`."""


@dataclass
class Held:
    """An object as billing holds it. `told` is the last that was said of each fact, and `newest`
    the last of the object's states that anything heard was about, as numbers of its states."""

    facts: FactMap
    kept: list[Snapshot]
    in_doubt: bool
    newest: int = -1
    told: dict[str, tuple[int, Any]] = field(default_factory=dict)
    was_asked: bool = False


class Billing:
    """What billing holds of the objects of a life; `can_ask` tells that it may ask Stripe."""

    def __init__(self, life: Life, *, can_ask: bool) -> None:
        self.life, self.can_ask = life, can_ask
        self.held: dict[Key, Held] = {}
        self.events = self.fetches = self.doubts = 0
        self._now = datetime.fromtimestamp(0, UTC)

    def hear(self, delivery: Delivery) -> None:
        """Apply an event, and ask Stripe of what it leaves in doubt."""
        if not matches(delivery.payload["type"], EVENT_TYPES):
            return
        self.events += 1
        for key, change, held in self.apply(delivery.payload, delivery.at):
            self._note(key, held, change, delivery)
            self.doubts += held.in_doubt
            for _ in range(ROUNDS if self.can_ask else 0):
                if held.in_doubt:
                    self._ask(key, held, delivery.at)

    def apply(self, payload: Json, at: float = 0) -> Iterator[tuple[Key, Change, Held]]:
        """Apply an event's changes one by one, as they are taken."""
        event = Event(
            provider="stripe",
            id=payload["id"],
            type=payload["type"],
            payload=payload,
            created_at=datetime.fromtimestamp(payload["created"], UTC),
            received_at=self._clock(at),
        )
        for change in translate(event):
            key = (change.object_type, change.provider_id)
            yield key, change, self._apply(key, Snapshot.of_event(event, change))

    def _apply(self, key: Key, snapshot: Snapshot) -> Held:
        if key not in self.held:
            facts = BLANK[key[0]] | snapshot.facts
            self.held[key] = Held(facts, [snapshot], bool(snapshot.casts_doubt))
        else:
            self._resolve(key, [*self.held[key].kept, snapshot])
        return self.held[key]

    def _resolve(self, key: Key, snapshots: list[Snapshot]) -> None:
        held = self.held[key]
        resolution = resolve(ORDER_RULES[key[0]], held.facts, snapshots)
        held.facts, held.in_doubt = resolution.facts, resolution.in_doubt
        # As an object's row has them: that it was not deleted is no fact.
        if not held.facts["deleted"]:
            del held.facts["deleted"]
        held.kept = unpack(pack(resolution.kept, held.facts), held.facts)

    def _ask(self, key: Key, held: Held, at: float) -> None:
        self.fetches += 1
        subject = shown(self.life.account, *key)
        if key[0] == "invoice":
            subject = expanded(self.life.account, subject, ["payments"])
        change = translate_object(subject)
        assert change
        answer = Snapshot.of_answer(
            change, asked_at=self._clock(at), asked_from=int(at), at=int(at)
        )
        self._resolve(key, [answer, *held.kept])
        held.was_asked, held.newest = True, len(self.life.states[key]) - 1
        held.told |= {name: (held.newest, value) for name, value in answer.facts.items()}

    def _note(self, key: Key, held: Held, change: Change, delivery: Delivery) -> None:
        """Take down which of the object's states an event was about, and what it said of it."""
        place, states = delivery.place, self.life.states[key]
        # What an event tells of another object is true by the end of the step.
        if change.provider_id != delivery.payload["data"]["object"]["id"]:
            place = self.life.last_place(place)
        about = max(number for number, state in enumerate(states) if state.place <= place)
        if change.complete or change.casts_doubt:
            held.newest = max(held.newest, about)
        for name, value in facts_of(change).items():
            if about >= held.told.get(name, (-1, None))[0]:
                held.told[name] = (about, value)

    def _clock(self, at: float) -> datetime:
        moment = datetime.fromtimestamp(at, UTC)
        self._now = max(moment, self._now + timedelta(microseconds=1))
        return self._now
