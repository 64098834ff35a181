"""Deliveries, as Stripe makes them, without a network in between."""

import json
from typing import Any

from django.utils import timezone

from webhooks import conf
from webhooks.intake.receive import receive_delivery
from webhooks.models import WebhookEvent
from webhooks.providers.stripe import StripeProvider

Json = dict[str, Any]


def deliver(payload: Json) -> WebhookEvent:
    """Take a delivery in, and process it where the settings say so; the event's row."""
    endpoint = conf.endpoint("stripe")
    assert endpoint
    body, now = json.dumps(payload).encode(), timezone.now()
    headers = StripeProvider().sign(body, secret=endpoint.secrets[0], now=now)
    receive_delivery(endpoint, body, headers, now=now)
    return WebhookEvent.objects.get(event_id=payload["id"])
