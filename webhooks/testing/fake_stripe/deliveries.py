"""Events on their way to webhook endpoints: signed, tried again, late, twice, shuffled, lost."""

import heapq
import json
import random
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count
from threading import Condition, Thread
from time import monotonic

from webhooks.testing.fake_stripe.posting import post
from webhooks.testing.fake_stripe.records import RecordedEvent, WebhookEndpoint
from webhooks.testing.fake_stripe.world import World

MINUTE, HOUR = 60.0, 3600.0

LIVE_RETRIES = (5 * MINUTE, 30 * MINUTE, 2 * HOUR, 5 * HOUR, 10 * HOUR, *[12 * HOUR] * 4)
"""Seconds before each retry: about three days, as in live mode."""

SANDBOX_RETRIES = (10 * MINUTE, HOUR, 2 * HOUR)
"""Seconds before each retry: three in a few hours, as in test mode."""


def scaled(retries: tuple[float, ...], factor: float) -> tuple[float, ...]:
    """Return a schedule whose hours pass faster: with 1e-6, an hour is 3.6 ms."""
    return tuple(seconds * factor for seconds in retries)


@dataclass(frozen=True, slots=True)
class Policy:
    """The behaviour of deliveries. Probabilities are between 0 and 1, times in seconds.

    `window`: so many deliveries are collected (or what came before a pause of `quiet`) and then
    shuffled. A `drop`ped delivery is never made nor tried again: the event stays pending.
    """

    # Off, all of them: a test switches on the one fault that it is about.
    delay: float = 0.0
    repeat: float = 0.0
    drop: float = 0.0
    window: int = 0
    quiet: float = 0.05
    seed: int | str = 0
    retries: tuple[float, ...] = SANDBOX_RETRIES
    live_retries: tuple[float, ...] = LIVE_RETRIES
    # Stripe doesn't publish how long it waits for an answer; receivers should need a fraction.
    timeout: float = 10.0


@dataclass(frozen=True, slots=True)
class DeliveryAttempt:
    """One delivery that was tried; status 0 when nobody answered."""

    event_id: str
    url: str
    status: int
    attempt: int


@dataclass(slots=True)
class _Parcel:
    recorded: RecordedEvent
    endpoint: WebhookEndpoint
    attempt: int = 1
    is_repeat: bool = False


class Deliveries:
    """One queue, emptied in order of what is due by one thread. `attempts` is its log."""

    def __init__(self, world: World, policy: Policy) -> None:
        self.world = world
        self.attempts: list[DeliveryAttempt] = []
        self._policy = policy
        # Seeded: what got lost or came twice in a failing run does so again in the next.
        self._random = random.Random(policy.seed)  # noqa: S311
        self._due: list[tuple[float, int, _Parcel]] = []
        self._collected: list[_Parcel] = []
        self._collected_at = 0.0
        self._busy = self._stopped = False
        # Parcels can't be compared: of two that are due at once, the first in goes first.
        self._order = count()
        self._changed = Condition()

    @contextmanager
    def running(self) -> Iterator[None]:
        """Deliver what happens meanwhile."""
        self.world.listeners.append(self.take)
        # Apart from the calls that cause events: Stripe's deliveries may overtake its answers.
        thread = Thread(target=self._run, daemon=True)
        thread.start()
        try:
            yield
        finally:
            self.world.listeners.remove(self.take)
            with self._changed:
                self._stopped = True
                self._changed.notify_all()
            thread.join()

    def follow(self, policy: Policy) -> None:
        """Let what happens from now on go by another policy."""
        with self._changed:
            self._policy = policy
            self._random = random.Random(policy.seed)  # noqa: S311
            self._changed.notify_all()

    def drop(self) -> int:
        """Lose everything that is on its way; how many deliveries that was."""
        with self._changed:
            lost = len(self._due) + len(self._collected)
            self._due.clear()
            self._collected.clear()
            self._changed.notify_all()
            return lost

    def wait_until_idle(self, seconds: float = 10) -> bool:
        """Wait until nothing is on its way any more, retries included, within these seconds."""
        with self._changed:
            return self._changed.wait_for(self._is_idle, seconds)

    def take(self, recorded: RecordedEvent) -> None:
        """Send an event to every endpoint that wants it."""
        with self._changed:
            for endpoint in self.world.endpoints:
                # Each endpoint names the types that it is sent, as in Stripe's dashboard.
                if endpoint.wants(recorded.event):
                    self._take(recorded, endpoint)
            self._changed.notify_all()

    def _take(self, recorded: RecordedEvent, endpoint: WebhookEndpoint) -> None:
        policy, draw = self._policy, self._random.random
        # Left pending for ever, so that `delivery_success=false` lists it.
        if draw() < policy.drop:
            return
        parcels = [_Parcel(recorded, endpoint)]
        # https://docs.stripe.com/webhooks#handle-duplicate-events
        if draw() < policy.repeat:
            parcels.append(_Parcel(recorded, endpoint, is_repeat=True))
        if not policy.window:
            for parcel in parcels:
                self._queue(parcel, policy.delay)
            return
        self._collected += parcels
        self._collected_at = monotonic()
        if len(self._collected) >= policy.window:
            self._shuffle()

    def _shuffle(self) -> None:
        self._random.shuffle(self._collected)
        for parcel in self._collected:
            self._queue(parcel, self._policy.delay)
        self._collected.clear()

    def _queue(self, parcel: _Parcel, seconds: float) -> None:
        heapq.heappush(self._due, (monotonic() + seconds, next(self._order), parcel))

    def _is_idle(self) -> bool:
        return not (self._due or self._collected or self._busy)

    def _run(self) -> None:
        while parcel := self._next():
            status = self._send(parcel)
            with self._changed:
                self._settle(parcel, status)
                self._busy = False
                self._changed.notify_all()

    def _next(self) -> _Parcel | None:
        with self._changed:
            while not self._stopped:
                quiet = self._collected_at + self._policy.quiet - monotonic()
                # Or the last few of a story would wait for a window that never fills.
                if self._collected and quiet <= 0:
                    self._shuffle()
                wait = self._due[0][0] - monotonic() if self._due else None
                if wait is not None and wait <= 0:
                    self._busy = True
                    return heapq.heappop(self._due)[2]
                waits = [wait] if wait is not None else []
                waits += [quiet] if self._collected else []
                self._changed.wait(min(waits, default=None))
            return None

    # Outside the condition: a receiver may call the API back, which must be able to emit events.
    def _send(self, parcel: _Parcel) -> int:
        endpoint = parcel.endpoint
        event = parcel.recorded.rendered(endpoint.api_version)
        # Indented, as Stripe's bodies are: a receiver that signs what it parsed would fail here.
        body = json.dumps(event, indent=2).encode()
        return post(endpoint.url, body, endpoint.secret, self._policy.timeout)

    def _settle(self, parcel: _Parcel, status: int) -> None:
        event_id = parcel.recorded.event["id"]
        self.attempts.append(DeliveryAttempt(event_id, parcel.endpoint.url, status, parcel.attempt))
        # A repeat settles nothing: only the first parcel is tried again.
        if parcel.is_repeat:
            return
        if 200 <= status < 300:
            parcel.recorded.pending -= 1
            return
        is_live = parcel.recorded.event["livemode"]
        retries = self._policy.live_retries if is_live else self._policy.retries
        if parcel.attempt <= len(retries):
            wait = retries[parcel.attempt - 1]
            parcel.attempt += 1
            self._queue(parcel, wait)
