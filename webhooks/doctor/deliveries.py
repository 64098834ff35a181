"""Deliveries: when the last genuine one came, what was refused since, and in which mode."""

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Final

from django.db.models import Max, Sum

from webhooks import conf
from webhooks.checks.api_key import has_test_key_with_live_data
from webhooks.doctor.findings import Examined, Finding, State
from webhooks.doctor.registry import examines
from webhooks.models import Refusal, WebhookEvent
from webhooks.providers import keys_by_setting, stripe_api

GROUP = "Deliveries"

LOOKED_AT: Final = 10_000
"""The number of the latest events in which each endpoint's last one is looked for."""

FIXES: Final[Mapping[str, str]] = {
    "invalid_signature": "compare {} with what the provider shows for this endpoint; "
    "where it is the same, somebody forges",
    "stale_signature": "have this machine's clock set by NTP",
    "source_not_allowed": "see ALLOWED_WEBHOOK_IPS, ALLOWED_WEBHOOK_USER_AGENTS and "
    "TRUSTED_PROXY_COUNT, and run allowed_sources --refresh",
    "endpoint_not_configured": "set {}",
    "storage_unavailable": "see that the database answers, then reconcile_events --undelivered",
    "malformed_event": "see *Refused deliveries* in the admin: is it this provider's endpoint?",
    "proof_unavailable": "see that this machine reaches the provider's API by HTTPS",
    "payload_too_large": "see WEBHOOK_MAX_BODY_BYTES, and the limit of the proxy in front",
}
"""By code, what to do about refusals that may well be the provider's."""


@examines(GROUP, needs_database=True)
def examine_deliveries(_: Examined) -> Iterator[Finding]:
    """Yield, by endpoint, the last genuine delivery, and what was refused since."""
    newest = WebhookEvent.objects.order_by("-id").values_list("id", flat=True).first() or 0
    latest = dict(
        # By the primary key and bounded: it must stay quick on a table of millions.
        WebhookEvent.objects.filter(id__gt=newest - LOOKED_AT)
        .values_list("endpoint")
        .annotate(Max("last_received_at"))
    )
    for endpoint in conf.endpoints():
        yield from _endpoint(endpoint, latest.get(endpoint.slug))


@examines(GROUP, needs_database=True)
def examine_mode(_: Examined) -> Iterator[Finding]:
    """Yield that live events come in while our key is for the test mode, or the other way round."""
    if has_test_key_with_live_data():
        ours, theirs = "test", "live"
    elif stripe_api.is_live() and _only_test_events():
        ours, theirs = "live", "test"
    else:
        return
    yield Finding(
        "stripe_mode",
        State.ATTENTION,
        f"STRIPE_API_KEY is a key of {ours} mode, and {theirs} events come in: nothing that they "
        "are about can be fetched",
        f"Set STRIPE_API_KEY to a key of {theirs} mode, or the secret to that of the endpoint in "
        f"{ours} mode.",
    )


def _only_test_events() -> bool:
    # Those of connected accounts come in both modes to a live endpoint.
    own = WebhookEvent.objects.filter(provider="stripe", account="").order_by("-id")
    return set(own.values_list("livemode", flat=True)[:500]) == {False}


def _endpoint(endpoint: conf.Endpoint, last: datetime | None) -> Iterator[Finding]:
    refusals = Refusal.objects.filter(endpoint=endpoint.slug)
    since = refusals.filter(recorded_at__gt=last) if last else refusals
    counts = dict(since.values_list("code").annotate(Sum("weight")).order_by("code"))
    told = f"the last genuine one came at {last:%Y-%m-%d %H:%M:%S}" if last else "none has come yet"
    refused = ", ".join(f"{code} {count}" for code, count in counts.items())
    keys = " and ".join(keys_by_setting(endpoint))
    doubtful = [code for code in counts if code in FIXES]
    yield Finding(
        "refused_since" if doubtful else "last_delivery",
        State.ATTENTION if doubtful else State.OK,
        f"{told}; refused since: {refused}" if refused else told,
        "; ".join(FIXES[code].format(keys) for code in doubtful),
        subject=endpoint.slug,
        since=last,
        count=sum(counts.values()) or None,
    )
