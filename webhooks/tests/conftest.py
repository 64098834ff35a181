"""What every test of this app needs: a way to deliver, and a way to subscribe."""

import json
from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any

import pytest
from django.conf import settings
from django.test import Client
from django.utils import timezone

from webhooks.providers import PROVIDERS
from webhooks.signals import Handler, event_received, on
from webhooks.testing.stripe_events import sample

Deliver = Callable[..., Any]
Subscribe = Callable[..., None]


def sign(body: bytes, *, now: datetime | None = None, secret: str | None = None) -> dict[str, str]:
    """The headers of a genuine Stripe delivery."""
    return PROVIDERS["stripe"].sign(
        body, secret=secret or settings.STRIPE_WEBHOOK_SECRET, now=now or timezone.now()
    )


def make_event(event_type: str = "test.happened", **changes: Any) -> dict[str, Any]:
    """An event that no handler of the project's own is interested in."""
    return sample(event_type, int(timezone.now().timestamp())) | changes


def post(
    body: bytes,
    headers: dict[str, str],
    path: str = "/webhooks/stripe",
    client: Client | None = None,
) -> Any:
    """Post raw bytes."""
    return (client or Client()).generic(
        "POST", path, body, content_type="application/json", headers=headers
    )


def deliver(event: dict[str, Any]) -> Any:
    """Deliver an event as Stripe would."""
    body = json.dumps(event).encode()
    return post(body, sign(body))


@pytest.fixture
def subscribe() -> Iterator[Subscribe]:
    """Subscribe handlers for the length of a test."""
    names: list[str] = []

    def subscribe(handler: Handler, *patterns: str, provider: str = "stripe") -> None:
        on(provider, *(patterns or ("test.*",)))(handler)
        names.append(f"{handler.__module__}.{handler.__qualname__}")

    yield subscribe
    for name in names:
        event_received.disconnect(dispatch_uid=name)
