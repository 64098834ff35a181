"""Deliveries through Django's test client, signed as the provider would sign them."""

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.core.exceptions import ImproperlyConfigured
from django.urls import reverse
from django.utils import timezone

from webhooks import conf
from webhooks.providers import PROVIDERS, keys_of


def deliver(event: Mapping[str, Any], *, endpoint: str = "stripe") -> Any:
    """Sign an event with the endpoint's first secret, post it there, and return the response."""
    # Signed are the bytes that are posted, and never a second rendering of the event.
    body = json.dumps(event).encode()
    path = reverse("webhooks:receive", args=[endpoint])
    provider = PROVIDERS[_configured(endpoint).provider]
    sent, headers = provider.sent(body, sign(body, endpoint=endpoint))
    return post(sent, headers, path, media_type=provider.media_types[0])


def _configured(endpoint: str) -> conf.Endpoint:
    configured = conf.endpoint(endpoint)
    if configured is None:
        raise ImproperlyConfigured(f"no endpoint is called {endpoint!r}")
    return configured


def sign(
    body: bytes,
    *,
    endpoint: str = "stripe",
    now: datetime | None = None,
    secret: str | None = None,
) -> dict[str, str]:
    """Return the headers that prove a body to the endpoint, by its first secret unless another is
    given; where the proof is in the body, its parts. Raises `ImproperlyConfigured` where no such
    endpoint is configured."""
    configured = _configured(endpoint)
    return PROVIDERS[configured.provider].sign(
        body,
        secret=secret or keys_of(configured)[0],
        now=now or timezone.now(),
        options=configured.options,
    )


def post(
    body: bytes,
    headers: Mapping[str, str],
    path: str = "/webhooks/stripe",
    client: Any = None,
    media_type: str = "application/json",
) -> Any:
    """Post raw bytes, by a client that nobody has logged in with unless one is given."""
    # Django's test machinery is loaded with the first delivery only: `send_test_event` and the
    # drill import this package where nothing is tested.
    from django.test import Client

    return (client or Client()).generic(
        "POST", path, body, content_type=media_type, headers=headers
    )
