"""Webhook endpoints, and events as they were recorded."""

import hashlib
from dataclasses import dataclass, field

from webhooks.testing.fake_stripe.embedding import embedded
from webhooks.testing.fake_stripe.shapes import Json, copied

API_VERSION = "2026-10-28.endive"
OLD_API_VERSION = "2020-08-27"


@dataclass(frozen=True, slots=True)
class WebhookEndpoint:
    """An address that events are delivered to, and their shape (`api_version`).

    One that was made by the API takes the events of its own mode; others, those of either. One that
    `is_thin` is an event destination for thin events: listed as such, and sent nothing.
    """

    url: str
    secret: str
    api_version: str = API_VERSION
    types: tuple[str, ...] = ("*",)
    connect: bool = False
    is_enabled: bool = True
    livemode: bool | None = None
    id: str = ""
    created: int = 0
    description: str | None = None
    metadata: Json = field(default_factory=dict)
    is_thin: bool = False

    def wants(self, event: Json) -> bool:
        """True for an event that goes there: those of connected accounts only to `connect` ones."""
        # One or the other, as with Stripe: no endpoint gets both its own and connected events.
        if self.is_thin or not self.is_enabled or self.connect != ("account" in event):
            return False
        if self.livemode not in (None, event["livemode"]):
            return False
        return "*" in self.types or event["type"] in self.types

    def as_destination(self, *, livemode: bool) -> Json:
        """Return the endpoint as the API shows event destinations to a key of this mode.

        https://docs.stripe.com/api/v2/core/event_destinations/object
        """
        return {
            "id": self.rendered(livemode=livemode)["id"].replace("we_", "ed_"),
            "object": "v2.core.event_destination",
            "enabled_events": list(self.types),
            "event_payload": "thin" if self.is_thin else "snapshot",
            "events_from": ["@accounts" if self.connect else "@self"],
            "livemode": livemode,
            "name": self.description or "",
            "status": "enabled" if self.is_enabled else "disabled",
            "type": "webhook_endpoint",
            "webhook_endpoint": {"url": self.url},
        }

    def rendered(self, *, livemode: bool) -> Json:
        """Return the endpoint as the API shows it to a key of this mode, without its secret."""
        # One that was put here by hand has the same id each time, as it has the same address.
        known = hashlib.sha256(f"{self.url} {self.secret}".encode()).hexdigest()[:24]
        return {
            "id": self.id or f"we_{known}",
            "object": "webhook_endpoint",
            "api_version": self.api_version,
            # Stripe tells those for connected accounts by the platform's application alone.
            "application": "ca_platform" if self.connect else None,
            "created": self.created,
            "description": self.description,
            "enabled_events": list(self.types),
            "livemode": livemode,
            "metadata": dict(self.metadata),
            "status": "enabled" if self.is_enabled else "disabled",
            "url": self.url,
        }


@dataclass(slots=True)
class RecordedEvent:
    """An event of an account's, in the current shape and in the old one; `pending` are deliveries
    still owed."""

    account: str
    event: Json
    old_data: Json
    pending: int

    def rendered(self, api_version: str = API_VERSION) -> Json:
        """Return the event as it is delivered to an endpoint of this version."""
        # A copy, because `pending_webhooks` is of the moment at which it is sent.
        event: Json = copied(self.event)
        event["pending_webhooks"] = self.pending
        if api_version != API_VERSION:
            event |= {"api_version": api_version, "data": copied(self.old_data)}
        return embedded(event)
