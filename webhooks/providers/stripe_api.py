"""Stripe's API: a client at one API version, with short timeouts, and the fetch of an object."""

import time
from collections.abc import Callable, Mapping
from email.utils import parsedate_to_datetime
from functools import cache
from typing import Any, Final
from urllib.parse import quote

import stripe

from webhooks import conf
from webhooks.exceptions import ProviderApiRefused, ProviderApiUnavailable
from webhooks.monitoring import provider_calls
from webhooks.providers import stripe_lists
from webhooks.providers.object_api import FetchedObject

API_VERSION: Final = "2026-10-28.endive"
"""The version of requests and answers, whatever version the account is at."""

TIMEOUT_SECONDS: Final = 10
# Both are set, as the SDK's own are 80 seconds and no retry.
RETRIES: Final = 2
"""Retries after the first try, of what Stripe's client retries: lost connections, 409, 5xx."""

PATIENCE_SECONDS: Final = 4
"""The timeout of a fetch that an event waits for. It has no retries: the event has its own."""

PATHS: Final[Mapping[str, str]] = {
    "customer": "/v1/customers/{}",
    "subscription": "/v1/subscriptions/{}",
    # Since 2025-03-31 an invoice tells of its payments only when it is asked to.
    "invoice": "/v1/invoices/{}?expand[]=payments",
    "payment_intent": "/v1/payment_intents/{}",
    # Since 2022-11-15 a charge tells of its refunds only when it is asked to.
    "charge": "/v1/charges/{}?expand[]=refunds",
    "refund": "/v1/refunds/{}",
    "dispute": "/v1/disputes/{}",
    "checkout.session": "/v1/checkout/sessions/{}",
    "payout": "/v1/payouts/{}",
    "credit_note": "/v1/credit_notes/{}",
    "balance_transaction": "/v1/balance_transactions/{}",
    "payment_method": "/v1/payment_methods/{}",
    "setup_intent": "/v1/setup_intents/{}",
    "product": "/v1/products/{}",
    # No event carries the tiers.
    "price": "/v1/prices/{}?expand[]=tiers",
    "coupon": "/v1/coupons/{}",
    "promotion_code": "/v1/promotion_codes/{}",
}
"""The path of an object, by its type."""

# The SDK does not retry a 429, but an event can be tried again later.
_TRANSIENT: Final = (stripe.APIConnectionError, stripe.RateLimitError)


class NotConfigured(Exception):
    """There is no key to call Stripe with; the message names the setting."""


def is_configured() -> bool:
    """True when there is a key to call Stripe with (`STRIPE_API_KEY`)."""
    return bool(conf.setting("STRIPE_API_KEY"))


def is_live() -> bool:
    """True for a key of live mode, which sees no test objects, as a test key sees no live ones."""
    return "_live_" in conf.setting("STRIPE_API_KEY")


def connect(*, is_patient: bool = True) -> stripe.StripeClient:
    """Return Stripe's client; unless it is patient, one that gives up after four seconds.

    Raises `NotConfigured` without `STRIPE_API_KEY`.
    """
    if not is_configured():
        raise NotConfigured("STRIPE_API_KEY is not set: nothing can be asked of Stripe.")
    timeout, retries = (TIMEOUT_SECONDS, RETRIES) if is_patient else (PATIENCE_SECONDS, 0)
    return _client(
        conf.setting("STRIPE_API_KEY"), conf.setting("STRIPE_API_BASE"), timeout, retries
    )


# One client per key and timeout, so that its connections are used again.
@cache
def _client(key: str, base: str, timeout: int, retries: int) -> stripe.StripeClient:
    return stripe.StripeClient(
        key,
        stripe_version=API_VERSION,
        base_addresses={"api": base},
        max_network_retries=retries,
        http_client=stripe.RequestsClient(timeout=timeout),
    )


def retrieve(
    object_type: str, object_id: str, *, account: str, before_more: Callable[[], None]
) -> FetchedObject | None:
    """Return an object as it is now; None when Stripe has none of this id. Its type is in `PATHS`.

    A list in it that goes on is fetched to its end, with `before_more` before each page. Raises
    `ProviderApiUnavailable` or `ProviderApiRefused`.
    """
    if object_id in (".", ".."):
        # Quoted or not, as path segments these lead to the list above the object.
        return None
    path = PATHS[object_type].format(quote(object_id, safe=""))
    answers: list[Any] = []

    def get(path: str) -> Any:
        with provider_calls.calling("stripe", _operation(object_type), object_id) as call:
            answers.append(_get(path, account))
            call.status = answers[-1].code
        return answers[-1].data

    def page(path: str) -> Any:
        before_more()
        return get(path)

    started = time.monotonic()
    try:
        subject = stripe_lists.completed(object_type, get(path), page)
    except stripe.StripeError as error:
        if isinstance(error, stripe.InvalidRequestError) and error.http_status == 404:
            return None
        raise failure(error, account) from error
    # Stripe's own clock where it says: the state is weighed against events that it dated.
    took = time.monotonic() - started
    # The last answer's: pages may tell of what happened since the first.
    date = answers[-1].headers.get("date")
    at = parsedate_to_datetime(date).timestamp() if date else time.time()
    return FetchedObject(subject, asked_from=int(at - took), at=int(at))


def _operation(object_type: str) -> str:
    return f"retrieve_{object_type.replace('.', '_')}"


def _get(path: str, account: str) -> Any:
    options = {"stripe_account": account} if account else {}
    return connect(is_patient=False).raw_request("get", path, **options)


def failure(
    error: stripe.StripeError, account: str = ""
) -> ProviderApiUnavailable | ProviderApiRefused:
    """Return the exception of ours for an error of Stripe's client, in a call that only reads.

    `account` is the connected account that it was made for.
    """
    if isinstance(error, stripe.AuthenticationError | stripe.PermissionError):
        # https://docs.stripe.com/error-codes#account-invalid
        where = f" for {account}, which may be connected no more" if account else ""
        return ProviderApiRefused(
            f"Stripe could not be asked: it refuses the key in STRIPE_API_KEY{where}."
        )
    status = error.http_status or 0
    is_transient = isinstance(error, _TRANSIENT) or not 400 <= status < 500
    kind = ProviderApiUnavailable if is_transient else ProviderApiRefused
    return kind(f"Stripe could not be asked: {type(error).__name__} ({status or 'no answer'}).")
