"""The use of an endpoint's secrets: the first is the current one, the others retire."""

import logging
import time
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from webhooks import audit, conf
from webhooks.bounded.maps import Deadlines
from webhooks.events import Event
from webhooks.models import WebhookEvent
from webhooks.monitoring import metrics
from webhooks.providers import keys_by_setting, secret_id_of

logger = logging.getLogger(__name__)

RECENT: Final = timedelta(days=1)
"""As long as Stripe signs with a secret that was rolled."""

LOOKED_AT: Final = 500
"""The number of the latest events by which the use of secrets is judged."""

TOLD_EVERY_SECONDS: Final = 3600.0


@dataclass(slots=True)
class Retiring:
    """A secret that is to go and is still needed: `place` is 2 for the second of its setting."""

    setting: str
    place: int
    secret_id: str
    last_seen: datetime
    deliveries: int = 0


def still_needed(*, now: datetime) -> list[Retiring]:
    """Return the secrets that alone proved recent events, though a newer one comes first."""
    places = {
        (endpoint.slug, secret_id_of(secret)): (setting, place)
        for endpoint in conf.endpoints()
        for setting, secrets in keys_by_setting(endpoint).items()
        for place, secret in enumerate(secrets, start=1)
        if place > 1 and secret != secrets[0]
    }
    # Most endpoints have one secret: the table need not be asked.
    if not places:
        return []
    latest = WebhookEvent.objects.order_by("-id").values_list(
        "endpoint", "secret_id", "received_at"
    )
    found: dict[tuple[str, str], Retiring] = {}
    for slug, secret_id, received_at in latest[:LOOKED_AT]:
        if (slug, secret_id) in places and received_at > now - RECENT:
            setting, place = places[slug, secret_id]
            new = Retiring(setting, place, secret_id, received_at)
            found.setdefault((slug, secret_id), new).deliveries += 1
    return [*found.values()]


@dataclass(frozen=True, slots=True)
class Unproven:
    """An endpoint whose first secret has proven none of its latest `deliveries`."""

    endpoint: str
    setting: str
    deliveries: int
    since: datetime


def unproven(*, most: int) -> list[Unproven]:
    """Return the endpoints of whose latest deliveries `most` in a row needed a former secret.

    Those before the secrets were last changed do not count: the first one was not there yet.
    """
    found = []
    for endpoint in conf.endpoints():
        ids = [secret_id_of(secret) for secret in endpoint.secrets]
        former = {*ids[1:]} - {*ids[:1]}
        # Most endpoints have one secret: the table need not be asked.
        proven = _proven_since_change(endpoint)[:most] if former else []
        if len(proven) == most and all(secret_id in former for secret_id, _ in proven):
            found.append(Unproven(endpoint.slug, endpoint.secrets_setting, most, proven[-1][1]))
    return found


def _proven_since_change(endpoint: conf.Endpoint) -> list[tuple[str, datetime]]:
    since = audit.changed_at(endpoint.secrets_setting)
    latest = WebhookEvent.objects.order_by("-id").values_list(
        "endpoint", "secret_id", "received_at"
    )
    return [
        (secret_id, at)
        for slug, secret_id, at in latest[:LOOKED_AT]
        if slug == endpoint.slug and (since is None or at > since)
    ]


def place_of(event: WebhookEvent) -> tuple[str, int] | None:
    """Return the setting and place of the secret that proved an event; None when in none."""
    endpoint = conf.endpoint(event.endpoint)
    if endpoint is None:
        return None
    for setting, secrets in keys_by_setting(endpoint).items():
        for place, secret in enumerate(secrets, start=1):
            if secret_id_of(secret) == event.secret_id:
                return setting, place
    return None


# Each process says so for itself; secrets are few, so nothing is ever crowded out.
_reminded: Final = Deadlines(most=1000)


def note(endpoint: conf.Endpoint, events: list[Event]) -> None:
    """Count a delivery that only a former secret proved, and say so in the log now and then."""
    # Public keys are no secrets: nobody is hurried to change them.
    if len(endpoint.secrets) < 2 or not events:
        return
    current, *former = map(secret_id_of, endpoint.secrets)
    secret_id = events[0].secret_id
    if secret_id == current or secret_id not in former:
        return
    metrics.FORMER_SECRETS.labels(endpoint.slug).inc()
    reminder, now = f"{endpoint.slug}:{secret_id}", time.monotonic()
    if not _reminded.start(reminder, at=now, seconds=TOLD_EVERY_SECONDS):
        return
    logger.warning(
        "a delivery to %r was proven by a former secret of %s only (%s): it is still needed",
        endpoint.slug,
        endpoint.secrets_setting,
        secret_id,
    )
