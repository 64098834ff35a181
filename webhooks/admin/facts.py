"""An event's facts, at a glance."""

from django.utils import timezone
from django.utils.html import format_html

from webhooks.admin.panels import Fact, Facts
from webhooks.admin.states import state
from webhooks.admin.values import (
    NOTHING,
    badge,
    code,
    dashboard_link,
    link,
    mode,
    moment,
    ordinal,
    search_url,
)
from webhooks.intake import secret_rotation
from webhooks.models import WebhookEvent


def event_facts(event: WebhookEvent) -> Facts:
    """Return everything but the attempts and the payload."""
    status = [
        Fact("Status", _status(event)),
        Fact("Type", event.type),
        Fact("Event id", _at_provider(event, "event", event.event_id, code(event.event_id))),
        Fact(f"Object: {event.object_type}", _events_of(event, event.object_type, event.object_id)),
        Fact("Customer", _events_of(event, "customer", event.customer_id)),
        Fact("Account", code(event.account) if event.account else "our own"),
    ]
    if event.last_error:
        error = format_html('<span class="error">{}</span>', event.last_error)
        status.append(Fact("Last error", error, wide=True))
    # Forgotten once it was made: then its attempt says who asked.
    if event.replay:
        requested = f"{event.replay.actor}: {event.replay.reason}"
        status.append(Fact("Re-run asked for, and not made yet", requested, wide=True))
    receipt = [
        Fact("Mode", mode(event.livemode)),
        Fact("Provider and endpoint", f"{event.provider.capitalize()}{_entrance(event)}"),
        Fact("API version", event.api_version or NOTHING),
        Fact("Made by the provider", moment(event.provider_created_at)),
        Fact("Received", moment(event.received_at)),
        Fact("Client address", code(event.client) if event.client else NOTHING),
        Fact("User agent", event.user_agent or NOTHING),
        Fact("Request id", code(event.request_id) if event.request_id else NOTHING),
        Fact("Last received", moment(event.last_received_at)),
        Fact("Deliveries", str(event.times_delivered)),
        Fact("Attempts", str(event.attempts)),
        Fact("Settled", moment(event.settled_at)),
        Fact("Proven by", _proof(event)),
        Fact("SHA-256 of the payload", code(event.sha256), wide=True),
    ]
    if event.erased_at:
        said = format_html("{}; the hash is of what was signed", moment(event.erased_at))
        receipt.append(Fact("Personal data erased", said, wide=True))
    return Facts(f"Event (times in {timezone.get_current_timezone_name()})", [status, receipt])


def _status(event: WebhookEvent) -> str:
    current = state(event, timezone.now())
    return format_html("{} {}", badge(current.label, current.kind), current.next)


def _entrance(event: WebhookEvent) -> str:
    return ", fetched from its list of events" if event.was_fetched else f" at /{event.endpoint}"


def _proof(event: WebhookEvent) -> str:
    # Only an id of the secret is kept with the event; while it is set, its place can be told.
    if not event.secret_id:
        return "the connection it was fetched by" if event.was_fetched else NOTHING
    place = secret_rotation.place_of(event)
    if place is None:
        where = "a secret that is no longer set"
    else:
        where = f"the {ordinal(place[1])} of {place[0]}"
    return format_html("{} {}", where, code(event.secret_id))


def _events_of(event: WebhookEvent, object_type: str, object_id: str) -> str:
    if not object_id:
        return NOTHING
    shown = link(search_url(WebhookEvent, object_id), code(object_id))
    return _at_provider(event, object_type, object_id, shown)


def _at_provider(event: WebhookEvent, object_type: str, object_id: str, shown: str) -> str:
    there = dashboard_link(event.provider, object_type, object_id, event.account, event.livemode)
    return format_html("{} {}", shown, there)
