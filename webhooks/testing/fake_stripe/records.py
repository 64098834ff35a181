"""Webhook endpoints, and events as they were recorded."""

from dataclasses import dataclass

from webhooks.testing.fake_stripe.embedding import embedded
from webhooks.testing.fake_stripe.shapes import Json, copied

API_VERSION = "2026-10-28.endive"
OLD_API_VERSION = "2020-08-27"


@dataclass(frozen=True, slots=True)
class WebhookEndpoint:
    """An address that events are delivered to, and their shape (`api_version`)."""

    url: str
    secret: str
    api_version: str = API_VERSION
    types: tuple[str, ...] = ("*",)
    connect: bool = False

    def wants(self, event: Json) -> bool:
        """True for an event that goes there: those of connected accounts only to `connect` ones."""
        # One or the other, as with Stripe: no endpoint gets both its own and connected events.
        if self.connect != ("account" in event):
            return False
        return "*" in self.types or event["type"] in self.types


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
