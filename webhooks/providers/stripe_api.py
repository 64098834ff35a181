"""The way to Stripe's API: one client, at one version of the API, that never waits for long."""

from functools import cache
from typing import Final

import stripe
from django.conf import settings

API_VERSION: Final = "2026-10-28.endive"
"""What is asked for and what the answers look like, whatever version the account is at."""

TIMEOUT_SECONDS: Final = 10
RETRIES: Final = 2
"""After the first try, for what Stripe's client deems worth it: lost connections, 409, 5xx."""


class NotConfigured(Exception):
    """There is no key to call Stripe with; the message names the setting."""


def is_configured() -> bool:
    """Whether Stripe can be called at all (`STRIPE_API_KEY`)."""
    return bool(settings.STRIPE_API_KEY)


def is_live() -> bool:
    """Whether the key is one of live mode: it sees no test objects, and a test key no live ones."""
    return "_live_" in settings.STRIPE_API_KEY


def connect() -> stripe.StripeClient:
    """Stripe's client. Raises `NotConfigured` without `STRIPE_API_KEY`."""
    if not is_configured():
        raise NotConfigured("STRIPE_API_KEY is not set: nothing can be asked of Stripe.")
    return _client(settings.STRIPE_API_KEY, settings.STRIPE_API_BASE)


@cache
def _client(key: str, base: str) -> stripe.StripeClient:
    return stripe.StripeClient(
        key,
        stripe_version=API_VERSION,
        base_addresses={"api": base},
        max_network_retries=RETRIES,
        http_client=stripe.RequestsClient(timeout=TIMEOUT_SECONDS),
    )
