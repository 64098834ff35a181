"""The endpoint that a drill is of: what its provider sends, signed as it signs."""

import itertools
import json
import random
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final

from django.utils import timezone

from webhooks import conf
from webhooks.drill import hostile
from webhooks.drill.deliveries import DeliveryKind, DrillDelivery, event_id
from webhooks.exceptions import Rejected
from webhooks.providers import PROVIDERS, Provider, keys_by_setting, keys_of
from webhooks.testing.provider_samples import as_sample, sample_of

MARK: Final = "drill"
"""The member that tells a drill's events by, where their ids are not for us to choose."""

PROBED: Final = (
    *(DeliveryKind.UNSIGNED, DeliveryKind.TAMPERED, DeliveryKind.TRUNCATED, DeliveryKind.STALE),
    DeliveryKind.MALFORMED,
)


class NoTarget(Exception):
    """There is no such endpoint, or nothing to send it; the message says why."""


@dataclass(frozen=True, slots=True)
class Target:
    """An endpoint, and the secret that the drill signs by."""

    endpoint: conf.Endpoint
    provider: Provider
    secret: str

    @classmethod
    def of(cls, slug: str) -> "Target":
        """Return an endpoint as a target. Raises `NoTarget`."""
        endpoint = conf.endpoint(slug)
        if endpoint is None:
            known = ", ".join(one.slug for one in conf.endpoints())
            raise NoTarget(f"there is no endpoint {slug!r} in WEBHOOK_ENDPOINTS; there is: {known}")
        if not (keys := keys_of(endpoint)):
            settings = " or ".join(keys_by_setting(endpoint))
            raise NoTarget(f"there is no secret to sign with: set {settings} as the server's")
        target = cls(endpoint, PROVIDERS[endpoint.provider], keys[0])
        try:
            target.sign(b"{}", at=timezone.now())
        except ValueError as error:
            raise NoTarget(f"nobody else signs as {endpoint.provider} does: {error}") from error
        if target.provider.name != "stripe" and target._sample() is None:
            raise NoTarget(f"there is no sample of {endpoint.provider}'s to send")
        return target

    @property
    def is_stripes(self) -> bool:
        """True where the drill is of Stripe's events, whose ids it makes itself."""
        return self.provider.name == "stripe"

    @property
    def media_type(self) -> str:
        """The media type of its deliveries."""
        return self.provider.media_types[0]

    def sign(self, body: bytes, *, at: datetime) -> dict[str, str]:
        """Return what proves a body. Raises `ValueError` for a secret that can't sign."""
        return self.provider.sign(body, secret=self.secret, now=at, options=self.endpoint.options)

    def sent(self, delivery: DrillDelivery) -> tuple[bytes, dict[str, str]]:
        """Return the body and the headers of a delivery, signed now, or when it says."""
        if delivery.signed is None:
            return delivery.body, {}
        proof = self.sign(delivery.signed, at=timezone.now() - delivery.age)
        body, headers = self.provider.sent(delivery.body, proof)
        return body, dict(headers)

    def left_out(self, genuine: DrillDelivery) -> frozenset[DeliveryKind]:
        """Return the kinds of hostile deliveries that can't be told from genuine ones here.

        A token says nothing of the body, and not every proof has a time.
        """
        rng = random.Random(0)  # noqa: S311
        made = {
            kind: delivery
            for kind in PROBED
            if (delivery := hostile.make(kind, genuine, genuine.run, rng)) is not None
        }
        found = {kind for kind, delivery in made.items() if self._is_taken(delivery)}
        # Where the proof is in the body, that is written anew, and no space around it stays.
        padded, _ = self.sent(hostile.oversized(genuine))
        is_small = len(padded) <= conf.max_body_bytes()
        return frozenset(found | ({DeliveryKind.OVERSIZED} if is_small else set()))

    def _is_taken(self, delivery: DrillDelivery) -> bool:
        try:
            return bool(self._events_of(delivery))
        except Rejected:
            return False

    def _events_of(self, delivery: DrillDelivery) -> Any:
        body, headers = self.sent(delivery)
        return self.provider.verify(
            body,
            headers,
            secrets=keys_of(self.endpoint),
            now=timezone.now(),
            options=self.endpoint.options,
        )

    def genuine(self, run: str, rng: random.Random) -> Iterator[DrillDelivery]:
        """Yield genuine deliveries of one event each, marked as this run's."""
        for number in itertools.count():
            sample: Any = self._sample()
            listed = getattr(getattr(self.provider, "naming", None), "events", "")
            # One of several is enough: each has a row of its own.
            event = sample[listed][0] if listed else sample
            if listed:
                sample[listed] = [event]
            event[MARK] = event_id(run, number)
            body = as_sample(self.provider.name, sample)
            delivery = DrillDelivery(DeliveryKind.NEW, body, number, signed=body, run=run)
            [found] = self._events_of(delivery)
            yield replace(delivery, event_id=found.id, kept=found.body or body)

    def _sample(self) -> Any:
        own = self.provider.sample(timezone.now())
        if own is not None:
            return json.loads(json.dumps(own))
        with suppress(KeyError):
            return sample_of(self.provider.name, now=timezone.now())
        return None
