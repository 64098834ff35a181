"""Stripe's webhook endpoints: where it sends which events, in which version.

https://docs.stripe.com/api/webhook_endpoints. Thin events go to event destinations instead:
https://docs.stripe.com/api/v2/core/event_destinations.
"""

import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from functools import cache
from typing import Any, Final, get_args
from uuid import uuid4

import stripe

from webhooks.exceptions import ProviderApiRefused, ProviderApiUnavailable
from webhooks.monitoring import provider_calls
from webhooks.monitoring.logs import without_secrets
from webhooks.privacy.masking import MASK, mask_text
from webhooks.providers import stripe_api

ALL: Final = "*"
"""The word for every type of event, but the few that Stripe sends only where they are named."""

MOST: Final = 100
"""The most on a page of Stripe's; it allows 16 endpoints in each mode."""


@dataclass(frozen=True, slots=True)
class StripeEndpoint:
    """A webhook endpoint as Stripe keeps it; `events` are types, or `ALL` alone.

    Without an `api_version`, it has the account's. One that is `for_connect` takes the events of
    connected accounts, and no others.
    """

    id: str
    url: str
    is_enabled: bool
    api_version: str
    events: frozenset[str]
    for_connect: bool


@dataclass(frozen=True, slots=True)
class ThinDestination:
    """An event destination that sends thin events to an address."""

    id: str
    url: str
    is_enabled: bool


@dataclass(frozen=True, slots=True)
class Listed:
    """Stripe's endpoints in the mode of our key, and the seconds that our clock is ahead of its."""

    endpoints: tuple[StripeEndpoint, ...]
    clock_ahead: float | None


@cache
def event_types() -> frozenset[str]:
    """Return the types of events that an endpoint may ask for, as Stripe's client has them."""
    # Only where it is asked for: a server has no use for Stripe's parameters.
    from stripe.params import WebhookEndpointCreateParams

    [types] = get_args(WebhookEndpointCreateParams.__annotations__["enabled_events"])
    return frozenset(get_args(types)) - {ALL}


def list_endpoints() -> Listed:
    """Return what Stripe has. Raises `ProviderApiUnavailable` or `ProviderApiRefused`."""
    answer = _call(
        "list_webhook_endpoints",
        lambda client: client.v1.webhook_endpoints.list({"limit": MOST}),
        patiently=False,
    )
    date = answer.headers.get("date")
    ahead = time.time() - parsedate_to_datetime(date).timestamp() if date else None
    return Listed(tuple(_as_endpoint(one) for one in answer.data["data"]), ahead)


def list_thin() -> list[ThinDestination]:
    """Return the destinations of thin events. Raises as `list_endpoints` does."""
    # Without being asked for it, Stripe leaves their addresses out.
    answer = _call(
        "list_event_destinations",
        lambda client: client.v2.core.event_destinations.list(
            {"include": ["webhook_endpoint.url"]}
        ),
        patiently=False,
    )
    return [
        ThinDestination(
            id=str(one["id"]),
            url=str(one["webhook_endpoint"].get("url") or ""),
            is_enabled=one["status"] == "enabled",
        )
        for one in answer.data["data"]
        if one["event_payload"] == "thin" and one["type"] == "webhook_endpoint"
    ]


def create(url: str, events: Iterable[str], *, for_connect: bool) -> tuple[StripeEndpoint, str]:
    """Make an endpoint that speaks our API version; return it, and its signing secret.

    Stripe tells the secret this once. Raises as `list_endpoints` does; after
    `ProviderApiUnavailable` nobody knows whether it was made.
    """
    # The client's own retries carry the same key, so that a lost answer makes no second one.
    options: stripe.RequestOptions = {"idempotency_key": str(uuid4())}
    given: Any = {
        "url": url,
        "enabled_events": sorted(events),
        "api_version": stripe_api.API_VERSION,
        "connect": for_connect,
    }
    answer = _call(
        "create_webhook_endpoint", lambda client: client.v1.webhook_endpoints.create(given, options)
    )
    return _as_endpoint(answer.data), str(answer.data.get("secret", ""))


def update(endpoint_id: str, events: Iterable[str]) -> StripeEndpoint:
    """Have an endpoint enabled, and sent these events alone. Raises as `list_endpoints` does."""
    given: Any = {"enabled_events": sorted(events), "disabled": False}
    answer = _call(
        "update_webhook_endpoint",
        lambda client: client.v1.webhook_endpoints.update(endpoint_id, given),
    )
    return _as_endpoint(answer.data)


def _call(
    operation: str,
    send: Callable[[stripe.StripeClient], stripe.StripeObject],
    *,
    patiently: bool = True,
) -> Any:
    """Return an answer's status, headers and JSON."""
    try:
        client = stripe_api.connect(is_patient=patiently)
        with provider_calls.calling("stripe", operation) as call:
            answer: Any = send(client).last_response
            call.status = answer.code
            return answer
    except stripe_api.NotConfigured as error:
        raise ProviderApiRefused(str(error)) from error
    except stripe.StripeError as error:
        problem = _failure(error)
    # Not raised where the error was caught, which may hold an answer with the secret in it.
    raise problem


def _failure(error: stripe.StripeError) -> ProviderApiUnavailable | ProviderApiRefused:
    if isinstance(error, stripe.PermissionError):
        return ProviderApiRefused(
            "Stripe does not allow this with STRIPE_API_KEY: a restricted key needs the permission "
            "for webhook endpoints and event destinations."
        )
    if isinstance(error, stripe.InvalidRequestError):
        told = mask_text(without_secrets(error.user_message or ""), MASK)
        return ProviderApiRefused(f"Stripe refused this: {told or 'it does not say why.'}")
    return stripe_api.failure(error)


def _as_endpoint(told: Mapping[str, Any]) -> StripeEndpoint:
    return StripeEndpoint(
        id=str(told["id"]),
        url=str(told["url"]),
        is_enabled=told["status"] == "enabled",
        api_version=told["api_version"] or "",
        events=frozenset(told["enabled_events"]),
        # Stripe does not repeat `connect`: those for connected accounts name the application.
        for_connect=bool(told["application"]),
    )
