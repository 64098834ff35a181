"""The way to Stripe's API: one client, at one version of the API, that never waits for long."""

import time
from collections.abc import Mapping
from email.utils import parsedate_to_datetime
from functools import cache
from typing import Any, Final
from urllib.parse import quote

import stripe
from django.conf import settings

from webhooks.exceptions import ProviderRefused, ProviderUnavailable
from webhooks.providers.base import Answer

API_VERSION: Final = "2026-10-28.endive"
"""What is asked for and what the answers look like, whatever version the account is at."""

TIMEOUT_SECONDS: Final = 10
RETRIES: Final = 2
"""After the first try, for what Stripe's client deems worth it: lost connections, 409, 5xx."""

PATIENCE_SECONDS: Final = 4
"""How long an answer is waited for that an event waits for: it has its own schedule of retries."""

PATHS: Final[Mapping[str, str]] = {
    "customer": "/v1/customers/{}",
    "subscription": "/v1/subscriptions/{}",
    # Since 2025-03-31 an invoice tells of its payments only when it is asked to.
    "invoice": "/v1/invoices/{}?expand[]=payments",
    "payment_intent": "/v1/payment_intents/{}",
    "charge": "/v1/charges/{}",
    "refund": "/v1/refunds/{}",
    "dispute": "/v1/disputes/{}",
    "checkout.session": "/v1/checkout/sessions/{}",
    "payout": "/v1/payouts/{}",
}
"""Where an object is found, by its type."""


_TRANSIENT: Final = (stripe.APIConnectionError, stripe.RateLimitError)


class NotConfigured(Exception):
    """There is no key to call Stripe with; the message names the setting."""


def is_configured() -> bool:
    """Whether Stripe can be called at all (`STRIPE_API_KEY`)."""
    return bool(settings.STRIPE_API_KEY)


def is_live() -> bool:
    """Whether the key is one of live mode: it sees no test objects, and a test key no live ones."""
    return "_live_" in settings.STRIPE_API_KEY


def connect(*, is_patient: bool = True) -> stripe.StripeClient:
    """Stripe's client, one that soon gives up unless it is patient.

    Raises `NotConfigured` without `STRIPE_API_KEY`.
    """
    if not is_configured():
        raise NotConfigured("STRIPE_API_KEY is not set: nothing can be asked of Stripe.")
    timeout, retries = (TIMEOUT_SECONDS, RETRIES) if is_patient else (PATIENCE_SECONDS, 0)
    return _client(settings.STRIPE_API_KEY, settings.STRIPE_API_BASE, timeout, retries)


@cache
def _client(key: str, base: str, timeout: int, retries: int) -> stripe.StripeClient:
    return stripe.StripeClient(
        key,
        stripe_version=API_VERSION,
        base_addresses={"api": base},
        max_network_retries=retries,
        http_client=stripe.RequestsClient(timeout=timeout),
    )


def retrieve(object_type: str, object_id: str, *, account: str) -> Answer | None:
    """An object as it is now; None when Stripe has none of this id. The type is one of `PATHS`.

    Raises `ProviderUnavailable` or `ProviderRefused`.
    """
    if object_id in (".", ".."):
        # Quoted or not, these lead to what is above the object.
        return None
    client = connect(is_patient=False)
    options = {"stripe_account": account} if account else {}
    path = PATHS[object_type].format(quote(object_id, safe=""))
    started = time.monotonic()
    try:
        response: Any = client.raw_request("get", path, **options)
    except stripe.StripeError as error:
        if isinstance(error, stripe.InvalidRequestError) and error.http_status == 404:
            return None
        raise failure(error) from error
    took = time.monotonic() - started
    date = response.headers.get("date")
    at = parsedate_to_datetime(date).timestamp() if date else time.time()
    return Answer(response.data, asked_from=int(at - took), at=int(at))


def failure(error: stripe.StripeError) -> ProviderUnavailable | ProviderRefused:
    """What an error of Stripe's client means to those who only ask."""
    if isinstance(error, stripe.AuthenticationError | stripe.PermissionError):
        return ProviderRefused("Stripe could not be asked: it refuses the key in STRIPE_API_KEY.")
    status = error.http_status or 0
    is_transient = isinstance(error, _TRANSIENT) or not 400 <= status < 500
    kind = ProviderUnavailable if is_transient else ProviderRefused
    return kind(f"Stripe could not be asked: {type(error).__name__} ({status or 'no answer'}).")
